/**
 * NestedWalk: the host dimension of a two-dimensional walk: gfn -> host leaf, as the hardware finds it.
 *
 * Nested TLB first, then the host walk cache, then the p2m from its root (docs/model.md 3.2, 5). A leaf that is
 * read-only serves reads; a write to it ends the walk, and no cache may hide that.
 */
import { SIZE_1G, SIZE_4K } from '../arch/paging.js';
import { P2M_ABSENT, P2M_LEAF, type P2m } from '../hypervisor/p2m.js';
import { type AccessCounters, CACHE_HIT } from '../counters.js';
import type { MachineParts, Vcpu } from './backend.js';
import type { SetAssoc } from './set-assoc.js';
import { TLB_W } from './tlb-hierarchy.js';
import type { WalkObserver } from './walk-observer.js';

/** Host walk outcomes besides a leaf size. */
export const NOT_MAPPED = -1;
export const NOT_RAM = -2;
export const NOT_WRITABLE = -3;
/** Added to the leaf size if the leaf is read-only. */
export const READ_ONLY = 4;

/** Bits of sizes: no nested TLB entry larger than 4 KiB. */
const ONLY_4K = 1 << SIZE_4K;

export class NestedWalk {
  readonly #parts: MachineParts;
  readonly #p2m: P2m;
  /** Bit per size: a nested TLB entry of it was made at some time. Other sizes need no look-up. */
  #sizes = 0;
  /** All that the nested TLB has held so far are writable 4 KiB leaves. */
  plain = true;

  constructor(parts: MachineParts, p2m: P2m) {
    this.#parts = parts;
    this.#p2m = p2m;
  }

  /** gfn -> host leaf size, with READ_ONLY, by nested TLB or host walk; or NOT_MAPPED, NOT_RAM, NOT_WRITABLE. */
  walk(vcpu: Vcpu, gfn: number, write: boolean): number {
    const c = this.#parts.origin.counters;
    const { ntlb } = vcpu;
    if (ntlb === null) return this.#hostWalk(vcpu, gfn, write, c);
    if (this.#sizes > ONLY_4K || !ntlb.enterable) return this.#walkAnySize(vcpu, ntlb, gfn, write, c);
    // All host leaves so far are 4 KiB: look-up and insertion in one pass, taken back if it is not to be.
    const set = gfn & (ntlb.sets - 1);
    const flags = ntlb.enter(set, gfn, TLB_W);
    if (flags >= 0 && (flags & TLB_W) !== 0) {
      c.ntlbHit += 1;
      return SIZE_4K;
    }
    if (flags >= 0) return this.#walkAnySize(vcpu, ntlb, gfn, write, c);
    c.ntlbMiss += 1;
    this.#sizes = ONLY_4K;
    const size = this.#hostWalk(vcpu, gfn, write, c);
    if (size === SIZE_4K) return size;
    ntlb.takeBack(set);
    if (size >= 0) this.#enter(ntlb, gfn, size, false);
    return size;
  }

  /** The same, and `observer` is told if the nested TLB knew it. */
  watchedWalk(vcpu: Vcpu, gfn: number, write: boolean, observer: WalkObserver): number {
    const c = this.#parts.origin.counters;
    const before = c.ntlbHit;
    const host = this.walk(vcpu, gfn, write);
    if (c.ntlbHit !== before) observer.cached?.('ntlb', 0);
    return host;
  }

  #walkAnySize(vcpu: Vcpu, ntlb: SetAssoc, gfn: number, write: boolean, c: AccessCounters): number {
    const known = this.#lookUp(ntlb, gfn);
    if (known >= 0 && !(write && known >= READ_ONLY)) {
      c.ntlbHit += 1;
      return known;
    }
    c.ntlbMiss += 1;
    const size = this.#hostWalk(vcpu, gfn, write, c);
    if (size >= 0) this.#enter(ntlb, gfn, size, known >= 0);
    return size;
  }

