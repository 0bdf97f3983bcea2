/**
 * The shadow page-fault handler, step by step in the order of Xen's sh_page_fault (docs/model.md 6.2).
 *
 * One exit at a time: reflect a real guest fault, or build the missing shadows and the entry, prefetch
 * what follows it, let a table go out of sync, or emulate a store to a protected one.
 */
import { ENTRIES, pageNumberOf, pageOffset, tableIndex } from '../../arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW } from '../../arch/pte.js';
import { ConfigError } from '../../errors.js';
import type { ShadowDomain, ShadowVcpu } from './domain.js';
import { emulateStore } from './emulate.js';
import { resync, resyncAll, unsync, updateSnapshot } from './oos.js';
import { FL1, L1, L2, L3, L4, SH_P, SH_RW } from './pages.js';
import { leafEntry, setLeafEntry, upperEntry } from './propagate.js';
import { removeWriteAccess } from './write-access.js';

/** How the handler left things. */
export type FaultOutcome = 'guest' | 'fixed' | 'unsync' | 'emulated' | 'mmio';

/** What the software walk of the guest's tables found. */
interface GuestWalk {
  /** Frame of the guest table at each level, and its entry for the address. */
  readonly table: number[];
  readonly frame: number[];
  readonly flags: number[];
  /** Level of the leaf: 1, or 2 (3) for a superpage. */
  leaf: number;
  /** The 4 KiB frame that the address maps, with the leaf's flags as an l1 entry. */
  target: number;
  targetFlags: number;
}

/** Xen hides 1G pages from shadow guests (cpufeatureset.h, PAGE1GB is HAP-only). */
function refuseGiant(): never {
  throw new ConfigError('the guest maps a 1G page, which Xen hides from a guest under shadow paging', {
    hint: 'use --page-size 2m and --direct-map 2m, or leave the mode shadow out',
  });
}

export class FaultHandler {
  readonly #d: ShadowDomain;
  readonly #walk: GuestWalk = { table: [], frame: [], flags: [], leaf: 1, target: 0, targetFlags: 0 };

  constructor(domain: ShadowDomain) {
    this.#d = domain;
  }

