/**
 * What the simulation layer takes and gives: requests and raw outcomes, before costs and printing.
 */
import type { MachineConfig } from '../config/schema.js';
import type { TraceError } from '../errors.js';
import type { BackendPlugin } from '../mmu/backend.js';
import type { Word64 } from '../trace/event.js';
import type { OpenTrace } from '../trace/open.js';
import type { CounterValues, TableMemory } from '../counters.js';

/** One machine to build and feed. */
export interface MachineRequest {
  /** Mode name in the backend registry, or the name of `backend`. */
  readonly mode: string;
  readonly config: MachineConfig;
  /** The backend itself, for one that comes from a user's module; and that module, for other threads to load. */
  readonly backend?: BackendPlugin | undefined;
  readonly module?: string | undefined;
}

export interface ReplayRequest {
  readonly trace: OpenTrace;
  /** All of them are fed the same decoded stream, in one pass. */
  readonly machines: readonly MachineRequest[];
  /** Records passed over at the start; events among them still happen. */
  readonly skip: number;
  /** Records replayed but not counted, after `skip`. */
  readonly warmup: number;
  /** Records replayed and counted, after `warmup`; Infinity for all. */
  readonly limit: number;
  /** Records per interval row; 0 for none. */
  readonly interval: number;
  /** Ignore (and count as an assumption) events that a mode cannot model, instead of failing. */
  readonly lenient: boolean;
  /** Leave out records that provably change nothing but counters (mmu/page-columns.ts). Counts are the same. */
  readonly strip: boolean;
  /** Called after each chunk with records replayed and stored bytes read; the caller throttles. */
  readonly onProgress?: ((records: number, bytesRead: number) => void) | undefined;
}

export interface RunInterval {
  readonly from: number;
  readonly accesses: number;
  readonly counters: CounterValues;
  readonly memory: TableMemory;
}

/** What one machine counted. */
export interface MachineRun {
  readonly mode: string;
  readonly description: string;
  readonly config: MachineConfig;
  readonly counters: CounterValues;
  readonly memory: TableMemory;
  readonly guestDigest: string;
  readonly assumptions: readonly string[];
  readonly intervals: readonly RunInterval[];
}

export interface ReplayOutcome {
  readonly runs: readonly MachineRun[];
  /** Records counted, records warmed up with, records passed over. */
  readonly accesses: number;
  readonly warmup: number;
  readonly skipped: number;
  readonly events: number;
  /** Records that were needed: all of the above, and those outside of regions of interest. */
  readonly position: number;
  readonly addressSpaces: number;
  /** True if the trace was read to its end: its digest is then that of all of it. */
  readonly whole: boolean;
  /** The input error that ended the replay early; `runs` hold what was counted before it. */
  readonly error: TraceError | null;
}

/** One memory reference of a page walk. */
export interface WalkStep {
  /** 1, 2, 3, ... in the order in which the hardware makes them. */
  readonly n: number;
  readonly dimension: 'guest' | 'nested' | 'shadow';
  /** Level of the entry read: 5 ... 1. */
  readonly level: number;
  readonly index: number;
  /** What the entry's table is: gfn of a guest table, number of a p2m or shadow page. */
  readonly table: number;
  /**
   * For `nested` steps: what is being translated, `gL4` ... `gL1` (the guest table of that level)
   * or `page` (the data page); empty otherwise.
   */
  readonly translating: string;
  /** What the entry gives: next table or page frame; null if it is not present. */
  readonly frame: number | null;
}

/** A cache that saved references of a walk. */
export interface WalkCacheHit {
  /** `pwc`: the walk cache of the walk itself; `npwc`: that of the host dimension; `ntlb`: the nested TLB. */
  readonly cache: 'pwc' | 'npwc' | 'ntlb';
  /** Level of the entry that was found: it and those above are not read. 0 for `ntlb`, which knows all. */
  readonly level: number;
  /** Of `npwc` and `ntlb`: what is being translated, as in {@link WalkStep}; empty otherwise. */
  readonly translating: string;
  /** Number of the step that came before; 0 for none. */
  readonly after: number;
}

/** A walk, or something else that happened on the way. */
export interface WalkPhase {
  readonly what: string;
  readonly steps: readonly WalkStep[];
  /** In the order in which they were asked. */
  readonly hits: readonly WalkCacheHit[];
}

/** One access, its translation step by step (`p2msim walk`). */
export interface WalkReport {
  readonly mode: string;
  /** Record number in the trace from 0, or null for an address given by hand. */
  readonly at: number | null;
  readonly op: 'R' | 'W' | 'X' | 'M';
  readonly va: Word64;
  readonly size: number;
  readonly addressSpace: string;
  /** In order: `L1 DTLB hit`, `TLB miss, 2-D walk`, `VMEXIT pf.fixup`, `guest fault (demand)`, `retry`, ... with the steps of each walk. */
  readonly phases: readonly WalkPhase[];
  readonly gfn: number | null;
  readonly mfn: number | null;
}

export interface WalkRequest {
  readonly trace: OpenTrace;
  readonly machine: MachineRequest;
  /** Record to stop at, from 0; or null with `va`. */
  readonly at: number | null;
  /** Address to translate after the whole trace (or after `at` records). */
  readonly va: Word64 | null;
  /** Empty TLBs and walk caches before the access. */
  readonly cold: boolean;
}
