/**
 * Page-walk caches (paging-structure caches): one array per level of non-leaf entries (SDM 4.10.3.1).
 *
 * The deepest hit wins and its table is where the walk goes on. Leaves never enter: for a 2M page the
 * PDE is the leaf. The payload is the next table and the AND of the RW bits above it. An entry's tag is the
 * range of addresses that it covers: in the guest dimension an interned range of an address space
 * (mmu/page-ids.ts), in the host dimension simply a piece of the gfn.
 */
import type { ArrayConfig, WalkCacheConfig } from '../config/schema.js';
import { CACHE_HIT, CACHE_MISS, UNCACHED } from '../counters.js';
import type { Prng } from '../util/prng.js';
import { KERNEL_SPACE, MAX_REGIONS, type PageIds } from './page-ids.js';
import { SetAssoc } from './set-assoc.js';

/** By level; null where there is no array. Index 0 and 1 are unused. */
type Arrays = readonly (SetAssoc | null)[];

function arraysOf(config: WalkCacheConfig, levels: number, prng: Prng, payload: boolean): Arrays {
  const byLevel: (ArrayConfig | null)[] = [null, null, config.l2, config.l3, config.l4, config.l5];
  return byLevel.map((array, level) =>
    array !== null && array.entries > 0 && level <= levels ? new SetAssoc(array, { payload, prng }) : null,
  );
}

/**
 * Host dimension: which non-leaf p2m entries are cached, by gfn. No payload: where an entry leads the p2m itself tells,
 * for its tables stay where they are as long as anything is cached.
 */
export class HostWalkCache {
  /** What a walk that found nothing is counted as (WalkShapes.add): UNCACHED if there is no array at all. */
  readonly missed: number;
  /** True if {@link enter} may be used. */
  readonly enterable: boolean;
  readonly arrays: Arrays;
  /** The array of level 2, which most walks ask and no other. */
  readonly #pde: SetAssoc | null;
  readonly levels: number;

  constructor(config: WalkCacheConfig, levels: number, prng: Prng) {
    this.arrays = arraysOf(config, levels, prng, false);
    this.#pde = this.arrays[2]!;
    this.levels = levels;
    this.missed = outcomeOfMiss(this.arrays);
    this.enterable = this.arrays.every((array) => array === null || array.enterable);
  }

  /** Level of the deepest entry that covers `gfn`, or 0. */
  lookup(gfn: number): number {
    for (let level = 2; level <= this.levels; level++) {
      const array = this.arrays[level]!;
      if (array === null || array.live === 0) continue;
      const tag = tagOf(gfn, level);
      if (array.lookup(tag & (array.sets - 1), tag) >= 0) return level;
    }
    return 0;
  }

  /** Enters a non-leaf entry of `level`; the look-up before the walk did not find it. */
  insert(gfn: number, level: number): void {
    const array = this.arrays[level]!;
    if (array === null) return;
    const tag = tagOf(gfn, level);
    array.insert(tag & (array.sets - 1), tag, 0);
  }

  /** {@link lookup}, and {@link insert} of every entry below what it found, for a walk that goes down to level 1. */
  enter(gfn: number): number {
    const pde = this.#pde;
    if (pde !== null) {
      const tag = gfn >>> 9;
      if (pde.enter(tag & (pde.sets - 1), tag, 0) >= 0) return 2;
    }
    for (let level = 3; level <= this.levels; level++) {
      const array = this.arrays[level]!;
      if (array === null) continue;
      const tag = tagOf(gfn, level);
      if (array.enter(tag & (array.sets - 1), tag, 0) >= 0) return level;
    }
    return 0;
  }

  invalidate(gfn: number): void {
    for (let level = 2; level <= this.levels; level++) {
      const array = this.arrays[level]!;
      if (array === null || array.live === 0) continue;
      const tag = tagOf(gfn, level);
      array.invalidate(tag & (array.sets - 1), tag);
    }
  }

  flush(): void {
    for (const array of this.arrays) array?.flush();
  }
}

function outcomeOfMiss(arrays: Arrays): number {
  return arrays.some((array) => array !== null) ? CACHE_MISS : UNCACHED;
}

/** gfn >> 9 (level - 1); a gfn has at most 30 bits. */
function tagOf(gfn: number, level: number): number {
  return level < 5 ? gfn >>> (9 * (level - 1)) : 0;
}

/** Tags of ranges of the high half, which each address space walks by tables of its own: above all range ids. */
class KernelTags {
  readonly #ids = new Map<number, number>();
  readonly #owners: number[] = [];
  #lastName = -1;
  #lastTag = -1;

  tag(owner: number, range: number): number {
    const name = owner * MAX_REGIONS + range;
    if (name === this.#lastName) return this.#lastTag;
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.#owners.length;
      this.#ids.set(name, id);
      this.#owners.push(owner);
    }
    this.#lastName = name;
    this.#lastTag = MAX_REGIONS + id;
    return this.#lastTag;
  }

