/**
 * The library's verbs on one trace: replay, compare, walk. What they share is in prepare.ts.
 */
import { judge } from './cost/verdict.js';
import {
  check,
  configure,
  type Finished,
  openWith,
  prepare,
  type RunOptions,
  type TraceOptions,
} from './prepare.js';
import { checkComparable } from './report/diff/comparable.js';
import type { InputKind } from './report/diff/inputs.js';
import { COMPARE_SCHEMA, type CompareResult, type RunResult } from './report/result.js';
import { savedRun } from './report/saved/saved-run.js';
import type { WalkReport } from './sim/run.js';
import type { Word64 } from './trace/event.js';
import { invariant } from './util/assert.js';
import { TOOL } from './version.js';

/** Modes of `compare` unless told otherwise. */
export const DEFAULT_MODES: readonly string[] = ['native', 'hap', 'shadow'];
/** Mode of `replay` unless told otherwise. */
export const DEFAULT_MODE = 'hap';

export interface ReplayOptions extends RunOptions {
  /** A mode, or the path of an ES module with a backend. */
  readonly mode?: string | undefined;
}

export interface CompareOptions extends RunOptions {
  readonly modes?: readonly string[] | undefined;
}

/** Replays a trace on one machine. */
export async function replay(options: ReplayOptions): Promise<Finished<RunResult>> {
  const { result, error } = await (await prepare(options, [options.mode ?? DEFAULT_MODE])).run();
  return { result: onlyRun(result), error };
}

/** The one run of a replay under one mode. */
export function onlyRun(results: readonly RunResult[]): RunResult {
  const [run] = results;
  invariant(run !== undefined && results.length === 1, 'one mode gives one result');
  return run;
}

/**
 * Several runs as one comparison, with the verdict between them. Throws UsageError if they were given, or if their
 * guests did, different things; `allow` names what may differ.
 */
export function comparison(results: readonly RunResult[], allow: readonly InputKind[] = []): CompareResult {
  checkComparable(
    results.map((run) => savedRun(run, '')),
    allow,
  );
  return { schema: COMPARE_SCHEMA, tool: TOOL, results, verdict: judge(results) };
}

/** Replays a trace on several machines in one pass and compares them. */
export async function compare(options: CompareOptions): Promise<Finished<CompareResult>> {
  const { result, error } = await (await prepare(options, options.modes ?? DEFAULT_MODES)).run();
  return { result: comparison(result), error };
}

export interface WalkOptions extends TraceOptions {
  readonly mode?: string | undefined;
  /** Record to stop at, from 0; null to replay the whole trace. */
  readonly at: number | null;
  /** Address to translate there; null for that of the record. */
  readonly va: Word64 | null;
  /** Empty TLBs and walk caches first. */
  readonly cold: boolean;
}

/** Replays up to one access and reports its translation step by step. */
export async function walk(options: WalkOptions): Promise<WalkReport> {
  const [backend] = await check(options, [options.mode ?? DEFAULT_MODE]);
  const { walkAccess } = await import('./sim/walk.js');
  const trace = await openWith(options);
  try {
    const { config } = configure(options, trace);
    const machine = { mode: backend?.name ?? DEFAULT_MODE, config, backend };
    return await walkAccess({ trace, machine, at: options.at, va: options.va, cold: options.cold });
  } finally {
    await trace.close();
  }
}
