/**
 * LeafTables: which level-1 guest table serves each 2 MiB region of an address space, as the last walk of it found.
 *
 * Only a hint, kept for speed. A walk that comes to a table asks for its slot here and is answered if it is the table
 * expected, with one cache line instead of a hash. And before a block of accesses that will mostly walk, the entries
 * that their walks are going to read are read at once, so that the processor waits for many of them together and not
 * for each in turn: a quarter of the time of uniform accesses (bench/README.md, row uniform).
 */
import type { GuestTables } from '../guest/page-table.js';

const FIRST_REGIONS = 4096;

export class LeafTables {
  readonly #tables: GuestTables;
  /** By region: frame of the table, and its slot (-1: not known). */
  #known = new Int32Array(2 * FIRST_REGIONS).fill(-1);

  constructor(tables: GuestTables) {
    this.#tables = tables;
  }

  /** Slot of the table in frame `table`, which a walk for `page` (a page id) has come to at level 1. */
  slot(page: number, table: number): number {
    const at = (page >>> 9) << 1;
    return this.#known[at] === table ? this.#known[at + 1]! : this.#note(at, table);
  }

  /** Slot of the table in frame `table`, if it is the one that was last walked through for `region`; else -1. */
  known(region: number, table: number): number {
    return this.#known[region << 1] === table ? this.#known[(region << 1) + 1]! : -1;
  }

  #note(at: number, table: number): number {
    const slot = this.#tables.slot(table);
    while (at >= this.#known.length) this.#grow();
    this.#known[at] = table;
    this.#known[at + 1] = slot;
    return slot;
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#known.length).fill(-1);
    larger.set(this.#known);
    this.#known = larger;
  }

  /**
   * Reads the leaf entries of `keys[from..end)` (each `page id << 2 | store`) ahead of their walks.
   * @param frames takes the frames of tables and pages that the walks will come to
   * @returns how many they are: at most twice the number of keys
   */
  ahead(keys: Int32Array, from: number, end: number, frames: Int32Array): number {
    const known = this.#known;
    let n = 0;
    for (let i = from; i < end; i++) {
      const page = keys[i]! >>> 2;
      const at = (page >>> 9) << 1;
      if (at >= known.length || known[at]! < 0) continue;
      frames[n] = known[at]!;
      frames[n + 1] = this.#tables.frameAt(known[at + 1]!, page & 511);
      n += 2;
    }
    return n;
  }
}
