/**
 * Results: what a results file holds, and what is wrong with it.
 *
 * A process that is killed leaves at most one line without its end, the last: it was never acknowledged, and is passed
 * over here. Anything else that cannot be read is an error, for no kill explains it.
 */
import { TraceError } from '../errors.js';
import { SNIFF_BYTES } from '../trace/format.js';
import { knownFile } from '../trace/known-file.js';
import { fileWord } from '../util/shell-word.js';
import { BATCH_SCHEMA, POINT_SCHEMA } from '../report/result.js';
import { withPlace } from '../report/saved/field-place.js';
import { type BatchHeader, parseLine, type PointLine, readBatchHeader, readPointLine } from './point-line.js';

/** A point and where it stands. */
export interface StoredPoint {
  readonly line: PointLine;
  /** Line number in the file, from 1. */
  readonly at: number;
}

/** The last line of a file, if its end is missing. */
export interface TornLine {
  /** Line number in the file, from 1. */
  readonly at: number;
  /** Where it begins: the length of what is whole before it. */
  readonly offset: number;
  readonly bytes: number;
}

export interface ResultsFile {
  readonly file: string;
  /** Null in a file without lines, or of points only. */
  readonly header: BatchHeader | null;
  /** In the order of the file; one a point: repetitions are in `duplicates`, points of other batches in `foreign`. */
  readonly points: readonly StoredPoint[];
  /** Points whose id an earlier line has, equal to it or not. */
  readonly duplicates: readonly StoredPoint[];
  /** Points that belong to another batch than the header, or than the first point where there is no header. */
  readonly foreign: readonly StoredPoint[];
  readonly torn: TornLine | null;
}

const NEWLINE = 10;

/** Reads the bytes of a results file; `file` is its name in messages. Throws {@link TraceError}. */
export function parseResults(bytes: Uint8Array, file: string): ResultsFile {
  const whole = bytes.lastIndexOf(NEWLINE) + 1;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, whole).toString('utf8');
  refuseSingle(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), file);
  refuseForeign(bytes, file);
  const lines = text.split('\n').slice(0, -1);
  const torn =
    whole === bytes.length ? null : { at: lines.length + 1, offset: whole, bytes: bytes.length - whole };
  let header: BatchHeader | null = null;
  const read: StoredPoint[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const at = i + 1;
    const value = parseLine(line, `${file}:${at}`);
    try {
      if (schemaOf(value) === BATCH_SCHEMA) header = nextHeader(header, value, `${file}:${at}`);
      else read.push({ line: pointOf(value, `${file}:${at}`), at });
    } catch (error) {
      throw withPlace(error, line, { file, line: at });
    }
  }
  return { file, header, ...sorted(read, header?.sweep ?? read[0]?.line.sweep), torn };
}

/** What `--json` wrote is one value, usually of many lines: none of them is a point. */
function refuseSingle(bytes: Buffer, file: string): void {
  const start = bytes.subarray(0, OWN_START_LENGTH).toString('utf8');
  const [, schema] = /^\s*[[{]\s*(?:\{\s*)?"schema":\s*"(p2msim\.[^"]*)"/.exec(start) ?? [];
  if (schema === undefined || schema === BATCH_SCHEMA || schema === POINT_SCHEMA) return;
  throw new TraceError({ file }, `is ${schema}, which is no results file of a batch`, {
    hint: singleHint(file),
  });
}

/** A file that does not begin as any line of ours is somebody's, and nothing is to be deleted from it. */
function refuseForeign(bytes: Uint8Array, file: string): void {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SNIFF_BYTES)).toString(
    'latin1',
  );
  const first = start.trimStart();
  if (first.startsWith('{') || (first === '' && bytes.length < SNIFF_BYTES)) return;
  const known = knownFile({ name: file, head: bytes });
  const found = known?.what ?? 'it begins with a line that is not JSON';
  const use = known === null ? '' : `${known.use}; `;
  throw new TraceError({ file }, `is no results file of a batch: ${found}`, {
    hint: `${use}results files are written by \`p2msim sweep --results FILE\`; name one of those, or a new file`,
  });
}

/** Enough for brackets, blanks and a schema. */
const OWN_START_LENGTH = 200;

function singleHint(file: string): string {
  return `\`p2msim table ${fileWord(file)}\` and \`p2msim diff\` read it as it is; \`collect\` joins what \`p2msim sweep --results FILE\` wrote`;
}

function pointOf(value: unknown, where: string): PointLine {
  if (schemaOf(value) === POINT_SCHEMA) return readPointLine(value, where);
  throw new TraceError({ file: where }, `the line is neither ${BATCH_SCHEMA} nor ${POINT_SCHEMA}`, {
    hint: 'results files are written by `p2msim sweep --results FILE`',
  });
}

function schemaOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
}

/** Files that were joined have several headers; those of one batch differ in the shard alone. */
function nextHeader(first: BatchHeader | null, value: unknown, where: string): BatchHeader {
  const next = readBatchHeader(value, where);
  if (first === null) return next;
  if (first.sweep === next.sweep && first.points === next.points) return { ...first, shard: null };
  throw new TraceError({ file: where }, 'the header of another batch than the lines before it', {
    hint: 'give each batch a results file of its own',
  });
}

function sorted(read: readonly StoredPoint[], sweep: string | undefined) {
  const points: StoredPoint[] = [];
  const duplicates: StoredPoint[] = [];
  const foreign: StoredPoint[] = [];
  const seen = new Set<string>();
  for (const stored of read) {
    const { line } = stored;
    if (line.sweep !== sweep) foreign.push(stored);
    else if (seen.has(line.id)) duplicates.push(stored);
    else points.push(stored);
    seen.add(line.id);
  }
  return { points, duplicates, foreign };
}

/** Numbers of the batch, from 1 to `points`, that no point of `done` has. */
export function missingNumbers(points: number, done: readonly PointLine[]): number[] {
  const there = new Set(done.map(({ number }) => number));
  return Array.from({ length: points }, (_, i) => i + 1).filter((number) => !there.has(number));
}
