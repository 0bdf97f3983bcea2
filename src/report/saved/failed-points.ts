/**
 * FailedPoints: the points of a results file that have no result, which a table of the others would pass over in silence.
 */
import { counted } from '../numbers.js';
import { COLLECTION_SCHEMA, POINT_SCHEMA } from '../result.js';

/** A point that failed, and why. */
export interface FailedPoint {
  /** Its number in the batch. */
  readonly point: number;
  readonly message: string;
}

/** Of one file. */
export interface FailedPoints {
  readonly file: string;
  /** Points of the file, failed or not. */
  readonly points: number;
  readonly failed: readonly FailedPoint[];
}

/** Failed points that a note names; of more there is the number. */
const NAMED = 3;

type Line = Readonly<Record<string, unknown>>;

const isLine = (value: unknown): value is Line => typeof value === 'object' && value !== null;

/** What failed among the values of a file; null if nothing did. A point that another line has is not lost. */
export function failedPoints(values: readonly unknown[], file: string): FailedPoints | null {
  const lines = values.filter(isLine).flatMap(pointLines);
  const done = new Set(lines.filter((line) => line['result'] !== null).map((line) => line['id']));
  const lost = new Map(lines.filter((line) => !done.has(line['id'])).map((line) => [line['id'], line]));
  if (lost.size === 0) return null;
  const failed = [...lost.values()].map(failedPoint).sort((a, b) => a.point - b.point);
  return { file, points: done.size + lost.size, failed };
}

function pointLines(value: Line): readonly Line[] {
  if (value['schema'] === POINT_SCHEMA) return [value];
  const lines = value['schema'] === COLLECTION_SCHEMA ? value['lines'] : [];
  return Array.isArray(lines) ? lines.filter(isLine) : [];
}

function failedPoint(line: Line): FailedPoint {
  const { number, error } = line as { readonly number?: unknown; readonly error?: unknown };
  const message =
    isLine(error) && typeof error['message'] === 'string' ? error['message'] : 'no reason given';
  return { point: typeof number === 'number' ? number : 0, message };
}

/** `1 of 3 points failed in r.jsonl: point 2: stlb.entries is 1000`. */
export function failedNote({ file, points, failed }: FailedPoints): string {
  const named = failed.slice(0, NAMED).map(({ point, message }) => `point ${point}: ${message}`);
  const more = failed.length - named.length;
  const all = more === 0 ? named : [...named, `and ${more} more`];
  return `${failed.length} of ${counted(points, 'point')} failed in ${file}: ${all.join('; ')}`;
}
