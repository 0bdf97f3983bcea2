/**
 * The lines of a results file: one JSON object for the batch (its header), then one for each point that is done.
 *
 * A line is the same bytes wherever and however often its point is run: no clock, host, thread or shard is in it.
 * `id` says what was run (trace, configuration, mode, replay options), `sweep` which batch it belongs to, `number`
 * its place there. docs/batch.md describes every field.
 */
import type { ConfigValue } from '../config/keys.js';
import { TraceError } from '../errors.js';
import { Fields } from '../report/saved/fields.js';
import { readRun, values } from '../report/saved/read-run.js';
import { BATCH_SCHEMA, POINT_SCHEMA, type RunResult, type ToolInfo } from '../report/result.js';

/** The trace of a point. */
export interface PointTrace {
  /** As in the specification or on the command line. */
  readonly path: string;
  /** SHA-256 of all of its decompressed bytes, however few of them are replayed. */
  readonly sha256: string;
}

/** Why a point has no result: a configuration that cannot be, a trace that cannot be replayed, a bug. */
export const FAILURE_KINDS = ['config', 'trace', 'internal'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

export interface PointError {
  readonly kind: FailureKind;
  readonly message: string;
}

/** One point that is done. */
export interface PointLine {
  readonly schema: typeof POINT_SCHEMA;
  /** Digest of the batch: of all of its points, in order. */
  readonly sweep: string;
  /** Place of the point in the batch, from 1. */
  readonly number: number;
  /** SHA-256 of what was run: trace, effective configuration, mode, replay options. */
  readonly id: string;
  /** Of a named point; null for one of the grid. */
  readonly name: string | null;
  /** The swept keys with the values of this point, in the order of the axes. */
  readonly point: Readonly<Record<string, ConfigValue>>;
  readonly trace: PointTrace;
  readonly mode: string;
  readonly seed: number;
  readonly status: 'ok' | 'failed';
  /** Null if the point failed. */
  readonly result: RunResult | null;
  /** Null if it did not. */
  readonly error: PointError | null;
}

/** A part of a batch: the `index`-th (from 1) of `of`. */
export interface ShardName {
  readonly index: number;
  readonly of: number;
}

/** The first line of a results file. */
export interface BatchHeader {
  readonly schema: typeof BATCH_SCHEMA;
  readonly tool: ToolInfo;
  /** Digest of the batch: lines of other batches have another. */
  readonly sweep: string;
  /** Points of the whole batch; they are numbered from 1. */
  readonly points: number;
  /** The part of the batch that the file is for; null for all of it. */
  readonly shard: ShardName | null;
}

/** The line, with its newline at the end. */
export function formatPointLine(line: PointLine): string {
  const { schema, sweep, number, id, name, point, trace, mode, seed, status, result, error } = line;
  const ordered = { schema, sweep, number, id, name, point, trace, mode, seed, status, result, error };
  return `${JSON.stringify(ordered)}\n`;
}

/** The line, with its newline at the end. */
export function formatBatchHeader({ schema, tool, sweep, points, shard }: BatchHeader): string {
  return `${JSON.stringify({ schema, tool, sweep, points, shard })}\n`;
}

const DIGEST = /^[0-9a-f]{64}$/;

function digest(fields: Fields, name: string): string {
  const text = fields.text(name);
  if (DIGEST.test(text)) return text;
  throw fields.wrong(name, 'a SHA-256 digest of 64 hexadecimal digits');
}

function positive(fields: Fields, name: string): number {
  const count = fields.count(name);
  if (count > 0) return count;
  throw fields.wrong(name, 'a whole number, at least 1');
}

/** A point of parsed JSON; `where` is what messages call the line, e.g. `results.jsonl:17`. Throws {@link TraceError}. */
export function readPointLine(value: unknown, where: string): PointLine {
  const fields = Fields.of(value, where);
  if (fields.text('schema') !== POINT_SCHEMA) throw fields.wrong('schema', `"${POINT_SCHEMA}"`);
  const trace = fields.object('trace');
  const failed = fields.raw('result') === null;
  if (fields.text('status') !== (failed ? 'failed' : 'ok'))
    throw fields.wrong('status', failed ? '"failed", for there is no result' : '"ok", for there is a result');
  return {
    schema: POINT_SCHEMA,
    sweep: digest(fields, 'sweep'),
    number: positive(fields, 'number'),
    id: digest(fields, 'id'),
    name: fields.textOrNull('name'),
    point: values(fields.object('point')),
    trace: { path: trace.text('path'), sha256: digest(trace, 'sha256') },
    mode: fields.text('mode'),
    seed: fields.count('seed'),
    status: failed ? 'failed' : 'ok',
    result: failed ? null : readRun(fields.raw('result'), where, 'result').result,
    error: failed ? readError(fields.object('error')) : null,
  };
}

function readError(fields: Fields): PointError {
  const text = fields.text('kind');
  const kind = FAILURE_KINDS.find((known) => known === text);
  if (kind === undefined) throw fields.wrong('kind', `one of ${FAILURE_KINDS.join(', ')}`);
  return { kind, message: fields.text('message') };
}

/** A header of parsed JSON, as {@link readPointLine}. */
export function readBatchHeader(value: unknown, where: string): BatchHeader {
  const fields = Fields.of(value, where);
  if (fields.text('schema') !== BATCH_SCHEMA) throw fields.wrong('schema', `"${BATCH_SCHEMA}"`);
  const tool = fields.object('tool');
  const shard = fields.raw('shard') === null ? null : fields.object('shard');
  return {
    schema: BATCH_SCHEMA,
    tool: { name: 'p2msim', version: tool.text('version') },
    sweep: digest(fields, 'sweep'),
    points: positive(fields, 'points'),
    shard: shard === null ? null : { index: positive(shard, 'index'), of: positive(shard, 'of') },
  };
}

/** One line of text as a point. Throws {@link TraceError} that names `where`. */
export function parsePointLine(text: string, where: string): PointLine {
  return readPointLine(parseLine(text, where), where);
}

/** The JSON value of one line. */
export function parseLine(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new TraceError({ file: where }, 'the line is not JSON; expected a point of a batch', {
      hint: 'a results file is written by `p2msim sweep --results FILE` alone; delete the line, and --resume runs its point again',
      cause,
    });
  }
}
