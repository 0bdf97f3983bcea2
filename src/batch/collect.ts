/**
 * Collect: the results files of one batch as one, in the order of its points, whichever files they were in.
 *
 * The same line twice is dropped and counted. A point that failed in one line and is done in another is done. Two results
 * of one point that differ are a contradiction: one of them is wrong, and which is not for a program to choose.
 */
import { flatten } from '../config/build.js';
import { TraceError, UsageError } from '../errors.js';
import { BATCH_SCHEMA, type ToolInfo } from '../report/result.js';
import { type BatchHeader, formatBatchHeader, formatPointLine, type PointLine } from './point-line.js';
import { missingNumbers, parseResults, type ResultsFile, type StoredPoint } from './results.js';

/** A point of one of the files. */
interface Placed {
  readonly line: PointLine;
  readonly text: string;
  /** `shard-2.jsonl:7`. */
  readonly place: string;
}

/** Two lines that cannot both be right. */
export interface Contradiction {
  readonly number: number;
  readonly places: readonly [string, string];
  /** The first few values that differ: `result.counters.walk.refs: 161 and 162`. */
  readonly differ: readonly string[];
}

export interface Collection {
  readonly tool: ToolInfo;
  readonly sweep: string;
  /** Points of the whole batch; null if no file has a header, which says it. */
  readonly points: number | null;
  readonly files: readonly string[];
  /** In point order, one a point. */
  readonly lines: readonly PointLine[];
  /** Numbers of points that are in no file. */
  readonly missing: readonly number[];
  /** Lines that were there already, byte for byte. */
  readonly repeated: number;
  /** Failures of points that are done, or failed, in another line. */
  readonly superseded: number;
  /** Places of lines that a process left without their end. */
  readonly torn: readonly string[];
  readonly contradictions: readonly Contradiction[];
}

/** A results file by name. */
export interface ResultsInput {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/**
 * Collects results files. Throws {@link TraceError} for a file that cannot be read, {@link UsageError} for files that
 * do not belong together.
 */
export function collect(inputs: readonly ResultsInput[]): Collection {
  const files = inputs.map(({ file, bytes }) => parseResults(bytes, file));
  const header = headerOf(files);
  const placed = files.flatMap(pointsOf);
  checkBatch(files, placed, header);
  const sweep = header?.sweep ?? placed[0]?.line.sweep;
  const tool = header?.tool ?? placed.find(({ line }) => line.result !== null)?.line.result?.tool;
  if (sweep === undefined || tool === undefined) {
    throw new TraceError(
      { file: inputs.map(({ file }) => file).join(', ') },
      'no point is there to collect',
      {
        hint: 'results files are written by `p2msim sweep --results FILE`',
      },
    );
  }
  const merged = merge(placed);
  const lines = [...merged.chosen.values()].map(({ line }) => line).sort((a, b) => a.number - b.number);
  const points = header?.points ?? null;
  return {
    tool,
    sweep,
    points,
    files: files.map(({ file }) => file),
    lines,
    missing: missingNumbers(points ?? lines.at(-1)?.number ?? 0, lines),
    repeated: merged.repeated,
    superseded: merged.superseded,
    torn: files.flatMap(({ file, torn }) => (torn === null ? [] : [`${file}:${torn.at}`])),
    contradictions: merged.contradictions,
  };
}

/** The header of the whole batch; null if no file has one. Throws if two of them differ in more than the shard. */
function headerOf(files: readonly ResultsFile[]): BatchHeader | null {
  let found: { header: BatchHeader; file: string } | null = null;
  for (const { header, file } of files) {
    if (header === null) continue;
    if (found === null) found = { header, file };
    else if (found.header.sweep !== header.sweep) throw otherBatch(found.file, file);
    else if (found.header.tool.version !== header.tool.version) {
      throw new UsageError(
        `${found.file} was written by p2msim ${found.header.tool.version}, ${file} by ${header.tool.version}`,
        { hint: 'run the points of one batch with one version: counts of two may differ' },
      );
    }
  }
  return found === null ? null : { ...found.header, shard: null };
}

function pointsOf(results: ResultsFile): Placed[] {
  const all: readonly StoredPoint[] = [...results.points, ...results.duplicates, ...results.foreign];
  return all.map(({ line, at }) => ({ line, text: formatPointLine(line), place: `${results.file}:${at}` }));
}

function checkBatch(
  files: readonly ResultsFile[],
  placed: readonly Placed[],
  header: BatchHeader | null,
): void {
  const [first] = placed;
  const sweep = header?.sweep ?? first?.line.sweep;
  const other = placed.find(({ line }) => line.sweep !== sweep);
  if (other === undefined) return;
  const own = files.find((file) => file.header?.sweep === sweep)?.file ?? first?.place ?? '';
  throw otherBatch(own, other.place);
}

function otherBatch(one: string, other: string): UsageError {
  return new UsageError(`${one} and ${other} are of different batches`, {
    hint: 'collect each batch by itself; the field `sweep` of a line says to which it belongs',
  });
}

function merge(placed: readonly Placed[]) {
  const chosen = new Map<number, Placed>();
  const contradictions: Contradiction[] = [];
  let repeated = 0;
  let superseded = 0;
  for (const next of placed) {
    const before = chosen.get(next.line.number);
    if (before === undefined) chosen.set(next.line.number, next);
    else if (before.text === next.text) repeated += 1;
    else if (before.line.id === next.line.id && (failed(before) || failed(next))) {
      superseded += 1;
      chosen.set(next.line.number, better(before, next));
    } else contradictions.push(contradiction(before, next));
  }
  return { chosen, contradictions, repeated, superseded };
}

const failed = ({ line }: Placed): boolean => line.status === 'failed';

/** What is done before what failed; of two failures always the same one, whatever the order of the files. */
function better(a: Placed, b: Placed): Placed {
  if (failed(a) !== failed(b)) return failed(a) ? b : a;
  return a.text < b.text ? a : b;
}

/** Differences that are shown of one pair. */
const SHOWN = 3;

function contradiction(a: Placed, b: Placed): Contradiction {
  const [one, other] = [new Map(flatten(a.line)), new Map(flatten(b.line))];
  const keys = [...new Set([...one.keys(), ...other.keys()])].filter(
    (key) => JSON.stringify(one.get(key)) !== JSON.stringify(other.get(key)),
  );
  const shown = (value: unknown): string => {
    const text = JSON.stringify(value) ?? 'missing';
    return text.length > 40 ? `${text.slice(0, 37)}...` : text;
  };
  const differ = keys
    .slice(0, SHOWN)
    .map((key) => `${key}: ${shown(one.get(key))} and ${shown(other.get(key))}`);
  const more = keys.length - differ.length;
  return {
    number: a.line.number,
    places: [a.place, b.place],
    differ: more > 0 ? [...differ, `${more} more`] : differ,
  };
}

/** The lines as one results file: the same bytes whichever files they came from. */
export function collectionLines({ tool, sweep, points, lines }: Collection): string {
  const whole = lines.map(formatPointLine).join('');
  if (points === null) return whole;
  return formatBatchHeader({ schema: BATCH_SCHEMA, tool, sweep, points, shard: null }) + whole;
}

/** Numbers of the points that are done, or that failed. */
export function numbersOf({ lines }: Pick<Collection, 'lines'>, status: PointLine['status']): number[] {
  return lines.filter((line) => line.status === status).map(({ number }) => number);
}

/** `1-3, 7`: numbers in ranges. */
export function numberRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}