  /** Handles a #PF exit for (hi, lo); `present`: all shadow entries were there, only RW was missing. */
  handle(v: ShadowVcpu, hi: number, lo: number, write: boolean, present: boolean): FaultOutcome {
    const d = this.#d;
    d.counters.shFault += 1;
    const page = pageNumberOf(hi, lo);
    if (this.#fastEmulation(v, page, lo, write && present)) return 'emulated';
    for (;;) {
      if (!this.#walkGuest(v, hi, lo, write)) {
        d.counters.shReal += 1;
        v.lastUnshadowGfn = -1;
        return 'guest';
      }
      if (!d.p2m.isRam(this.#walk.target)) {
        d.counters.shMmio += 1;
        v.lastUnshadowGfn = -1;
        return 'mmio';
      }
      this.#populate(this.#walk.target);
      d.reserve(3);
      if (this.#protectPath(v)) continue;
      const outcome = this.#fill(v, hi, lo, write, page);
      if (outcome !== 'again') return outcome;
    }
  }

  /** A store to the same frame as the last emulated one goes straight to emulation. */
  #fastEmulation(v: ShadowVcpu, page: number, lo: number, protectedWrite: boolean): boolean {
    const { lastEmulated } = v;
    if (!this.#d.policy.fastEmulation || !lastEmulated.ok || lastEmulated.page !== page) return false;
    const { gfn } = lastEmulated;
    if (!protectedWrite || this.#d.pages.isOutOfSync(gfn)) {
      lastEmulated.ok = false;
      return false;
    }
    this.#d.counters.shEmulateFast += 1;
    emulateStore(this.#d, v, gfn, (lo & 0xfff) >>> 3);
    if (!this.#d.pages.isTable(gfn)) lastEmulated.ok = false;
    return true;
  }

  /** Walks the guest tables, setting A on the path and D for a store; false if they forbid the access. */
  #walkGuest(v: ShadowVcpu, hi: number, lo: number, write: boolean): boolean {
    const d = this.#d;
    const { tables } = d.guest;
    const walk = this.#walk;
    d.counters.shGuestWalks += 1;
    let table = d.guest.current[v.id]!.root;
    let writable = true;
    for (let level = L4; ; level--) {
      const index = tableIndex(hi, lo, level);
      const flags = tables.flags(table, index);
      if ((flags & PTE_P) === 0) return false;
      walk.table[level] = table;
      walk.frame[level] = tables.frame(table, index);
      walk.flags[level] = flags;
      writable &&= (flags & PTE_RW) !== 0;
      if (level === L1 || (level <= L3 && (flags & PTE_PS) !== 0)) {
        walk.leaf = level;
        if (level === L3) refuseGiant();
        break;
      }
      table = walk.frame[level]!;
    }
    if (write && !writable) return false;
    for (let level = L4; level >= walk.leaf; level--) {
      const marked = walk.flags[level]! | PTE_A | (write && level === walk.leaf ? PTE_D : 0);
      if (marked !== walk.flags[level])
        tables.setFlags(walk.table[level]!, tableIndex(hi, lo, level), marked);
      walk.flags[level] = marked;
    }
    this.#noteTarget(hi, lo);
    return true;
  }

  /** A superpage's piece is shadowed as an l1 entry whose A and D are the superpage's business. */
  #noteTarget(hi: number, lo: number): void {
    const walk = this.#walk;
    const flags = walk.flags[walk.leaf]!;
    walk.target = walk.frame[walk.leaf]! + pageOffset(hi, lo, walk.leaf - 1);
    walk.targetFlags = walk.leaf === L1 ? flags : (flags & ~PTE_PS) | PTE_A | PTE_D;
  }

  /** Shadow paging fills its p2m in the same exit. */
  #populate(gfn: number): void {
    if (!this.#d.p2m.isMapped(gfn)) this.#d.p2m.map(gfn);
  }

  /** Makes the guest tables on the path read-only; true if one had to be resynced: then walk again. */
  #protectPath(v: ShadowVcpu): boolean {
    const d = this.#d;
    const walk = this.#walk;
    let rewalk = false;
    let removed = false;
    for (let level = L3; level >= Math.max(L2, walk.leaf); level--) {
      if (resync(d, v, walk.table[level]!)) rewalk = true;
      else if (removeWriteAccess(d, v, walk.table[level]!)) removed = true;
    }
    if (
      walk.leaf === L1 &&
      !d.pages.isOutOfSync(walk.table[L1]!) &&
      removeWriteAccess(d, v, walk.table[L1]!)
    ) {
      removed = true;
    }
    if (removed) {
      d.counters.shFlushWr += 1;
      d.flushAllVcpus();
    }
    return rewalk;
  }

  /** Builds the shadows, unsyncs, writes the entry, prefetches; or 'again' if the guest entry moved. */
  #fill(v: ShadowVcpu, hi: number, lo: number, write: boolean, page: number): FaultOutcome | 'again' {
    const d = this.#d;
    const walk = this.#walk;
    const shadow = this.#getLeafShadow(v, hi, lo, write);
    const target = walk.target;
    const unsynced = write && d.pages.isTable(target) && unsync(d, v, target);
    const index = tableIndex(hi, lo, 1);
    if (walk.leaf === L1 && this.#moved(index)) return 'again';
    setLeafEntry(d, shadow, index, leafEntry(d, target, walk.targetFlags, write));
    if (walk.leaf === L1 && d.pages.isOutOfSync(walk.table[L1]!)) updateSnapshot(d, walk.table[L1]!, index);
    this.#prefetch(shadow, index);
    if (write && d.pages.isTable(target) && !d.pages.isOutOfSync(target)) {
      this.#emulate(v, target, page, lo);
      return 'emulated';
    }
    d.counters.shFixed += 1;
    v.lastUnshadowGfn = -1;
    return unsynced ? 'unsync' : 'fixed';
  }

  /** True if the guest's L1 entry is not what the walk read (a resync in between). */
  #moved(index: number): boolean {
    const { tables } = this.#d.guest;
    const walk = this.#walk;
    return (
      tables.flags(walk.table[L1]!, index) !== walk.flags[L1] ||
      tables.frame(walk.table[L1]!, index) !== walk.frame[L1]
    );
  }

  #emulate(v: ShadowVcpu, gfn: number, page: number, lo: number): void {
    const d = this.#d;
    d.counters.shEmulate += 1;
    emulateStore(d, v, gfn, (lo & 0xfff) >>> 3);
    if (!d.pages.isTable(gfn)) return;
    v.lastEmulated.page = page;
    v.lastEmulated.gfn = gfn;
    v.lastEmulated.ok = true;
  }

