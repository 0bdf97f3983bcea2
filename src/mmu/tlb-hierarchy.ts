/**
 * TLBs of one vcpu: L1 data, L1 instruction, unified second level; arrays per page size.
 *
 * Counting and filling follow validation of independent simulators: an L1 hit leaves the second level
 * alone; an L1 miss that hits there is copied up; a miss in both is filled into both; neither
 * inclusive nor exclusive (docs/model.md 2). Entries carry W (a store may use it) and G (global,
 * SDM 4.10.2.4). An entry covers min(guest leaf, host leaf).
 */
import { SIZE_1G, SIZE_4K } from '../arch/paging.js';
import type { MachineConfig } from '../config/schema.js';
import type { AccessCounters, MachineCounters } from '../counters.js';
import type { Prng } from '../util/prng.js';
import { LargeRegions } from './large-regions.js';
import { KERNEL_SPACE, type PageIds } from './page-ids.js';
import type { SetAssoc } from './set-assoc.js';
import { countL1Hits } from './tlb-hits.js';
import { ONLY_4K, TlbLevel } from './tlb-level.js';

/** Entry flags. */
export const TLB_W = 1;
export const TLB_G = 2;

/** Outcomes of a look-up: found in the first level with sufficient rights. */
export const TLB_HIT = 0;
/** Found in the second level, and copied into the first. */
export const TLB_HIT_SECOND = 3;
/** Found, but a store may not use it: walk again, without asking the second level. */
export const TLB_REWALK = 1;
export const TLB_MISS = 2;

export class TlbHierarchy {
  /** The array that the hot loop scans: L1D for 4 KiB pages, if page ids can index it. */
  readonly scannableData: SetAssoc | null;
  readonly scannableFetch: SetAssoc | null;
  /** Size of the entry that the last look-up found, or the last fill made. */
  hitSize = SIZE_4K;
  /**
   * Grows whenever translations are dropped or somebody else than the trace uses the TLBs: what was proved about
   * entries in use (mmu/page-columns.ts) holds no longer.
   */
  disturbances = 0;
  readonly large = new LargeRegions();
  readonly #l1d: TlbLevel;
  readonly #l1i: TlbLevel;
  readonly #stlb: TlbLevel;
  readonly #counters: MachineCounters;
  readonly #ids: PageIds;
  /** The second level's array of 4 KiB entries, if it can be looked up and filled in one pass. */
  readonly #enterable: SetAssoc | null;
  /** Set of `#enterable` whose first entry was entered ahead of the walk for it, or -1. */
  #ahead = -1;

