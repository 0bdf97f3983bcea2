/**
 * SavedRun: one run as a file keeps it, whichever version of p2msim wrote it and in whichever form.
 *
 * It is what comparisons need and no more: the trace, the configuration, flat metrics. Whole results
 * (`replay --json`) keep their {@link RunResult} beside it; a baseline has none.
 */
import { configValues } from '../../config/build.js';
import type { ConfigValue } from '../../config/keys.js';
import { countedValues, metricValues } from '../metric-values.js';
import type { FailedPoints } from './failed-points.js';
import type { Interval, ReplayManifest, RunResult, TraceManifest } from '../result.js';

export interface SavedConfig {
  /** SHA-256 of the effective configuration. */
  readonly sha256: string;
  readonly preset: string;
  /** Every key that the writing version had. */
  readonly values: ReadonlyMap<string, ConfigValue>;
  /** Fields of a shadow policy that was read from a file; null for shipped ones. */
  readonly policy: Readonly<Record<string, unknown>> | null;
}

/** One slice of a run (--interval). */
export interface SavedSlice {
  /** First record of the slice, counted from the first measured one. */
  readonly from: number;
  readonly accesses: number;
  /** Counters and `memory.*`. */
  readonly metrics: ReadonlyMap<string, number>;
}

export interface SavedRun {
  /** File that it was read from, as named by the user. */
  readonly file: string;
  /** Version of p2msim that counted. */
  readonly version: string;
  readonly mode: string;
  readonly trace: TraceManifest;
  /** How the trace was replayed, where that is not by default. */
  readonly replay: ReplayManifest;
  readonly config: SavedConfig;
  /** Counters, `memory.*`, `cost.*`, as {@link metricValues} has them. */
  readonly metrics: ReadonlyMap<string, number>;
  /** True where a metric that is not there was zero: baselines leave zeros out. */
  readonly zerosLeftOut: boolean;
  /** Cycles of one count, by term of the cost table. */
  readonly prices: ReadonlyMap<string, number>;
  readonly guestDigest: string;
  /** Why counting ended early; null for a complete run. */
  readonly incomplete: string | null;
  /** In a sweep: the swept keys with the values of this point. */
  readonly point: Readonly<Record<string, ConfigValue>>;
  /** The slices of a run with --interval; a baseline keeps none. */
  readonly slices: readonly SavedSlice[];
  /** First record of the slice that this is; null for a whole run. */
  readonly slice: number | null;
  /** The whole result, if the file has it. */
  readonly result: RunResult | null;
}

/** What a file holds. */
export interface SavedFile {
  readonly file: string;
  /** `p2msim.result/1` and the like: of the first value. */
  readonly schema: string;
  readonly runs: readonly SavedRun[];
  /** Points of a batch that have no run, since they failed. */
  readonly failed?: FailedPoints;
}

/** A result as it would be read back from `file`. */
export function savedRun(run: RunResult, file: string): SavedRun {
  const { trace, config, incomplete, replay } = run.manifest;
  return {
    file,
    version: run.tool.version,
    mode: run.mode,
    trace,
    replay: replay ?? {},
    config: {
      sha256: config.sha256,
      preset: config.preset,
      values: configValues(config.effective),
      policy: config.shadowPolicy === undefined ? null : { ...config.shadowPolicy },
    },
    metrics: new Map(metricValues(run)),
    zerosLeftOut: false,
    prices: new Map(run.cost.terms.map((term) => [term.term, term.cyclesEach])),
    guestDigest: run.guestDigest,
    incomplete,
    point: run.point ?? {},
    slices: run.intervals.map(savedSlice),
    slice: null,
    result: run,
  };
}

/** A slice of a result as a comparison needs it. */
export function savedSlice({ from, accesses, counters, memory }: Interval): SavedSlice {
  return { from, accesses, metrics: new Map(countedValues(counters, memory)) };
}

/** What a run had of a metric; null if it has no such metric. */
export function metricOf(run: Pick<SavedRun, 'metrics' | 'zerosLeftOut'>, key: string): number | null {
  return run.metrics.get(key) ?? (run.zerosLeftOut ? 0 : null);
}
