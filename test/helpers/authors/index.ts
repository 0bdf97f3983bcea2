/** A trace of any format by its author: bytes, and all that a reader has to say of them. */
import type { ReadOptions, TraceStream } from '../../../src/trace/format.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { TRACE_FORMATS } from '../../../src/trace/formats/index.js';
import { xenOperations } from '../../../src/trace/formats/xen-ops.js';
import { openText } from '../../../src/trace/text-format.js';
import { TRACE_WRITERS } from '../../../src/trace/writers/index.js';
import { bytesSource } from '../traces.js';
import { csvAuthor } from './csv.js';
import { type AuthoredFormat, Draw, type Said, type Written } from './draw.js';
import * as lines from './lines.js';
import { perfAuthor } from './perf.js';
import * as records from './records.js';
import { xenOpsAuthor } from './xen-ops.js';

export const AUTHORS: Readonly<Record<string, AuthoredFormat>> = {
  csv: csvAuthor,
  lackey: lines.lackeyAuthor,
  din: lines.dinAuthor,
  xdin: lines.xdinAuthor,
  pinatrace: lines.pinatraceAuthor,
  rw: lines.rwAuthor,
  gem5: lines.gem5Author,
  champsim: records.champsimAuthor,
  cloudsuite: records.cloudsuiteAuthor,
  drmemtrace: records.drmemtraceAuthor,
  oraclegeneral: records.oracleGeneralAuthor,
  perf: perfAuthor,
  'xen-ops': xenOpsAuthor,
};

export interface AuthoredTrace {
  readonly bytes: Uint8Array;
  readonly says: readonly Said[];
  readonly passes: Readonly<Record<string, number>>;
  /** Wrong records in it. */
  readonly bad: number;
}

/** Records of `format`, one by one, with blank lines, breaks of both kinds and, if `damaged`, mistakes between them. */
function writtenBy(format: AuthoredFormat, draw: Draw, count: number, damaged: boolean): Written[] {
  const head = format.head?.(draw) ?? [];
  const author = format.author(head);
  const out: Written[] = [...head];
  const blank = (): void => {
    if (format.blanks !== null && draw.once(12)) out.push({ bytes: draw.pick(format.blanks) });
  };
  for (let i = 0; i < count; i++) {
    blank();
    if (damaged && draw.once(8)) out.push({ bytes: draw.pick(format.bad), bad: true });
    out.push(author(draw, format.blanks === null ? 0 : out.length + 1));
  }
  blank();
  return [...out, ...(format.tail ?? [])];
}

/** The lines with their breaks: both kinds, and none behind the last of some. */
function textOf(written: readonly Written[], draw: Draw): Buffer {
  const breaks = draw.pick([['\n'], ['\r\n'], ['\n', '\r\n']]);
  const parts = written.map(({ bytes }) => `${String(bytes)}${draw.pick(breaks)}`);
  const text = parts.join('');
  return Buffer.from(draw.once(2) ? text : text.replace(/\r?\n$/, ''));
}

/** A trace of `count` records and more; the same for one seed. Every fourth seed makes a calm one. */
export function authored(name: string, seed: number, count: number, damaged = false): AuthoredTrace {
  const format = AUTHORS[name]!;
  const draw = new Draw(seed, seed % 4 === 0);
  const written = writtenBy(format, draw, count, damaged);
  const passes: Record<string, number> = {};
  for (const what of written.flatMap((record) => record.passes ?? [])) passes[what] = (passes[what] ?? 0) + 1;
  return {
    bytes:
      format.blanks === null
        ? Buffer.concat(written.map(({ bytes }) => Buffer.from(bytes)))
        : textOf(written, draw),
    says: written.flatMap(({ says }) => says ?? []),
    passes,
    bad: written.filter(({ bad }) => bad === true).length,
  };
}

/** What a CSV says, in p2mtrace by our writer. */
export async function authoredP2mtrace(seed: number, count: number): Promise<AuthoredTrace> {
  const csv = authored('csv', seed, count);
  return { ...csv, bytes: await writtenAs('p2mtrace', await openFormat('csv', csv.bytes, 65_536)) };
}

/** All records of `stream`, in a format that holds them. */
export async function writtenAs(format: string, stream: TraceStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const { header, virtual, lacks, eventless } = stream;
  const facts = { header, virtual, lacks, eventless, source: 'csv' };
  const writer = TRACE_WRITERS.get(format).start(facts, (part) => parts.push(part));
  for await (const chunk of stream.chunks()) writer.chunk(chunk);
  writer.end(true);
  return Buffer.concat(parts);
}

/** Opened by its own reader; of the guest on Xen without its boot, which no byte of the trace has a part in. */
export async function openFormat(
  format: string,
  bytes: Uint8Array,
  chunkBytes: number,
  options: ReadOptions = DEFAULT_READ_OPTIONS,
): Promise<TraceStream> {
  const source = bytesSource(bytes, chunkBytes);
  return format === 'xen-ops'
    ? openText(source, options, xenOperations(false))
    : TRACE_FORMATS.get(format).open(source, options);
}