  constructor(config: MachineConfig, ids: PageIds, counters: MachineCounters, prng: Prng) {
    this.#l1d = new TlbLevel([config.l1d, config.l1d2m, config.l1d1g], ids, prng);
    this.#l1i = new TlbLevel([config.l1i, config.l1i2m, config.l1i1g], ids, prng);
    this.#stlb = new TlbLevel([config.stlb, config.stlb2m, config.stlb1g], ids, prng);
    this.#counters = counters;
    this.#ids = ids;
    this.scannableData = scannable(this.#l1d);
    this.scannableFetch = scannable(this.#l1i);
    const small = this.#stlb.bySize[SIZE_4K]!;
    this.#enterable = small !== null && small.enterable && small.sets <= 512 ? small : null;
  }

  /**
   * The entry sizes for which stripping with `sets` sets holds (mmu/page-columns.ts): bit `size` for data, bit
   * 4 + `size` for fetches. Sets are told apart by 4 KiB page numbers, so larger pages need `sets` = 1: then the page
   * accessed last is the entry used last, whatever array it is in. An entry that has no array is never hit.
   */
  strippable(sets: number): number {
    let bits = 0;
    for (let size = SIZE_4K; size <= SIZE_1G; size++) {
      if (holdsStripped(this.#l1d.bySize[size]!, size, sets)) bits |= 1 << size;
      if (holdsStripped(this.#l1i.bySize[size]!, size, sets)) bits |= 1 << (4 + size);
    }
    return bits;
  }

  /** The second level's array, if {@link SetAssoc.scanTwo} over it and the first level does what single look-ups do. */
  scannableSecond(fetch: boolean): SetAssoc | null {
    if ((fetch ? this.#l1i : this.#l1d).sizes > ONLY_4K || this.#stlb.sizes > ONLY_4K) return null;
    return this.#secondInOrder(fetch);
  }

  /** The same, if a kernel can go over both: it leaves alone the regions of which larger entries are known. */
  secondForKernel(fetch: boolean): SetAssoc | null {
    return this.large.unseen ? null : this.#secondInOrder(fetch);
  }

  #secondInOrder(fetch: boolean): SetAssoc | null {
    const first = fetch ? this.scannableFetch : this.scannableData;
    const array = this.#enterable;
    if (first === null || array === null || !first.inOrderOfUse || !array.inOrderOfUse) return null;
    this.#takeBack();
    return array;
  }

  /** Counts `n` hits of the second level by a scan of both. */
  countSecondHits(c: AccessCounters, fetch: boolean, n: number): void {
    if (fetch) c.l1iMiss += n;
    else c.l1dMiss += n;
    c.stlbHit += n;
    c.stlbHit4k += n;
    (fetch ? this.#l1i : this.#l1d).sizes |= ONLY_4K;
  }

  /** Counts what a kernel has done: hits of the second level, and misses of both for which it walked and filled both. */
  countKernel(c: AccessCounters, fetch: boolean, hits: number, walks: number): void {
    this.countSecondHits(c, fetch, hits);
    if (walks === 0) return;
    if (fetch) c.l1iMiss += walks;
    else c.l1dMiss += walks;
    c.stlbMiss += walks;
    c.fill4k += walks;
    this.#stlb.sizes |= ONLY_4K;
  }

  /** A scan of both levels has entered `page` in the second one, ahead of the walk that its miss brings. */
  enteredAhead(c: AccessCounters, page: number, fetch: boolean): void {
    if (fetch) c.l1iMiss += 1;
    else c.l1dMiss += 1;
    c.stlbMiss += 1;
    this.#stlb.sizes = ONLY_4K;
    this.#ahead = page & (this.#enterable!.sets - 1);
  }

  /** Looks `page` up for one access, counting; see {@link TLB_HIT} and its kin. */
  lookup(page: number, write: boolean, fetch: boolean, c: AccessCounters): number {
    const level1 = fetch ? this.#l1i : this.#l1d;
    const flags = level1.lookup(page);
    if (flags >= 0) {
      this.hitSize = level1.foundSize;
      countL1Hits(c, fetch, level1.foundSize, 1);
      return write && (flags & TLB_W) === 0 ? TLB_REWALK : TLB_HIT;
    }
    if (fetch) c.l1iMiss += 1;
    else c.l1dMiss += 1;
    return this.#lookupSecond(page, write, level1, c);
  }

  /**
   * As {@link lookup} for an access that a scan of the first level (SetAssoc.scan) found wanting, if it could be scanned:
   * where there are but 4 KiB entries, a load cannot be there.
   */
  lookupMissed(page: number, write: boolean, fetch: boolean, c: AccessCounters): number {
    const level1 = fetch ? this.#l1i : this.#l1d;
    const array = this.#enterable;
    if (level1.sizes > ONLY_4K || array === null || this.#stlb.sizes > ONLY_4K)
      return this.lookup(page, write, fetch, c);
    if (write) {
      const found = level1.lookup(page);
      if (found >= 0) {
        countL1Hits(c, fetch, SIZE_4K, 1);
        this.hitSize = SIZE_4K;
        return (found & TLB_W) === 0 ? TLB_REWALK : TLB_HIT;
      }
    }
    if (fetch) c.l1iMiss += 1;
    else c.l1dMiss += 1;
    if (this.#ahead >= 0) this.#takeBack();
    const set = page & (array.sets - 1);
    const flags = array.enter(set, page, 0);
    if (flags < 0) {
      this.#ahead = set;
      this.#stlb.sizes = ONLY_4K;
      c.stlbMiss += 1;
      return TLB_MISS;
    }
    c.stlbHit += 1;
    c.stlbHit4k += 1;
    if (write && (flags & TLB_W) === 0) return TLB_REWALK;
    this.hitSize = SIZE_4K;
    level1.fill(page, SIZE_4K, flags, true);
    return TLB_HIT_SECOND;
  }

  /** Flags in the second level, or -1. Where it can, this enters the page ahead of the walk that a miss brings. */
  #flagsInSecond(page: number): number {
    const array = this.#enterable;
    if (array === null || this.#stlb.sizes > ONLY_4K) return this.#stlb.lookup(page);
    this.#takeBack();
    this.#stlb.sizes = ONLY_4K;
    this.#stlb.foundSize = SIZE_4K;
    const set = page & (array.sets - 1);
    const flags = array.enter(set, page, 0);
    if (flags < 0) this.#ahead = set;
    return flags;
  }

  /** Undoes an entry made ahead: whatever else happens to the second level has to find it as it was. */
  #takeBack(): void {
    if (this.#ahead < 0) return;
    this.#enterable!.takeBack(this.#ahead);
    this.#ahead = -1;
  }

  #lookupSecond(page: number, write: boolean, level1: TlbLevel, c: AccessCounters): number {
    const flags = this.#flagsInSecond(page);
    if (flags < 0) {
      c.stlbMiss += 1;
      return TLB_MISS;
    }
    const size = this.#stlb.foundSize;
    c.stlbHit += 1;
    if (size === SIZE_4K) c.stlbHit4k += 1;
    else if (size === SIZE_1G) c.stlbHit1g += 1;
    else c.stlbHit2m += 1;
    if (write && (flags & TLB_W) === 0) return TLB_REWALK;
    this.hitSize = size;
    level1.fill(page, size, flags, true);
    return TLB_HIT_SECOND;
  }

  /**
   * Enters a translation after a walk, second level first.
   * @param absent the look-up before the walk was a miss, and nothing has used the TLBs since
   */
  fill(page: number, size: number, flags: number, fetch: boolean, absent: boolean, c: AccessCounters): void {
    if (size === SIZE_4K) c.fill4k += 1;
    else if (size === SIZE_1G) c.fill1g += 1;
    else c.fill2m += 1;
    this.hitSize = size;
    if (size !== SIZE_4K) this.large.mark(page, size);
    if (this.#ahead >= 0 && absent && size === SIZE_4K) {
      this.#enterable!.mark(this.#ahead, flags);
      this.#ahead = -1;
    } else {
      this.#takeBack();
      this.#stlb.fill(page, size, flags, absent);
    }
    (fetch ? this.#l1i : this.#l1d).fill(page, size, flags, absent);
  }

  /** INVLPG: entries of every size that cover `page`, global ones too (SDM 4.10.4.1). */
  flushPage(page: number): void {
    this.#counters.flushPage += 1;
    this.dropPage(page);
  }

  /** As {@link flushPage}, uncounted: a page fault drops the translation it faulted on. */
  dropPage(page: number): void {
    this.disturbances += 1;
    this.#takeBack();
    this.#l1d.invalidatePage(page);
    this.#l1i.invalidatePage(page);
    this.#stlb.invalidatePage(page);
  }

  /** Non-global entries of `space`, and of the kernel space; `null`: of every space. */
  flushSpace(space: number | null): void {
    this.#counters.flushAsid += 1;
    this.dropNonGlobal(space);
  }

  /** As {@link flushSpace}, uncounted: for a switch that keeps its tag. */
  dropNonGlobal(space: number | null): void {
    const ids = this.#ids;
    this.#invalidateWhere((key, flags) => {
      if ((flags & TLB_G) !== 0) return false;
      if (space === null) return true;
      const owner = ids.spaceOfKey(key);
      return owner === space || owner === KERNEL_SPACE;
    });
  }

  flushAll(): void {
    this.#counters.flushAll += 1;
    this.clear();
  }

  /** Empties everything without counting. */
  clear(): void {
    this.disturbances += 1;
    this.#takeBack();
    this.large.clear();
    this.#l1d.flush();
    this.#l1i.flush();
    this.#stlb.flush();
  }

  #invalidateWhere(drop: (key: number, flags: number) => boolean): void {
    this.disturbances += 1;
    this.#takeBack();
    this.#l1d.invalidateWhere(drop);
    this.#l1i.invalidateWhere(drop);
    this.#stlb.invalidateWhere(drop);
  }
}

function holdsStripped(array: SetAssoc | null, size: number, sets: number): boolean {
  return array !== null && (sets === 1 || (size === SIZE_4K && array.sets % sets === 0));
}

/** An array whose set index is in the low 9 bits of a page id can be scanned with page ids. */
function scannable(level: TlbLevel): SetAssoc | null {
  const array = level.bySize[SIZE_4K]!;
  return array !== null && array.sets <= 512 ? array : null;
}
