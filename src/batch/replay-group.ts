/**
 * Replays a group of points in one pass over their trace.
 *
 * A machine that cannot go on ends the pass for all, so a group that fails is halved until the points that fail are
 * alone; if the trace itself is at fault, that is found without a machine, and none is tried again.
 */
import { P2msimError, TraceError } from '../errors.js';
import { prepareMachines, readThrough, type RunOptions, type WantedMachine } from '../prepare.js';
import type { RunResult } from '../report/result.js';
import { BATCH_CAPACITY, LARGE_BATCH } from '../trace/access.js';
import type { PointError } from './point-line.js';

/** Points of one trace: plain data, so that a thread can be sent it. */
export interface GroupOrder {
  readonly options: RunOptions;
  readonly machines: readonly WantedMachine[];
}

/** A result, or why there is none. */
export type PointOutcome =
  | { readonly result: RunResult; readonly error: null }
  | { readonly result: null; readonly error: PointError };

/**
 * Records per chunk: the same whatever the size of the group, since the digest of a trace that is not read to its end
 * covers whole chunks.
 */
export function batchRecordsOf({ skip = 0, warmup = 0, limit = Infinity }: RunOptions): number {
  return Math.min(LARGE_BATCH, Math.max(BATCH_CAPACITY, skip + warmup + limit));
}

/** What became of each point, in order. */
export async function replayGroup(order: GroupOrder): Promise<readonly PointOutcome[]> {
  const read = { batchRecords: batchRecordsOf(order.options), ...order.options.read };
  return replayHalves({ ...order, options: { ...order.options, read, argv: [] } });
}

async function replayHalves(order: GroupOrder): Promise<readonly PointOutcome[]> {
  const { options, machines } = order;
  const tried = await replayAll(order);
  if (!(tried instanceof P2msimError)) return tried;
  if (machines.length > 1 && !(await isOfTrace(tried, options))) {
    const middle = Math.ceil(machines.length / 2);
    const halves = [machines.slice(0, middle), machines.slice(middle)];
    const outcomes: PointOutcome[] = [];
    for (const half of halves) outcomes.push(...(await replayHalves({ options, machines: half })));
    return outcomes;
  }
  return machines.map(() => failed(tried));
}

/** True if the trace alone gives that error: then every machine that comes so far does. */
async function isOfTrace(error: P2msimError, options: RunOptions): Promise<boolean> {
  const own = await readThrough(options);
  return own !== null && failed(own).error?.message === failed(error).error?.message;
}

/** Outcomes of all, or the error that ended the pass. */
async function replayAll({ options, machines }: GroupOrder): Promise<readonly PointOutcome[] | P2msimError> {
  try {
    const prepared = await prepareMachines(options, machines);
    const { result, error } = await prepared.run().finally(prepared.close);
    return error ?? result.map((each) => ({ result: each, error: null }));
  } catch (error) {
    if (error instanceof P2msimError) return error;
    throw error;
  }
}

/** An error as the line of a point has it. */
export function failed(error: P2msimError): PointOutcome {
  if (error instanceof TraceError)
    return { result: null, error: { kind: 'trace', message: `${error.where}: ${error.message}` } };
  return {
    result: null,
    error: { kind: error.exitCode === 2 ? 'config' : 'internal', message: error.message },
  };
}
