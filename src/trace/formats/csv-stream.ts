/**
 * A p2msim CSV that is opened: what it declares before its first row, then accesses and events, row by row. csv-scan.ts is
 * the fast way to split a row, csv-reference.ts the reference.
 */
import { TraceError } from '../../errors.js';
import type { TraceChunk } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { BadRecords, badRecord } from '../bad-records.js';
import { ChunkBuilder } from '../chunk-builder.js';
import type { TraceHeader } from '../event.js';
import type { ByteSource, TraceStream } from '../format.js';
import { decodeLines, fillLines, LineBuffer } from '../line-buffer.js';
import type { ColumnTable, CsvColumn } from './csv-columns.js';
import { BOM, delimiterOf, readColumns } from './csv-columns.js';
import { HeaderReader } from './csv-header.js';
import { CsvNotes } from './csv-notes.js';
import { readReference, splitLine } from './csv-reference.js';
import { RowReader } from './csv-rows.js';
import { CsvScanner } from './csv-scan.js';

/** How rows are split; `reference` is csv-parse for every line. Both give the same records. */
export type CsvEngine = 'scanner' | 'reference';

/** Lines given to csv-parse at once. */
const REFERENCE_LINES = 4096;

/** Opens a CSV with a chosen way of splitting rows. */
export async function openCsv(
  source: ByteSource,
  options: ReaderOptions,
  engine: CsvEngine,
): Promise<TraceStream> {
  const input = source.chunks()[Symbol.asyncIterator]();
  const lines = new LineBuffer(source.name);
  const prelude = await readPrelude(source.name, input, lines, options);
  const { header, table, notes } = prelude;
  const out = new ChunkBuilder(options.batchRecords);
  const bad = new BadRecords(options);
  const rows = new RowReader(source.name, prelude, out, bad);
  let scanner: CsvScanner | undefined;
  const decode = (): void => {
    // Made late: only now is it known how many vcpus there may be.
    if (engine === 'scanner') (scanner ??= new CsvScanner(lines, out, rows, table)).decode();
    while (!lines.drained && !out.full) {
      readReference(lines, Math.min(REFERENCE_LINES, out.room), table.delimiter, rows);
    }
  };
  return {
    header,
    virtual: notes.virtual,
    lacks: [...new Set([...notes.lacks, ...lacksOf(table, header.vcpus)])],
    assumes: notes.assumes.length === 0 ? undefined : notes.assumes,
    source: notes.source,
    eventless: false,
    limitVcpus: (vcpus, from) => rows.limitVcpus(vcpus, from),
    chunks: async function* (): AsyncGenerator<TraceChunk> {
      yield* decodeLines(source, input, lines, out, decode);
      notes.end();
    },
    get skipped() {
      return bad.skipped;
    },
    get decoded() {
      return out.decoded;
    },
    get passedOver() {
      return notes.passedOver;
    },
  };
}

/** Consumes comments and declarations up to and with the line that names the columns. */
async function readPrelude(
  file: string,
  input: AsyncIterator<Uint8Array>,
  lines: LineBuffer,
  options: ReaderOptions,
): Promise<{ header: TraceHeader; table: ColumnTable; notes: CsvNotes }> {
  const notes = new CsvNotes(file);
  const declarations = new HeaderReader(file, notes);
  for (;;) {
    while (!lines.drained) {
      const line = lines.line;
      const raw = lines.next();
      const text = line === 1 && raw.startsWith(BOM) ? raw.slice(BOM.length) : raw;
      if (text.trim() === '') continue;
      if (text.trimStart().startsWith('#')) {
        declarations.comment(line, text);
        continue;
      }
      const fields = headerFields(text);
      if (fields instanceof Error) throw badHeader(file, line, text);
      const table = readColumns(file, line, text, fields, options.ignoreColumns);
      return { header: declarations.header, table, notes };
    }
    if (!(await fillLines(input, lines))) throw noHeader(file);
  }
}

/** Names of the columns; most headers have no quote, and need no csv-parse. */
function headerFields(text: string): ReturnType<typeof splitLine> {
  const delimiter = delimiterOf(text);
  return text.includes('"') ? splitLine(text, delimiter) : text.split(delimiter).map((field) => field.trim());
}

function badHeader(file: string, line: number, text: string): TraceError {
  const place = { line, column: 1, span: text.length, text };
  return badRecord(
    file,
    place,
    'the quotes of the header line are broken',
    "name the columns, for example 'op,va,size'",
  );
}

function noHeader(file: string): TraceError {
  return new TraceError({ file }, 'the file has no header line; it must name the columns, at least op,va', {
    hint: "begin it with the line 'op,va'",
  });
}

/** What a trace with these columns cannot say; without a column of vcpus, one that declares a single one says enough. */
function lacksOf(table: ColumnTable, vcpus: number | null): string[] {
  const without = (...columns: CsvColumn[]): boolean => columns.some((column) => !table.index.has(column));
  const lacks: string[] = [];
  if (without('size')) lacks.push('access sizes (1 byte each)');
  if (without('vcpu') && vcpus !== 1) lacks.push('vcpus');
  if (without('as')) lacks.push('context switches');
  if (without('gfn', 'level', 'value')) lacks.push('page-table edits');
  return lacks;
}
