/**
 * The shadow page-fault handler, step by step (Xen sh_page_fault, Linux FNAME(page_fault); docs/model.md 6.2, 9).
 *
 * One exit at a time: reflect a real guest fault, or build the missing shadows and the entry, prefetch
 * what is next to it, let a table go out of sync, or emulate a store to a protected one.
 */
import { pageNumberOf, tableIndex } from '../../arch/paging.js';
import type { ShadowDomain, ShadowVcpu } from './domain.js';
import { emulateStore } from './emulate.js';
import { GuestWalk } from './guest-walk.js';
import { bringHost } from './host.js';
import { LeafShadow } from './leaf-shadow.js';
import { resync, unsync, updateSnapshot } from './oos.js';
import { L1, L2, L3, L4, isLink } from './pages.js';
import { prefetch } from './prefetch.js';
import { becomesWritable, leafEntry, mayGrantWrite, setLeafEntry } from './propagate.js';
import { reserveForFault } from './reserve.js';
import { refreshEntry, unsyncShadows } from './unsync.js';
import { removeWriteAccess } from './write-access.js';

/** How the handler left things. */
export type FaultOutcome = 'guest' | 'fixed' | 'unsync' | 'emulated' | 'mmio';

export class FaultHandler {
  readonly #d: ShadowDomain;
  readonly #walk: GuestWalk;
  readonly #leaf: LeafShadow;

  constructor(domain: ShadowDomain) {
    this.#d = domain;
    this.#walk = new GuestWalk(domain);
    this.#leaf = new LeafShadow(domain, this.#walk);
  }

