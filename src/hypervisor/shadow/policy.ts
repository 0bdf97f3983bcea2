/**
 * ShadowPolicy: everything in which the modelled shadow pagers differ, as data. One engine reads it.
 *
 * A preset is one file in policies/, held against measured exit counts; a user's own is a JSON file
 * (policies/load.ts). Fields are grouped as a fault meets them: walk, fill, prefetch, table stores, flushes, memory.
 */

/** What ends the scan of a prefetch. */
export type PrefetchStop = 'absent' | 'filled' | 'unaccessed' | 'clean';

export interface ShadowPolicy {
  readonly name: string;
  readonly summary: string;

  // --- Guest faults and stores to protected tables ------------------------------------------------
  /** A guest fault with the present bit brings the shadow entry of its address up to date, as INVLPG would. */
  readonly faultRefreshes: boolean;
  /** A store to the same frame as the last emulated one skips the walk (saves work, not exits). */
  readonly fastEmulation: boolean;
  /** A store to a protected upper table is emulated before the shadow of its own address is looked at. */
  readonly emulateFirst: boolean;
  /** After an emulated store the shadow entry is worked out anew, or dropped until it is used again. */
  readonly upperStore: 'revalidate' | 'drop';
  /** What makes a table's shadow go at once: stores of zero in a row, stores without a use in between, or nothing. */
  readonly unshadowOn: 'zeros' | 'stores' | 'never';
  /** The how-many-th such store does it. */
  readonly unshadowAfter: number;
  /** A fault that finds its entry as it would write it, A and D bits included, fills nothing else. */
  readonly sparesSpurious: boolean;

  // --- Filling -----------------------------------------------------------------------------------
  /** 2 MiB shadow leaves where guest and host have a 2 MiB page and no table lies in it. */
  readonly largeEntries: boolean;
  /** Which mappings of a guest superpage share its splintered shadow: all of the same frame, or of the same rights too. */
  readonly splinterKey: 'gfn' | 'gfn+rights';
  /** An entry withheld for a clear A bit is told from an empty one. */
  readonly withheldEntries: boolean;

  // --- Prefetch ----------------------------------------------------------------------------------
  /** The entries after the faulting one, or the aligned group around it. */
  readonly prefetchShape: 'forward' | 'aligned';
  /** Entries filled per fault at most, the faulting one included. */
  readonly prefetchEntries: number;
  readonly prefetchStops: readonly PrefetchStop[];

  // --- Out-of-sync L1 tables ---------------------------------------------------------------------
  /** Per vcpu; 0: every store to a table is emulated; null: no limit. */
  readonly oosSlots: number | null;
  /** Writable mappings remembered per out-of-sync table; one more makes the oldest read-only. */
  readonly oosFixups: number;
  /** What unsyncs a table: a store that faulted, or any fault that maps it writable. */
  readonly unsyncOn: 'store' | 'writable';
  /** What a sync does with a present entry whose guest entry names another frame now. */
  readonly syncMoved: 'rewrite' | 'drop';
  /** What is synced before an upper entry is linked: every out-of-sync table, or those below the new link. */
  readonly linkSyncs: 'all' | 'linked';
  /** INVLPG on an entry of an out-of-sync table: drop it, drop and refill it, or bring it up to date. */
  readonly invlpg: 'drop' | 'refill' | 'sync';
  /** Under SVM an INVLPG takes a new ASID, which flushes everything of the vcpu's. */
  readonly invlpgTakesAsid: boolean;

  // --- Mappings, roots, memory -------------------------------------------------------------------
  /** Every mapping of a frame is known; otherwise it is guessed at and searched for. */
  readonly reverseMap: boolean;
  /** Bases at which a direct map is guessed when a writable mapping must be found. */
  readonly guessBases: readonly { readonly hi: number; readonly lo: number }[];
  /** Shadow pages live while something refers to them (and roots are pinned), or until they are zapped. */
  readonly lifetime: 'referenced' | 'zapped';
  /** Pin L3 shadows until more than two L4 shadows a vcpu are pinned. */
  readonly pinL3: boolean;
  /** Roots kept at hand besides the loaded one. */
  readonly previousRoots: number;
  /** The guest may tag its address spaces: a CR3 load with the no-flush bit syncs nothing. */
  readonly pcid: boolean;
  /** The hypervisor keeps a p2m table in the same pool. */
  readonly keepsP2m: boolean;
  /** Default pool: one page per so many frames of guest memory; null: the toolstack's 256 a vcpu + 2 per MiB. */
  readonly poolDivisor: number | null;
  /** Least default pool, in pages. */
  readonly poolMinimum: number;
  /** Pages that must be free when a fault is handled, and up to which they are freed if not. */
  readonly poolReserve: number;
  readonly poolRefill: number;
  /** Pages per vcpu that are in the pool for good: snapshots of out-of-sync tables, a monitor table. */
  readonly poolFixed: number;
  /** What goes first when the pool runs low: least recently loaded roots with their trees, or the oldest pages. */
  readonly recycle: 'roots' | 'oldest';
}