  owner(tag: number): number {
    return this.#owners[tag - MAX_REGIONS]!;
  }
}

/** Guest dimension (shadow entries, in shadow mode): an address of an address space -> table. */
export class WalkCache {
  readonly #missed: number;
  readonly arrays: Arrays;
  readonly #ids: PageIds;
  readonly #kernel: readonly KernelTags[];
  readonly #top: number;
  /** What the last hit says: the next table, and whether all entries above allow writes. */
  table = 0;
  writable = true;
  /** Of the last look-up: CACHE_HIT, CACHE_MISS, or UNCACHED if there is no array at all (WalkShapes.add). */
  outcome: number;

  constructor(config: WalkCacheConfig, levels: number, ids: PageIds, prng: Prng) {
    this.arrays = arraysOf(config, levels, prng, true);
    this.#ids = ids;
    this.#kernel = this.arrays.map(() => new KernelTags());
    this.#top = levels;
    this.#missed = this.outcome = outcomeOfMiss(this.arrays);
  }

  /**
   * Level of the deepest entry that covers `page` (a page id) in the address space `owner`, with `table` and
   * `writable` set; or 0.
   */
  lookup(owner: number, page: number): number {
    const { regions, giants } = this.#ids;
    const region = page >>> 9;
    if (regions.space[region] === KERNEL_SPACE) return this.#lookupFrom(2, owner, region);
    const pde = this.arrays[2]!;
    if (pde !== null) {
      const payload = pde.lookupPayload(regions.number[region]! & (pde.sets - 1), region);
      if (payload >= 0) return this.#found(payload, 2);
    }
    const giant = regions.above[region]!;
    const pdpte = this.arrays[3]!;
    if (pdpte !== null) {
      const payload = pdpte.lookupPayload(giants.number[giant]! & (pdpte.sets - 1), giant);
      if (payload >= 0) return this.#found(payload, 3);
    }
    if (this.#top > 3) return this.#lookupFrom(4, owner, giants.above[giant]!);
    this.outcome = this.#missed;
    return 0;
  }

  #found(payload: number, level: number): number {
    this.table = payload >> 1;
    this.writable = (payload & 1) !== 0;
    this.outcome = CACHE_HIT;
    return level;
  }

  /** The same from `level` up, whose range is `range`. */
  #lookupFrom(from: number, owner: number, first: number): number {
    let range = first;
    for (let level = from; ; level++) {
      const array = this.arrays[level]!;
      if (array !== null && array.live > 0) {
        const set = this.#ids.rangeNumber(range, level) & (array.sets - 1);
        const payload = array.lookupPayload(set, this.#tag(owner, range, level));
        if (payload >= 0) return this.#found(payload, level);
      }
      if (level === this.#top) break;
      range = this.#ids.above(range, level);
    }
    this.outcome = this.#missed;
    return 0;
  }

  /** Enters a non-leaf entry of `level` that points to `table`. */
  fill(owner: number, page: number, level: number, table: number, writable: boolean): void {
    const array = this.arrays[level]!;
    if (array === null) return;
    const range = this.#ids.range(page, level);
    const set = this.#ids.rangeNumber(range, level) & (array.sets - 1);
    array.fill(set, this.#tag(owner, range, level), 0, (table << 1) | (writable ? 1 : 0));
  }

  /** As {@link fill}, for an entry that the look-up at the start of this walk did not find. */
  insert(owner: number, page: number, level: number, table: number, writable: boolean): void {
    const array = this.arrays[level]!;
    if (array === null) return;
    const range = this.#ids.range(page, level);
    const set = this.#ids.rangeNumber(range, level) & (array.sets - 1);
    array.insert(set, this.#tag(owner, range, level), 0, (table << 1) | (writable ? 1 : 0));
  }

  /** Drops every entry that covers the page: what a page fault on it does (SDM 4.10.4.1). */
  invalidate(owner: number, page: number): void {
    for (let level = 2; level <= this.#top; level++) {
      const array = this.arrays[level]!;
      if (array === null || array.live === 0) continue;
      const range = this.#ids.range(page, level);
      const set = this.#ids.rangeNumber(range, level) & (array.sets - 1);
      array.invalidate(set, this.#tag(owner, range, level));
    }
  }

  flushOwner(owner: number): void {
    for (let level = 2; level <= this.#top; level++) {
      this.arrays[level]?.invalidateWhere((tag) => this.#ownerOf(tag, level) === owner);
    }
  }

  flush(): void {
    for (const array of this.arrays) array?.flush();
  }

  #tag(owner: number, range: number, level: number): number {
    const ownRange = this.#ids.rangeSpace(range, level) !== KERNEL_SPACE;
    return ownRange ? range : this.#kernel[level]!.tag(owner, range);
  }

  #ownerOf(tag: number, level: number): number {
    return tag < MAX_REGIONS ? this.#ids.rangeSpace(tag, level) : this.#kernel[level]!.owner(tag);
  }
}
