/**
 * What points are likely to cost, from a replay of the first records of their trace.
 *
 * Costs are in units of a record that hits, about 10 ns (docs/performance.md, "engine"): counts times constants, no clock,
 * so that every shard of a batch finds the same everywhere. A sample begins with cold TLBs and tables: it shows more
 * walks and exits than the whole trace has.
 */
import { P2msimError } from '../errors.js';
import { openWith } from '../prepare.js';
import type { RunResult } from '../report/result.js';
import { present } from '../util/assert.js';
import type { Batch, PlannedPoint } from './plan.js';
import type { PointError } from './point-line.js';
import { type PointOutcome, replayGroup } from './replay-group.js';

/** Records of a sample. */
export const SAMPLE_RECORDS = 8192;

/** A walk, a VMEXIT, a page fault of the guest, in units; measured roughly: 0.3, 1 and 1 microseconds. */
const WALK = 30;
const EXIT = 100;
const FAULT = 100;
/** To build a machine: about 3 ms. */
const BUILD = 300_000;

/** Machines of a sample at once. */
const SAMPLED_TOGETHER = 64;

/** Estimated cost by point number. */
export type Estimate = ReadonlyMap<number, number>;

/**
 * Estimates every point of the batch; one that fails costs what it takes to build it.
 * Throws the reason of `signal` when that is given.
 * @param onFailed told of points whose sample fails as they themselves would
 */
export async function estimateCosts(
  batch: Batch,
  signal?: AbortSignal,
  onFailed: (point: PlannedPoint, error: PointError) => void = () => {},
): Promise<Estimate> {
  const costs = new Map<number, number>();
  const { skip = 0, warmup = 0, limit = Infinity } = batch.options;
  for (const trace of new Set(batch.points.map((point) => point.trace))) {
    const points = batch.points.filter((point) => point.trace === trace);
    const first = present(points[0], 'every trace has a point');
    const records = await recordsOf(batch, first, skip + warmup + limit);
    const possible = points.filter(({ error }) => error === null);
    for (const { number } of points) costs.set(number, BUILD);
    for (let from = 0; from < possible.length; from += SAMPLED_TOGETHER) {
      signal?.throwIfAborted();
      const some = possible.slice(from, from + SAMPLED_TOGETHER);
      const outcomes = await sample(batch, trace, some);
      for (const [i, point] of some.entries()) {
        const { result = null, error = null } = outcomes[i] ?? {};
        costs.set(point.number, BUILD + Math.round(records * costPerRecord(result)));
        // A sample is of the first records: where those are passed over it may fail and the point not.
        if (error !== null && skip === 0) onFailed(point, error);
      }
    }
  }
  signal?.throwIfAborted();
  return costs;
}

/** What becomes of each point in the first records; null where a module throws what is no error of ours. */
async function sample(
  batch: Batch,
  trace: string,
  points: readonly PlannedPoint[],
): Promise<readonly (PointOutcome | null)[]> {
  try {
    return await replaySample(batch, trace, points);
  } catch {
    // A module with a bug throws what it likes. That is for its own points to say, when they are run.
    if (points.length <= 1) return points.map(() => null);
    const outcomes: (PointOutcome | null)[] = [];
    for (const point of points) outcomes.push(...(await sample(batch, trace, [point])));
    return outcomes;
  }
}

function replaySample({ options }: Batch, trace: string, points: readonly PlannedPoint[]) {
  const limit = Math.max(1, Math.min(SAMPLE_RECORDS, options.limit ?? Infinity));
  return replayGroup({
    options: { ...options, trace, skip: 0, warmup: 0, interval: 0, limit },
    machines: points.map(({ machine }) => machine),
  });
}

function costPerRecord(result: RunResult | null): number {
  return result === null ? 0 : unitsOf(result) / Math.max(1, result.manifest.trace.accesses);
}

function unitsOf({ counters, manifest }: RunResult): number {
  const of = (key: string): number => counters[key] ?? 0;
  return (
    manifest.trace.accesses +
    WALK * (of('walk.count') + of('kernel.walk.count')) +
    EXIT * of('vmexit.total') +
    FAULT * of('guest.faults')
  );
}

/** Records that are replayed: `wanted` at most; of a whole trace from its bytes and those of its first records. */
async function recordsOf(
  { options }: Batch,
  { trace, facts }: PlannedPoint,
  wanted: number,
): Promise<number> {
  const read = { ...options.read, batchRecords: SAMPLE_RECORDS };
  const opened = await openWith({ ...options, trace, read });
  let records = 0;
  try {
    for await (const { accesses, rawBytes } of opened.chunks()) {
      records += accesses.n;
      if (records >= wanted) return wanted;
      if (facts.bytes === null || accesses.n === 0) continue;
      return Math.min(wanted, Math.round((records * facts.bytes) / Math.max(1, rawBytes)));
    }
  } catch (error) {
    // Whatever is wrong with the trace will be said by its points.
    if (!(error instanceof P2msimError)) throw error;
  } finally {
    await opened.close();
  }
  return records;
}
