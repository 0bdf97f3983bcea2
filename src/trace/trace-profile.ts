/** TraceProfile: what `trace info` says of a trace. */
import type { PartRead } from './part.js';
import type { Region } from './regions.js';
import type { ReuseDistances } from './reuse.js';

/** Distinct pages, by page size. */
export interface Footprint {
  readonly pages4k: number;
  readonly pages2m: number;
  readonly pages1g: number;
}

export interface TraceProfile {
  readonly path: string;
  readonly format: string;
  readonly sha256: string;
  /** Why reading ended before the end of the trace; the numbers cover what came before. */
  readonly incomplete: string | null;
  /** Accesses of all kinds. */
  readonly records: number;
  readonly ops: {
    readonly read: number;
    readonly write: number;
    readonly fetch: number;
    readonly modify: number;
  };
  /** Accesses that touch more than one 4 KiB page. */
  readonly pageCrossing: number;
  /** Names in the order of appearance. */
  readonly addressSpaces: readonly string[];
  /** Address spaces that a replay counts: one name may stand for several, one after the other (EXEC). */
  readonly addressSpacesMade: number;
  /** Numbers of the vcpus that access memory, ascending. */
  readonly vcpus: readonly number[];
  readonly events: number;
  /** Events by kind, in the order of appearance. */
  readonly eventKinds: Readonly<Record<string, number>>;
  readonly footprint: Footprint;
  /** Distinct 4 KiB pages by what is done to them; one page may count in all three. */
  readonly pagesBy: { readonly read: number; readonly written: number; readonly fetched: number };
  /** Distinct 4 KiB pages in each stretch of so many accesses; the last stretch may be shorter. */
  readonly workingSet: { readonly window: number; readonly pages: readonly number[] };
  /** Null if the trace touches too much memory (2^20 regions of 2 MiB). */
  readonly reuse: ReuseDistances | null;
  /** Events that edit page tables, or make the guest edit them. */
  readonly tableEdits: number;
  /** Touched pages in groups with less than 1 GiB between pages, ascending in each address space. */
  readonly regions: readonly Region[];
  readonly badRecords: number;
  readonly lacks: readonly string[];
  /** `virtual`, or `physical`. */
  readonly addresses: 'virtual' | 'physical';
  /** What reading took for granted. */
  readonly assumes: readonly string[];
  /** Records that mean nothing here, by what they are. */
  readonly passedOver: Readonly<Record<string, number>>;
  /** Events of a skipped beginning are counted, its accesses are not. */
  readonly part: PartRead;
}
