/**
 * ShadowDomain: the state of one guest under shadow paging that all its parts work on.
 */
import { ENTRIES, tableIndex } from '../../arch/paging.js';
import type { MachineConfig } from '../../config/schema.js';
import { ConfigError } from '../../errors.js';
import type { Guest } from '../../guest/guest.js';
import type { MachineCounters } from '../../counters.js';
import type { P2m } from '../p2m.js';
import { shadowPoolPages } from '../pool.js';
import { L4, ShadowPages, SH_P, SH_RW } from './pages.js';
import type { ShadowPolicy } from './policy.js';

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
  /** Shadow of the loaded root. */
  root: number;
  slots: OosSlot[];
  /** The last store that was emulated after a full walk. */
  readonly lastEmulated: { page: number; gfn: number; ok: boolean };
  /** Table of the last emulated store of zero, or -1. */
  lastUnshadowGfn: number;
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
  readonly counters: MachineCounters;
  readonly pages: ShadowPages;
  readonly vcpus: readonly ShadowVcpu[];
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
    this.counters = counters;
    this.#flush = flush;
    this.#pool = config.shadow.pool;
    this.pages = new ShadowPages(
      counters,
      policy.pinL3,
      (gfn) => this.#leaveSlot(gfn),
      (page) => this.#forget(page),
    );
    this.vcpus = Array.from({ length: config.vcpus }, (_, id) => ({
      id,
      root: -1,
      slots: Array.from({ length: policy.oosSlots }, () => freeSlot(policy)),
      lastEmulated: { page: -1, gfn: -1, ok: false },
      lastUnshadowGfn: -1,
      lastWritable: -1,
    }));
  }

  flushAllVcpus(): void {
    for (const v of this.vcpus) this.#flush.flushVcpu(v.id);
  }

  flushVcpu(v: ShadowVcpu): void {
    this.#flush.flushVcpu(v.id);
  }

  // --- Pool (common.c _shadow_prealloc) ---------------------------------------------------------

  /** Pages that are in the pool for good: 3 snapshots and 1 monitor table a vcpu. */
  get fixedPages(): number {
    return (this.policy.oosSlots + 1) * this.vcpus.length;
  }

  /** Size of the pool in pages; Infinity if unbounded. */
  get poolPages(): number {
    if (this.#pool === 'auto') return shadowPoolPages(this.vcpus.length, this.guest.allocator.ram);
    return this.#pool === 0 ? Infinity : this.#pool;
  }

  get freePages(): number {
    return this.poolPages - this.p2m.total - this.fixedPages - this.pages.total;
  }

  /** Makes sure that `wanted` pages are free, dropping least recently loaded trees first. */
  reserve(wanted: number): void {
    if (this.freePages >= wanted) return;
    this.counters.shPrealloc1 += 1;
    for (const page of this.pages.pinned) {
      this.pages.unpin(page);
      if (this.freePages >= wanted) return;
    }
    this.counters.shPrealloc2 += 1;
    for (const v of this.vcpus) {
      if (v.root < 0) continue;
      for (let i = 0; i < ENTRIES; i++) this.pages.setUpper(v.root, i, 0);
      if (this.freePages >= wanted) break;
    }
    this.flushAllVcpus();
    if (this.freePages < wanted) {
      throw new ConfigError(
        `a shadow pool of ${this.poolPages} pages is too small: ${this.p2m.total} are p2m, ${this.fixedPages} snapshots and monitor tables, and one walk needs 4 more`,
        { hint: 'give it more with --shadow-pool PAGES (0 is unbounded), or --shadow-pool auto' },
      );
    }
  }

  // --- Shadow walk ------------------------------------------------------------------------------

  /**
   * Follows the shadow of `v`'s root for the page at (hi, lo) down to the l1/fl1 shadow; -1 if a level is
   * not present.
   */
  leafShadow(v: ShadowVcpu, hi: number, lo: number): number {
    let page = v.root;
    for (let level = L4; level > 1; level--) {
      const entry = this.pages.entries[page]![tableIndex(hi, lo, level)]!;
      if ((entry & SH_P) === 0) return -1;
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

  /** shadow_free: what the fault handler remembered may have been about this page. */
  #forget(page: number): void {
    for (const v of this.vcpus) {
      v.lastEmulated.ok = false;
      if (v.lastWritable === page) v.lastWritable = -1;
    }
  }

  #leaveSlot(gfn: number): void {
    const slot = this.slotOf(gfn);
    if (slot !== null) slot.gfn = -1;
  }
}
