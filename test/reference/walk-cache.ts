/**
 * Walk caches of both dimensions and the nested TLB (rules 3.1, 3.2): one array per level of the
 * non-leaf entries it holds.
 */
import type { ArrayConfig, WalkCacheConfig } from '../../src/config/schema.js';
import { CacheArray } from './cache-array.js';
import { type Counts, type Origin, pagesOf, type SizeName, SIZES } from './entry.js';

/** What a cached level-k entry leads to: the table of level k-1. */
export interface Cached<T> {
  space: string;
  /** page >> 9*(k-1). */
  tag: number;
  table: T;
  w: boolean;
}

export class WalkCache<T> {
  #arrays: { level: number; array: CacheArray<Cached<T>> }[] = [];
  #counts: Counts;
  #name: string;

  /** `name` is `guest` or `nested`; levels 2..`top` are used. */
  constructor(config: WalkCacheConfig, top: number, name: string, counts: Counts) {
    const byLevel: [number, ArrayConfig][] = [
      [2, config.l2],
      [3, config.l3],
      [4, config.l4],
      [5, config.l5],
    ];
    for (const [level, array] of byLevel) {
      if (level <= top && array.entries > 0) this.#arrays.push({ level, array: new CacheArray(array) });
    }
    this.#name = name;
    this.#counts = counts;
  }

  /** From level 2 upwards, the first found is the hit; `level` is that of the cached entry. */
  lookup(origin: Origin, space: string, page: number): (Cached<T> & { level: number }) | undefined {
    if (this.#arrays.length === 0) return undefined;
    for (const { level, array } of this.#arrays) {
      const tag = Math.floor(page / 512 ** (level - 1));
      const found = array.lookup(tag, (c) => c.tag === tag && c.space === space);
      if (found) {
        this.#counts.addFor(origin, `pwc.${this.#name}.l${level}.hit`);
        return { ...found, level };
      }
    }
    this.#counts.addFor(origin, `pwc.${this.#name}.miss`);
    return undefined;
  }

  enter(space: string, page: number, level: number, table: T, w: boolean): void {
    const tag = Math.floor(page / 512 ** (level - 1));
    for (const a of this.#arrays) {
      if (a.level !== level) continue;
      a.array.enter(tag, (c) => c.tag === tag && c.space === space, { space, tag, table, w });
    }
  }

  /** Drops the entries that lie on the way to one page (1.3, 5). */
  dropCovering(space: string, page: number): void {
    for (const { level, array } of this.#arrays) {
      const tag = Math.floor(page / 512 ** (level - 1));
      array.removeIf((c) => c.tag === tag && c.space === space);
    }
  }

  /** Drops everything, or what belongs to one address space. */
  flush(space?: string): void {
    for (const { array } of this.#arrays) array.removeIf((c) => space === undefined || c.space === space);
  }
}

export class NestedTlb {
  #array: CacheArray<{ size: SizeName; page: number }>;
  #counts: Counts;

  constructor(config: ArrayConfig, counts: Counts) {
    this.#array = new CacheArray(config);
    this.#counts = counts;
  }

  lookup(origin: Origin, gfn: number): SizeName | undefined {
    if (this.#array.entries === 0) return undefined;
    for (const size of SIZES) {
      const page = Math.floor(gfn / pagesOf(size));
      if (this.#array.lookup(page, (t) => t.size === size && t.page === page)) {
        this.#counts.addFor(origin, 'ntlb.hit');
        return size;
      }
    }
    this.#counts.addFor(origin, 'ntlb.miss');
    return undefined;
  }

  enter(gfn: number, size: SizeName): void {
    const page = Math.floor(gfn / pagesOf(size));
    this.#array.enter(page, (t) => t.size === size && t.page === page, { size, page });
  }
}
