/**
 * Runs a batch, or one of its shards, into a results file or into memory.
 */
import { estimateCosts } from './estimate.js';
import type { LockOwner } from './lock.js';
import { type Batch, headerOf, lineOf, type PlannedPoint } from './plan.js';
import type { PointLine, ShardName } from './point-line.js';
import type { TornLine } from './results.js';
import { ResultsWriter } from './results-writer.js';
import { runPoints } from './run-points.js';
import { divide } from './shard.js';

export interface RunBatchOptions {
  /** Threads that replay. */
  readonly jobs: number;
  /** Null for the whole batch. */
  readonly shard: ShardName | null;
  /** Gives up what is not done. Given while a shard is still being found, its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Told of the torn line that was cut off the file, before anything is run. */
  readonly onRepaired?: ((torn: TornLine) => void) | undefined;
  /** Points that are done of those that there are, and the thread that did the last (0: none). */
  readonly onProgress?: ((done: number, total: number, thread: number) => void) | undefined;
}

/** Where lines go. */
export interface ResultsTarget {
  readonly file: string;
  readonly resume: boolean;
  readonly owner: LockOwner;
}

export interface BatchReport {
  /** Points of the batch, or of the shard. */
  readonly total: number;
  /** Points that were in the file before. */
  readonly before: number;
  /** Points done now, in the order in which they were. */
  readonly lines: readonly PointLine[];
  /** Points that failed, now or before, in the order of their numbers. */
  readonly failed: readonly PointLine[];
  /** Points that are still to do: none, unless the signal was given. */
  readonly left: number;
}

/** The points of a shard, or all. Throws the reason of `signal` if that is given before the shard is found. */
export async function pointsOf(
  batch: Batch,
  shard: ShardName | null,
  signal?: AbortSignal,
): Promise<readonly PlannedPoint[]> {
  if (shard === null) return batch.points;
  const numbers = new Set(divide(await estimateCosts(batch, signal), shard.of)[shard.index - 1]);
  return batch.points.filter(({ number }) => numbers.has(number));
}

/** Runs what the file does not have yet; with `target` null, everything, and nothing is written. */
export async function runBatch(
  batch: Batch,
  target: ResultsTarget | null,
  options: RunBatchOptions,
): Promise<BatchReport> {
  const points = await pointsOf(batch, options.shard, options.signal);
  const writer =
    target === null ? null : ResultsWriter.open(target.file, headerOf(batch, options.shard), target);
  if (writer !== null && writer.repaired !== null) options.onRepaired?.(writer.repaired);
  try {
    return await runInto(writer, batch, points, options);
  } finally {
    writer?.close();
  }
}

async function runInto(
  writer: ResultsWriter | null,
  batch: Batch,
  points: readonly PlannedPoint[],
  { jobs, signal, onProgress }: RunBatchOptions,
): Promise<BatchReport> {
  const before = new Set(writer?.done.map(({ id }) => id));
  const missing = points.filter(({ id }) => !before.has(id));
  const already = points.length - missing.length;
  const lines: PointLine[] = [];
  await runPoints(batch, missing, {
    jobs,
    signal,
    onDone: (point, outcome, thread) => {
      const line = lineOf(batch, point, outcome);
      writer?.append(line);
      lines.push(line);
      onProgress?.(already + lines.length, points.length, thread);
    },
  });
  const failed = [...(writer?.done ?? []), ...lines].filter(({ status }) => status === 'failed');
  return {
    total: points.length,
    before: already,
    lines,
    failed: failed.sort((a, b) => a.number - b.number),
    left: missing.length - lines.length,
  };
}