  /** shadow_get_and_create_l1e: the l1 (or fl1) shadow for the address, linking what is missing. */
  #getLeafShadow(v: ShadowVcpu, hi: number, lo: number, write: boolean): number {
    const d = this.#d;
    const { pages } = d;
    const walk = this.#walk;
    let parent = v.root;
    let linkedUpper = false;
    for (let level = L3; level >= L2; level--) {
      const index = tableIndex(hi, lo, level + 1);
      const entry = pages.entries[parent]![index]!;
      if ((entry & SH_P) !== 0) parent = entry >> 3;
      else {
        const child = this.#shadowOf(v, walk.table[level]!, level);
        pages.setUpper(parent, index, upperEntry(child, walk.flags[level + 1]!, level + 1));
        parent = child;
        linkedUpper = true;
      }
    }
    const leaf = this.#linkLeaf(v, parent, hi, lo, write);
    if (linkedUpper) resyncAll(d, v);
    return leaf;
  }

  /** The sL2 entry must be there, and writable for a store to a superpage whose D was clear before. */
  #linkLeaf(v: ShadowVcpu, parent: number, hi: number, lo: number, write: boolean): number {
    const d = this.#d;
    const walk = this.#walk;
    const index = tableIndex(hi, lo, L2);
    const entry = d.pages.entries[parent]![index]!;
    const large = walk.leaf === L2;
    if ((entry & SH_P) !== 0 && !(write && large && (entry & SH_RW) === 0)) return entry >> 3;
    const child = large ? this.#shadowOf(v, walk.frame[L2]!, FL1) : this.#shadowOf(v, walk.table[L1]!, L1);
    if (!large) resync(d, v, walk.table[L1]!);
    d.pages.setUpper(parent, index, upperEntry(child, walk.flags[L2]!, L2));
    return child;
  }

  /** The shadow of (gfn, type) by hash, or a new one; a frame that turns into another kind of table is in sync. */
  #shadowOf(v: ShadowVcpu, gfn: number, type: number): number {
    const { pages } = this.#d;
    const known = pages.find(gfn, type);
    if (known >= 0) return known;
    if (type !== FL1) resync(this.#d, v, gfn);
    return pages.make(gfn, type);
  }

  /** sh_prefetch: fills upwards until an entry is there already, or would fault again for A or D. */
  #prefetch(shadow: number, index: number): void {
    const d = this.#d;
    const walk = this.#walk;
    const { tables } = d.guest;
    const entries = d.pages.entries[shadow]!;
    const end = Math.min(index + d.policy.prefetchDistance, ENTRIES);
    const table = walk.table[L1]!;
    for (let i = index + 1; i < end && entries[i] === 0; i++) {
      let frame = walk.target + (i - index);
      let flags = walk.targetFlags;
      if (walk.leaf === L1) {
        frame = tables.frame(table, i);
        flags = tables.flags(table, i);
        const clean = (flags & PTE_RW) !== 0 && (flags & PTE_D) === 0;
        if ((flags & PTE_P) !== 0 && ((flags & PTE_A) === 0 || clean)) break;
      }
      const entry = leafEntry(d, frame, flags, false);
      setLeafEntry(d, shadow, i, entry);
      if ((entry & SH_P) !== 0) d.counters.shPrefetch += 1;
      if (walk.leaf === L1 && d.pages.isOutOfSync(table)) updateSnapshot(d, table, i);
    }
  }
}
