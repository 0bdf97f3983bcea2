/**
 * Page-walk cache (paging-structure cache): one array per level of non-leaf entries (SDM 4.10.3.1).
 *
 * The deepest hit wins and its table is where the walk goes on. Leaves never enter: for a 2M page the
 * PDE is the leaf. Tags are (owner, address >> shift); the owner is the address space in the guest
 * dimension and nothing in the host dimension. The payload is the next table and the AND of the RW
 * bits above it. Tags are interned, so that any address width fits the 30-bit keys of SetAssoc.
 */
import type { ArrayConfig, WalkCacheConfig } from '../config/schema.js';
import { SetAssoc } from './set-assoc.js';
import type { Prng } from '../util/prng.js';

/** Interns (owner, prefix) pairs of one level as ints. */
class Tags {
  readonly #ids = new Map<number, number>();
  readonly #owners: number[] = [];
  #lastName = -1;
  #lastId = -1;

  id(owner: number, prefix: number): number {
    const name = owner * 2 ** 37 + prefix;
    if (name === this.#lastName) return this.#lastId;
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = this.#owners.length;
      this.#ids.set(name, id);
      this.#owners.push(owner);
    }
    this.#lastName = name;
    this.#lastId = id;
    return id;
  }

  owner(id: number): number {
    return this.#owners[id]!;
  }
}

export class WalkCache {
  /** False if no level has entries: then nothing is looked up and nothing counted. */
  readonly present: boolean;
  /** By level; index 0 and 1 unused. */
  readonly #arrays: readonly (SetAssoc | null)[];
  readonly #tags: readonly Tags[];
  readonly #top: number;
  /** Payload of the last hit: next table, and whether all entries above allow writes. */
  table = 0;
  writable = true;

  constructor(config: WalkCacheConfig, levels: number, prng: Prng) {
    const byLevel: (ArrayConfig | null)[] = [null, null, config.l2, config.l3, config.l4, config.l5];
    this.#arrays = byLevel.map((array, level) =>
      array !== null && array.entries > 0 && level <= levels
        ? new SetAssoc(array, { payload: true, prng })
        : null,
    );
    this.#tags = byLevel.map(() => new Tags());
    this.#top = levels;
    this.present = this.#arrays.some((array) => array !== null);
  }

  /**
   * Looks for the deepest entry that covers the address whose prefix at level k is
   * `prefix(k) = floor(page / 512^(k-1))`, `page` being the vpn (or gfn) without sign extension.
   * Returns its level and sets `table` and `writable`, or 0.
   */
  lookup(owner: number, page: number): number {
    let prefix = Math.floor(page / 512);
    for (let level = 2; level <= this.#top; level++, prefix = Math.floor(prefix / 512)) {
      const array = this.#arrays[level]!;
      if (array === null || array.live === 0) continue;
      const payload = array.lookupPayload(prefix % array.sets, this.#tags[level]!.id(owner, prefix));
      if (payload >= 0) {
        this.table = payload >> 1;
        this.writable = (payload & 1) !== 0;
        return level;
      }
    }
    return 0;
  }

  /** Enters a non-leaf entry of `level` that points to `table`. */
  fill(owner: number, page: number, level: number, table: number, writable: boolean): void {
    const array = this.#arrays[level]!;
    if (array === null) return;
    const prefix = Math.floor(page / 512 ** (level - 1));
    array.fill(
      prefix % array.sets,
      this.#tags[level]!.id(owner, prefix),
      0,
      (table << 1) | (writable ? 1 : 0),
    );
  }

  /** Drops every entry that covers the address: what a page fault on it does (SDM 4.10.4.1). */
  invalidate(owner: number, page: number): void {
    let prefix = Math.floor(page / 512);
    for (let level = 2; level <= this.#top; level++, prefix = Math.floor(prefix / 512)) {
      const array = this.#arrays[level]!;
      if (array !== null && array.live > 0)
        array.invalidate(prefix % array.sets, this.#tags[level]!.id(owner, prefix));
    }
  }

  flushOwner(owner: number): void {
    for (let level = 2; level <= this.#top; level++) {
      const tags = this.#tags[level]!;
      this.#arrays[level]?.invalidateWhere((key) => tags.owner(key) === owner);
    }
  }

  flush(): void {
    for (const array of this.#arrays) array?.flush();
  }
}
