/**
 * Costs as data: rows of a cost table, the terms they give for one run, and the verdict between runs.
 *
 * All amounts are whole cycles (integers below 2^53). A cost never feeds back into a counter.
 */

/**
 * Where cycles go: `tlb` (second-level hits), `walk` (page walks), `exit` (leaving the guest and
 * handling why), `hypervisor` (extra work that grows with tables: searches, resyncs, prefetch).
 */
export const COST_GROUPS = ['tlb', 'walk', 'exit', 'hypervisor'] as const;
export type CostGroup = (typeof COST_GROUPS)[number];

/** One row of a cost table: the sum of some counters, times cycles. */
export interface CostRow {
  /** Stable name, dotted: `walk.ref.l1`; the metric is `cost.<term>.cycles`. */
  readonly term: string;
  /** Counter keys that are summed. */
  readonly counters: readonly string[];
  /** Whole cycles per count, at least 0. */
  readonly cyclesEach: number;
  readonly group: CostGroup;
  /** Plain words. */
  readonly what: string;
  /** Where `cyclesEach` comes from; begins with `assumption` where nothing was published. */
  readonly source: string;
}

/** A whole cost model: replaceable data. */
export interface CostTable {
  /** `default`, or the name of the file that changed it. */
  readonly name: string;
  readonly rows: readonly CostRow[];
}

/** One term of the estimated cost. */
export interface CostTerm {
  readonly term: string;
  /** Plain words. */
  readonly what: string;
  readonly count: number;
  readonly cyclesEach: number;
  readonly cycles: number;
  /** The groups that verdicts compare. */
  readonly group: CostGroup;
  /** Where `cyclesEach` comes from; begins with `assumption` where nothing was published. */
  readonly source: string;
}

/** Estimated cycles of one run. */
export interface Cost {
  /** Sum of all terms. */
  readonly cycles: number;
  /** The sum if every figure that is an assumption were half as large, and twice as large. */
  readonly low: number;
  readonly high: number;
  readonly byGroup: Readonly<Record<CostGroup, number>>;
  /** Every row of the table, in its order; rows with count 0 too. */
  readonly terms: readonly CostTerm[];
}

/** The sentence at the end of `compare`, in parts. */
export interface Verdict {
  /** Modes that were judged (native is the baseline, not a candidate). */
  readonly winner: string;
  readonly loser: string;
  /** Cycles of the loser over cycles of the winner, in thousandths; 0 if the winner costs nothing. */
  readonly ratioMilli: number;
  /** Whole sentences: the verdict, its reason, its condition. */
  readonly sentences: readonly string[];
  /**
   * Factor on all exit and hypervisor cycles at which winner and loser cost the same, in
   * thousandths; null if no factor does that.
   */
  readonly breakEvenMilli: number | null;
  /**
   * The same as mean cycles per VMEXIT, handler included, of whichever of the two pays more for
   * exits; null likewise.
   */
  readonly breakEvenCyclesPerExit: number | null;
}
