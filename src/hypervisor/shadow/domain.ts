/**
 * ShadowDomain: the state of one guest under shadow paging that all its parts work on.
 */
import { ENTRIES, tableIndex } from '../../arch/paging.js';
import type { MachineConfig } from '../../config/schema.js';
import type { Guest } from '../../guest/guest.js';
import type { MachineCounters } from '../../counters.js';
import { HostMemory } from '../host-memory.js';
import type { P2m } from '../p2m.js';
import { shadowPoolPages } from '../pool.js';
import { EntryMarks } from './entry-marks.js';
import { isLink, L4, ShadowPages, SH_P, SH_RW } from './pages.js';
import type { ShadowPolicy } from './policy.js';
import type { TableFrames } from './table-frames.js';

/** A guest L1 table that is out of sync, in its slot. */
export interface OosSlot {
  /** -1: the slot is free. */
  gfn: number;
  /** The table as the shadow last saw it. */
  readonly frames: Int32Array;
  readonly flags: Uint8Array;
  /** Writable mappings: page * 512 + index, or -1; the oldest is at `next`. */
  readonly fixups: Int32Array;
  next: number;
}

/** Shadow state of one vcpu. */
export interface ShadowVcpu {
  readonly id: number;
  /** Shadow of the loaded root; -1 while there is none. */
  root: number;
  /** Roots loaded before, most recent first, as many as the policy keeps at hand. */
  previous: number[];
  slots: OosSlot[];
  /** The last store that was emulated after a full walk. */
  readonly lastEmulated: { page: number; gfn: number; ok: boolean };
  /** Table of the last emulated store of zero, or -1, and how many there were in a row. */
  lastUnshadowGfn: number;
  zeroStores: number;
  /** The l1/fl1 shadow in which the last search for a writable mapping succeeded, or -1. */
  lastWritable: number;
}

/** TLB flushes that the hypervisor orders. */
export interface FlushPort {
  /** Everything of the guest's on one vcpu (a new ASID/VPID). */
  flushVcpu(vcpu: number): void;
}

/** Free slot with room for a snapshot. */
export function freeSlot(policy: ShadowPolicy): OosSlot {
  return {
    gfn: -1,
    frames: new Int32Array(ENTRIES),
    flags: new Uint8Array(ENTRIES),
    fixups: new Int32Array(policy.oosFixups).fill(-1),
    next: 0,
  };
}

export class ShadowDomain {
  readonly policy: ShadowPolicy;
  readonly guest: Guest;
  readonly p2m: P2m;
  readonly host: HostMemory;
  readonly counters: MachineCounters;
  readonly pages: ShadowPages;
  readonly frames: TableFrames;
  readonly vcpus: readonly ShadowVcpu[];
  /** Leaf shadows whose guest table may be written freely, where their number has no limit. */
  readonly unsynced = new Set<number>();
  /** A and D bits of entries, where the policy looks at them. */
  readonly marks: EntryMarks | null;
  /** Emulated stores since a page was last used, by page (KVM write_flooding_count). */
  readonly floods: number[] = [];
  readonly #flush: FlushPort;
  readonly #pool: number | 'auto';

  constructor(
    policy: ShadowPolicy,
    guest: Guest,
    p2m: P2m,
    counters: MachineCounters,
    config: MachineConfig,
    flush: FlushPort,
  ) {
    this.policy = policy;
    this.guest = guest;
    this.p2m = p2m;
    this.host = new HostMemory(config.host, (gfn) => p2m.leafSize(gfn));
    this.marks = policy.sparesSpurious ? new EntryMarks() : null;
    this.counters = counters;
    this.#flush = flush;
    this.#pool = config.shadow.pool;
    this.pages = new ShadowPages(policy, counters, {
      demoted: (gfn) => this.#leaveSlot(gfn),
      freed: (page) => this.#forget(page),
    });
    this.frames = this.pages.frames;
    this.vcpus = Array.from({ length: config.vcpus }, (_, id) => ({
      id,
      root: -1,
      previous: [],
      slots: Array.from({ length: policy.oosSlots ?? 0 }, () => freeSlot(policy)),
      lastEmulated: { page: -1, gfn: -1, ok: false },
      lastUnshadowGfn: -1,
      zeroStores: 0,
      lastWritable: -1,
    }));
  }

  flushAllVcpus(): void {
    for (const v of this.vcpus) this.#flush.flushVcpu(v.id);
  }

  flushVcpu(v: ShadowVcpu): void {
    this.#flush.flushVcpu(v.id);
  }

  // --- Pool --------------------------------------------------------------------------------------

  /** Pages that are in the pool for good. */
  get fixedPages(): number {
    return this.policy.poolFixed * this.vcpus.length;
  }

  /** Size of the pool in pages; Infinity if unbounded. */
  get poolPages(): number {
    const { poolDivisor, poolMinimum } = this.policy;
    const { ram } = this.guest.allocator;
    if (this.#pool === 0) return Infinity;
    if (this.#pool !== 'auto') return this.#pool;
    const formula =
      poolDivisor === null ? shadowPoolPages(this.vcpus.length, ram) : Math.floor(ram / poolDivisor);
    return Math.max(poolMinimum, formula);
  }

  get freePages(): number {
    const p2m = this.policy.keepsP2m ? this.p2m.total : 0;
    return this.poolPages - p2m - this.fixedPages - this.pages.total;
  }

  // --- Shadow walk ------------------------------------------------------------------------------

  /**
   * Follows the shadow of `root` for the page at (hi, lo) down to the l1/fl1 shadow; -1 if a level is not
   * present, or is a 2 MiB leaf.
   */
  leafShadow(root: number, hi: number, lo: number): number {
    let page = root;
    for (let level = L4; level > 1; level--) {
      const entry = this.pages.entries[page]![tableIndex(hi, lo, level)]!;
      if (!isLink(entry)) return -1;
      page = entry >> 3;
    }
    return page;
  }

  /** Makes the leaf entry read-only if it maps `gfn` writable. */
  takeWrite(page: number, index: number, gfn: number): boolean {
    const entry = this.pages.entries[page]![index]!;
    if ((entry & 3) !== (SH_P | SH_RW) || entry >> 3 !== gfn) return false;
    this.pages.setLeaf(page, index, entry & ~SH_RW);
    return true;
  }

  slotOf(gfn: number): OosSlot | null {
    for (const v of this.vcpus) for (const slot of v.slots) if (slot.gfn === gfn) return slot;
    return null;
  }

  /** What anybody remembered may have been about this page (shadow_free). */
  #forget(page: number): void {
    this.unsynced.delete(page);
    this.floods[page] = 0;
    for (const v of this.vcpus) {
      v.lastEmulated.ok = false;
      if (v.lastWritable === page) v.lastWritable = -1;
      if (this.policy.lifetime === 'zapped' && v.root === page) v.root = -1;
      if (v.previous.includes(page)) v.previous = v.previous.filter((root) => root !== page);
    }
  }

  #leaveSlot(gfn: number): void {
    const slot = this.slotOf(gfn);
    if (slot !== null) slot.gfn = -1;
  }
}