  /** Handles a #PF exit for (hi, lo); `present`: all shadow entries were there, only RW was missing. */
  handle(v: ShadowVcpu, hi: number, lo: number, write: boolean, present: boolean): FaultOutcome {
    const d = this.#d;
    const walk = this.#walk;
    d.counters.shFault += 1;
    const page = pageNumberOf(hi, lo);
    if (this.#fastEmulation(v, page, lo, write && present)) return 'emulated';
    for (;;) {
      if (!walk.run(v, hi, lo, write)) return this.#reflect(v, hi, lo);
      if (!d.p2m.isRam(walk.target)) {
        d.counters.shMmio += 1;
        v.lastUnshadowGfn = -1;
        return 'mmio';
      }
      if (d.policy.emulateFirst && write && present && this.#staysProtected(walk.target)) {
        this.#usePath(v, hi, lo);
        this.#emulate(v, walk.target, page, lo);
        return 'emulated';
      }
      if (bringHost(d, walk.target, write) === 'retry') return this.#fixed(v);
      this.#populate(walk.target);
      reserveForFault(d);
      if (this.#protectPath(v)) continue;
      const outcome = this.#fill(v, hi, lo, write, page);
      if (outcome !== 'again') return outcome;
    }
  }

  /** The guest's own fault. KVM takes one with P=1 as a hint that the guest changed the entry without a flush. */
  #reflect(v: ShadowVcpu, hi: number, lo: number): FaultOutcome {
    const d = this.#d;
    d.counters.shReal += 1;
    v.lastUnshadowGfn = -1;
    if (d.policy.faultRefreshes && this.#walk.forbidden) refreshEntry(d, v.root, hi, lo);
    return 'guest';
  }

  #fixed(v: ShadowVcpu): FaultOutcome {
    this.#d.counters.shFixed += 1;
    v.lastUnshadowGfn = -1;
    return 'fixed';
  }

  /** A store to the same frame as the last emulated one goes straight to emulation. */
  #fastEmulation(v: ShadowVcpu, page: number, lo: number, protectedWrite: boolean): boolean {
    const { lastEmulated } = v;
    if (!this.#d.policy.fastEmulation || !lastEmulated.ok || lastEmulated.page !== page) return false;
    const { gfn } = lastEmulated;
    if (!protectedWrite || this.#d.frames.isOutOfSync(gfn)) {
      lastEmulated.ok = false;
      return false;
    }
    this.#d.counters.shEmulateFast += 1;
    emulateStore(this.#d, v, gfn, (lo & 0xfff) >>> 3);
    if (!this.#d.frames.isTable(gfn)) lastEmulated.ok = false;
    return true;
  }

  /** The pages on the shadow path are in use: stores to their tables are counted afresh (clear_sp_write_flooding_count). */
  #usePath(v: ShadowVcpu, hi: number, lo: number): void {
    const { pages, floods } = this.#d;
    let page = v.root;
    for (let level = L4; ; level--) {
      floods[page] = 0;
      const entry = pages.entries[page]![tableIndex(hi, lo, level)]!;
      if (level === L1 || !isLink(entry)) return;
      page = entry >> 3;
    }
  }

  /** Shadow paging fills its p2m in the same exit. */
  #populate(gfn: number): void {
    if (this.#d.policy.keepsP2m && !this.#d.p2m.isMapped(gfn)) this.#d.p2m.map(gfn);
  }

  /**
   * Makes the guest tables on the path read-only (gw_remove_write_accesses); true if one had to be resynced: then
   * walk again. With a reverse map it is done when a table gets its shadow.
   */
  #protectPath(v: ShadowVcpu): boolean {
    const d = this.#d;
    const walk = this.#walk;
    if (d.policy.reverseMap) return false;
    let rewalk = false;
    let removed = false;
    for (let level = L3; level >= Math.max(L2, walk.leaf); level--) {
      if (resync(d, v, walk.table[level]!)) rewalk = true;
      else if (removeWriteAccess(d, v, walk.table[level]!)) removed = true;
    }
    if (
      walk.leaf === L1 &&
      !d.frames.isOutOfSync(walk.table[L1]!) &&
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
    const shadow = this.#leaf.get(v, hi, lo, write);
    if (d.policy.unshadowOn === 'stores') this.#usePath(v, hi, lo);
    if (shadow < 0) return this.#fixed(v); // A 2 MiB entry: no table lies in it.
    const { target, targetFlags } = walk;
    const unsynced = this.#unsyncTarget(v, shadow, write);
    const index = tableIndex(hi, lo, 1);
    if (walk.leaf === L1 && walk.moved(index)) return 'again';
    const old = d.pages.entries[shadow]![index]!;
    const entry = leafEntry(d, shadow, target, targetFlags, write ? 'store' : 'load');
    setLeafEntry(d, shadow, index, entry);
    const sameMarks = d.marks?.filled(shadow, index, true, becomesWritable(old, entry)) ?? false;
    if (walk.leaf === L1 && d.frames.isOutOfSync(walk.table[L1]!)) updateSnapshot(d, walk.table[L1]!, index);
    if (!sameMarks || old !== entry) prefetch(d, shadow, index, { frame: target, flags: targetFlags });
    if (write && this.#staysProtected(target)) {
      this.#emulate(v, target, page, lo);
      return 'emulated';
    }
    this.#fixed(v);
    return unsynced ? 'unsync' : 'fixed';
  }

  /** Lets the table that is about to be mapped writable go out of sync, if the policy lets it; true if it did. */
  #unsyncTarget(v: ShadowVcpu, shadow: number, write: boolean): boolean {
    const d = this.#d;
    const { target, targetFlags } = this.#walk;
    if (!d.frames.isTable(target)) return false;
    if (d.policy.unsyncOn === 'store') return write && unsync(d, v, target);
    if (d.frames.isUpper(target) || d.policy.oosSlots === 0) return false;
    return mayGrantWrite(d, shadow, target, targetFlags) && unsyncShadows(d, target);
  }

  /** True if stores to the frame are emulated: a table that may not go out of sync. */
  #staysProtected(target: number): boolean {
    const { frames, policy } = this.#d;
    if (policy.oosSlots === null) return frames.isUpper(target);
    return frames.isTable(target) && !frames.isOutOfSync(target);
  }

  #emulate(v: ShadowVcpu, gfn: number, page: number, lo: number): void {
    const d = this.#d;
    d.counters.shEmulate += 1;
    emulateStore(d, v, gfn, (lo & 0xfff) >>> 3);
    if (!d.frames.isTable(gfn)) return;
    v.lastEmulated.page = page;
    v.lastEmulated.gfn = gfn;
    v.lastEmulated.ok = true;
  }
}
