/**
 * What commands produce: plain data, the same for every reporter, byte for byte reproducible.
 *
 * Keys appear in declared order; no clock, host name, absolute path or duration ever enters. The
 * `schema` id changes when the meaning of a field does.
 */
import type { Cost, Verdict } from '../cost/types.js';
import type { CounterValues } from '../counters.js';
import type { TableMemory } from '../counters.js';
import type { ConfigValue } from '../config/keys.js';
import type { MachineConfig } from '../config/schema.js';
import type { ShadowPolicy } from '../hypervisor/shadow/policy.js';

export type { Cost, CostGroup, CostTerm, Verdict } from '../cost/types.js';

export const RESULT_SCHEMA = 'p2msim.result/1';
export const COMPARE_SCHEMA = 'p2msim.compare/1';
export const SWEEP_SCHEMA = 'p2msim.sweep/1';
/** Several of these, of as many traces. */
export const LIST_SCHEMA = 'p2msim.list/1';
/** Lines of a results file (batch/point-line.ts): its header, and its points. */
export const BATCH_SCHEMA = 'p2msim.batch/1';
export const POINT_SCHEMA = 'p2msim.point/1';
export const COLLECTION_SCHEMA = 'p2msim.collection/1';
export const TABLE_SCHEMA = 'p2msim.table/1';

export interface ToolInfo {
  readonly name: 'p2msim';
  readonly version: string;
}

export interface TraceManifest {
  /** As given by the user. */
  readonly path: string;
  readonly format: string;
  /** SHA-256 of the decompressed bytes that were needed: of the whole trace, or up to the end of a block of reading. */
  readonly sha256: string;
  /** True if those bytes are the whole trace; false after --limit or an error. */
  readonly whole: boolean;
  /** Records replayed and counted (after --skip and --warmup, up to --limit). */
  readonly accesses: number;
  readonly events: number;
  /** Records replayed before counting began (--warmup). */
  readonly warmup: number;
  /** Records passed over (--skip). */
  readonly skipped: number;
  /** Bad records dropped under --on-error skip. */
  readonly badRecords: number;
  readonly addressSpaces: number;
}

export interface ConfigManifest {
  /** SHA-256 of the effective configuration. */
  readonly sha256: string;
  readonly preset: string;
  readonly effective: MachineConfig;
  /** The shadow policy, where it was read from a file. */
  readonly shadowPolicy?: ShadowPolicy;
}

/** How a trace was replayed, as far as the counts depend on it and nothing else tells; only what is not the default. */
export interface ReplayManifest {
  /** Events that the mode cannot model were passed over (--lenient). */
  readonly lenient?: boolean;
  /** lackey: an M record counted as a load and a store (--lackey-modify two). */
  readonly modifyAsTwo?: boolean;
  /** CSV: unknown columns were passed over (--ignore-columns). */
  readonly ignoreColumns?: boolean;
  /** Path of the module that the mode was loaded from, as given by the user. */
  readonly module?: string;
}

export interface Manifest {
  readonly argv: readonly string[];
  readonly seed: number;
  readonly trace: TraceManifest;
  readonly config: ConfigManifest;
  /** Absent if everything was by default. */
  readonly replay?: ReplayManifest;
  /** What the result rests on besides the trace, one sentence each. */
  readonly assumptions: readonly string[];
  /** Why counting ended before the trace (or --limit) did; null for a complete run. */
  readonly incomplete: string | null;
}

/** Counters of one slice of the run (--interval). */
export interface Interval {
  /** First record of the slice, counted from the first measured one. */
  readonly from: number;
  readonly accesses: number;
  readonly counters: CounterValues;
  readonly memory: TableMemory;
}

export interface RunResult {
  readonly schema: typeof RESULT_SCHEMA;
  readonly tool: ToolInfo;
  readonly manifest: Manifest;
  /** Mode name, e.g. `hap`. */
  readonly mode: string;
  /** One line: what the mode is in this configuration. */
  readonly description: string;
  readonly counters: CounterValues;
  readonly memory: TableMemory;
  readonly cost: Cost;
  /** SHA-256 of the guest page tables at the end without A and D bits: equal in every mode. */
  readonly guestDigest: string;
  readonly intervals: readonly Interval[];
  /** In a sweep: the swept keys with the values of this point. */
  readonly point?: Readonly<Record<string, ConfigValue>>;
}

export interface CompareResult {
  readonly schema: typeof COMPARE_SCHEMA;
  readonly tool: ToolInfo;
  readonly results: readonly RunResult[];
  /** Best against second best of the virtualized modes; null if there are fewer than two. */
  readonly verdict: Verdict | null;
}

/** A column of an experiment. */
export interface ExperimentColumn {
  /** What columns beside each other have in common: `cycles/access`. */
  readonly group: string;
  /** Mode, or what is counted. */
  readonly head: string;
  /** A count, a rate (two decimals), or a ratio (`1.43x`). */
  readonly unit: 'count' | 'rate' | 'ratio';
}

/** What a ready-made experiment found: a table made of the points of the sweep. */
export interface ExperimentReport {
  readonly name: string;
  readonly question: string;
  /** What the rows vary. */
  readonly axis: string;
  readonly columns: readonly ExperimentColumn[];
  /** `values` by column; null where there is no such number. */
  readonly rows: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
  /** Place of the column that is drawn. */
  readonly bars: number;
  /** Whole sentences: what the numbers say, and on what condition. */
  readonly verdict: readonly string[];
}

/** One trace under every combination of some configuration values and modes. */
export interface SweepResult {
  readonly schema: typeof SWEEP_SCHEMA;
  readonly tool: ToolInfo;
  /** The swept keys with their values; the last one varies fastest from point to point, the mode fastest of all. */
  readonly axes: readonly { readonly key: string; readonly values: readonly ConfigValue[] }[];
  readonly points: readonly RunResult[];
  /** The experiment that the points were run for. */
  readonly experiment?: ExperimentReport;
}

/** What `compare` prints of several traces. */
export interface ResultList {
  readonly schema: typeof LIST_SCHEMA;
  readonly outputs: readonly (RunResult | CompareResult | SweepResult)[];
}
