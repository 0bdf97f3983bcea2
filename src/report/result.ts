/**
 * What commands produce: plain data, the same for every reporter, byte for byte reproducible.
 *
 * Keys appear in declared order; no clock, host name, absolute path or duration ever enters. The
 * `schema` id changes when the meaning of a field does.
 */
import type { CounterValues } from '../sim/counters.js';
import type { TableMemory } from '../sim/counters.js';
import type { MachineConfig } from '../config/schema.js';

export const RESULT_SCHEMA = 'p2msim.result/1';
export const COMPARE_SCHEMA = 'p2msim.compare/1';

export interface ToolInfo {
  readonly name: 'p2msim';
  readonly version: string;
}

export interface TraceManifest {
  /** As given by the user. */
  readonly path: string;
  readonly format: string;
  /** SHA-256 of the decompressed bytes that were read. */
  readonly sha256: string;
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
}

export interface Manifest {
  readonly argv: readonly string[];
  readonly seed: number;
  readonly trace: TraceManifest;
  readonly config: ConfigManifest;
  /** What the result rests on besides the trace, one sentence each. */
  readonly assumptions: readonly string[];
}

/** One term of the estimated cost. */
export interface CostTerm {
  readonly term: string;
  /** Plain words. */
  readonly what: string;
  readonly count: number;
  readonly cyclesEach: number;
  readonly cycles: number;
  /** `walk`, `exit`, `hypervisor` or `tlb`: the groups that verdicts compare. */
  readonly group: 'walk' | 'exit' | 'hypervisor' | 'tlb';
  /** Where `cyclesEach` comes from; begins with `assumption` where nothing was published. */
  readonly source: string;
}

export interface Cost {
  /** Sum of all terms. */
  readonly cycles: number;
  readonly byGroup: Readonly<Record<'walk' | 'exit' | 'hypervisor' | 'tlb', number>>;
  readonly terms: readonly CostTerm[];
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
}

/** The sentence at the end of `compare`, in parts. */
export interface Verdict {
  /** Modes that were judged (native is the baseline, not a candidate). */
  readonly winner: string;
  readonly loser: string;
  /** Cycles of the loser over cycles of the winner, in thousandths. */
  readonly ratioMilli: number;
  /** Whole sentences: the verdict, its reason, its condition. */
  readonly sentences: readonly string[];
  /**
   * Factor on all exit and hypervisor cycles at which winner and loser cost the same, in
   * thousandths; null if no factor does that.
   */
  readonly breakEvenMilli: number | null;
  /** The same as mean cycles per VMEXIT of the loser-or-winner that exits; null likewise. */
  readonly breakEvenCyclesPerExit: number | null;
}

export interface CompareResult {
  readonly schema: typeof COMPARE_SCHEMA;
  readonly tool: ToolInfo;
  readonly results: readonly RunResult[];
  /** Best against second best of the virtualized modes; null if there are fewer than two. */
  readonly verdict: Verdict | null;
}
