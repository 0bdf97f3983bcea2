/**
 * Walk caches of both dimensions and the nested TLB (rules 3.1, 3.2): one array per level of the
 * non-leaf entries it holds.
 */
import type { ArrayConfig, WalkCacheConfig } from '../../src/config/schema.js';
import { CacheArray } from './cache-array.js';
import { type Counts, pagesOf, type SizeName, SIZES } from './entry.js';

/** What a cached level-k entry leads to: the table of level k-1. */
export interface Cached<T> {
  space: string;
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
  lookup(prefix: string, space: string, page: number): (Cached<T> & { level: number }) | undefined {
    if (this.#arrays.length === 0) return undefined;
    for (const { level, array } of this.#arrays) {
      const tag = Math.floor(page / 512 ** (level - 1));
      const found = array.lookup(tag, `${space} ${tag}`);
      if (found) {
        this.#counts.add(`${prefix}pwc.${this.#name}.l${level}.hit`);
        return { ...found, level };
      }
    }
    this.#counts.add(`${prefix}pwc.${this.#name}.miss`);
    return undefined;
  }

  enter(space: string, page: number, level: number, table: T, w: boolean): void {
    const tag = Math.floor(page / 512 ** (level - 1));
    for (const a of this.#arrays) {
      if (a.level === level) a.array.enter(tag, `${space} ${tag}`, { space, table, w });
    }
  }

  /** Drops the entries that lie on the way to one page (1.3, 5). */
  dropCovering(space: string, page: number): void {
    for (const { level, array } of this.#arrays) {
      const tag = `${space} ${Math.floor(page / 512 ** (level - 1))}`;
      array.removeIf((_, key) => key === tag);
    }
  }

  /** Drops everything, or what belongs to one address space. */
  flush(space?: string): void {
    for (const { array } of this.#arrays) array.removeIf((c) => space === undefined || c.space === space);
  }
}

export class NestedTlb {
  #array: CacheArray<SizeName>;
  #counts: Counts;

  constructor(config: ArrayConfig, counts: Counts) {
    this.#array = new CacheArray(config);
    this.#counts = counts;
  }

  lookup(prefix: string, gfn: number): SizeName | undefined {
    if (this.#array.entries === 0) return undefined;
    for (const size of SIZES) {
      const page = Math.floor(gfn / pagesOf(size));
      if (this.#array.lookup(page, `${size} ${page}`)) {
        this.#counts.add(`${prefix}ntlb.hit`);
        return size;
      }
    }
    this.#counts.add(`${prefix}ntlb.miss`);
    return undefined;
  }

  enter(gfn: number, size: SizeName): void {
    const page = Math.floor(gfn / pagesOf(size));
    this.#array.enter(page, `${size} ${page}`, size);
  }
}
