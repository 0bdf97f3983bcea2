/**
 * p2msim CSV: a header line names the columns, `op,va` is enough; accesses and every event of
 * docs/formats.md, one a line. Delimiter `,`, `;` or tab; quotes, byte-order mark, CR LF and `#`
 * comments are understood. csv-scan.ts is the fast way, csv-reference.ts the reference.
 */
import { TraceError } from '../../errors.js';
import type { TraceChunk } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { BadRecords, badRecord } from '../bad-records.js';
import { ChunkBuilder } from '../chunk-builder.js';
import { PERF_HEADER } from '../bytes.js';
import type { TraceHeader } from '../event.js';
import type { ByteSource, TraceFormat, TraceStream } from '../format.js';
import { decodeLines, fillLines, LineBuffer } from '../line-buffer.js';
import type { ColumnTable, CsvColumn } from './csv-columns.js';
import { delimiterOf, isCsvColumn, readColumns } from './csv-columns.js';
import { HeaderReader } from './csv-header.js';
import { readReference, splitLine } from './csv-reference.js';
import { ACCESS_OPS, RowReader } from './csv-rows.js';
import { CsvScanner } from './csv-scan.js';

/** How rows are split; `reference` is csv-parse for every line. Both give the same records. */
export type CsvEngine = 'scanner' | 'reference';

/** Lines given to csv-parse at once. */
const REFERENCE_LINES = 4096;

const BOM = '\ufeff';

/** Opens a CSV with a chosen way of splitting rows. */
export async function openCsv(
  source: ByteSource,
  options: ReaderOptions,
  engine: CsvEngine,
): Promise<TraceStream> {
  const input = source.chunks()[Symbol.asyncIterator]();
  const lines = new LineBuffer(source.name);
  const { header, table } = await readPrelude(source.name, input, lines, options);
  const out = new ChunkBuilder(options.batchRecords);
  const bad = new BadRecords(options);
  const rows = new RowReader(source.name, table, header, out, bad);
  const scanner = new CsvScanner(lines, out, rows, table);
  const decode = (): void => {
    if (engine === 'scanner') scanner.decode();
    while (!lines.drained && !out.full) {
      readReference(lines, Math.min(REFERENCE_LINES, out.room), table.delimiter, rows);
    }
  };
  return {
    header,
    virtual: true,
    lacks: lacksOf(table),
    eventless: false,
    chunks: (): AsyncGenerator<TraceChunk> => decodeLines(source, input, lines, out, decode),
    get skipped() {
      return bad.skipped;
    },
    get decoded() {
      return out.decoded;
    },
  };
}

/** Consumes comments and declarations up to and with the line that names the columns. */
async function readPrelude(
  file: string,
  input: AsyncIterator<Uint8Array>,
  lines: LineBuffer,
  options: ReaderOptions,
): Promise<{ header: TraceHeader; table: ColumnTable }> {
  const declarations = new HeaderReader(file);
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
      return { header: declarations.header, table };
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

/** What a trace with these columns cannot say. */
function lacksOf(table: ColumnTable): string[] {
  const without = (...columns: CsvColumn[]): boolean => columns.some((column) => !table.index.has(column));
  const lacks: string[] = [];
  if (without('size')) lacks.push('access sizes (1 byte each)');
  if (without('vcpu')) lacks.push('vcpus');
  if (without('as')) lacks.push('context switches');
  if (without('gfn', 'level', 'value')) lacks.push('page-table edits');
  return lacks;
}

/** True if the first line that is not a comment has a column's name, or looks like an access row. */
function sniff(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString('utf8');
  const lines = (text.startsWith(BOM) ? text.slice(BOM.length) : text).split('\n');
  if (lines[0]?.includes('\0') === true) return false;
  let comments = 0;
  for (const line of lines) {
    const shown = line.trim();
    if (PERF_HEADER.test(shown)) return false;
    if (shown.startsWith('#')) comments++;
    else if (shown !== '') return looksLikeRow(shown);
  }
  return comments > 0;
}

function looksLikeRow(line: string): boolean {
  const cells = line.split(delimiterOf(line)).map((cell) => cell.trim().replaceAll('"', ''));
  if (cells.some((cell) => isCsvColumn(cell.toLowerCase()))) return true;
  return ACCESS_OPS.has(cells[0] ?? '') && /^(0x)?[0-9a-f]+$/i.test(cells[1] ?? '');
}

export const csv = {
  name: 'csv',
  summary: 'p2msim CSV: a header names the columns (op,va,...), then accesses and events',
  addresses: 'virtual',
  lacks: [],
  priority: 10,
  sniff,
  open: (source: ByteSource, options: ReaderOptions) => openCsv(source, options, 'scanner'),
} satisfies TraceFormat;