  /** Host walk cache, then the p2m: leaf size with READ_ONLY, or NOT_MAPPED, NOT_RAM, NOT_WRITABLE. */
  #hostWalk(vcpu: Vcpu, gfn: number, write: boolean, c: AccessCounters): number {
    const p2m = this.#p2m;
    const { npwc } = vcpu;
    if (!p2m.isSmall(gfn) || !this.#isPlain(vcpu)) return this.#readEntries(vcpu, gfn, write, c);
    // Which tables the walk reads only data caches and observers would want to know.
    const hit = npwc.enter(gfn);
    if (hit > 0) c.nestedWalks.add(CACHE_HIT, hit - 1, 1);
    else c.nestedWalks.add(npwc.missed, p2m.levels, 1);
    return SIZE_4K;
  }

  #isPlain(vcpu: Vcpu): boolean {
    return vcpu.npwc.enterable && !vcpu.cache.enabled && this.#parts.watch.observer === null;
  }

  /** The host walk entry by entry. */
  #readEntries(vcpu: Vcpu, gfn: number, write: boolean, c: AccessCounters): number {
    const p2m = this.#p2m;
    const { npwc, cache } = vcpu;
    const { observer } = this.#parts.watch;
    const hit = npwc.lookup(gfn);
    const first = hit > 0 ? hit - 1 : p2m.levels;
    if (observer !== null && hit > 0) observer.cached?.('npwc', hit);
    let table = p2m.tableOf(gfn, first);
    for (let level = first; ; level--) {
      const below = p2m.below(table, gfn, level);
      if (cache.enabled) cache.read(p2m.tableMfn(table), p2m.index(gfn, level), c);
      if (observer !== null) watched(observer, p2m, gfn, level, table, below);
      if (below < 0) {
        c.nestedWalks.add(hit > 0 ? CACHE_HIT : npwc.missed, first, level);
        return leafOf(p2m, gfn, level, below, write);
      }
      npwc.insert(gfn, level);
      table = below;
    }
  }

  /** Leaf size by the nested TLB, with READ_ONLY; or -1. */
  #lookUp(ntlb: SetAssoc, gfn: number): number {
    const sizes = this.#sizes;
    for (let size = SIZE_4K; sizes >> size !== 0; size++) {
      if (((sizes >> size) & 1) === 0) continue;
      const flags = ntlb.lookup(setOf(ntlb, gfn, size), keyOf(gfn, size));
      if (flags >= 0) return (flags & TLB_W) !== 0 ? size : size | READ_ONLY;
    }
    return -1;
  }

  /** @param known the look-up found the gfn, only without the right to write */
  #enter(ntlb: SetAssoc, gfn: number, leaf: number, known: boolean): void {
    const size = leaf & ~READ_ONLY;
    const flags = leaf < READ_ONLY ? TLB_W : 0;
    this.#sizes |= 1 << size;
    this.plain &&= leaf === SIZE_4K;
    if (known) ntlb.fill(setOf(ntlb, gfn, size), keyOf(gfn, size), flags);
    else ntlb.insert(setOf(ntlb, gfn, size), keyOf(gfn, size), flags);
  }
}

/** What the walk found at the entry of `level`, which links to no table. */
function leafOf(p2m: P2m, gfn: number, level: number, below: number, write: boolean): number {
  if (below === P2M_ABSENT) return p2m.isRam(gfn) ? NOT_MAPPED : NOT_RAM;
  if (below === P2M_LEAF) return level - 1;
  return write ? NOT_WRITABLE : (level - 1) | READ_ONLY;
}

function watched(
  observer: WalkObserver,
  p2m: P2m,
  gfn: number,
  level: number,
  table: number,
  below: number,
): void {
  const target = below === P2M_ABSENT ? null : below < 0 ? p2m.mfn(gfn) : below;
  observer.reference('nested', level, table, p2m.index(gfn, level), target);
}

/** The page number of `gfn` at `size`, told apart by size: keys stay below 2^30. */
function keyOf(gfn: number, size: number): number {
  return (gfn >>> (9 * size)) + (size === SIZE_4K ? 0 : size === SIZE_1G ? 0x28000000 : 0x20000000);
}

function setOf(ntlb: SetAssoc, gfn: number, size: number): number {
  return (gfn >>> (9 * size)) & (ntlb.sets - 1);
}
