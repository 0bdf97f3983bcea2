/**
 * KnownTables: which level-1 guest table serves each 2 MiB region of an address space, and which level-2 and level-3 tables
 * each 1 GiB range, as the last walk of it found.
 *
 * Only a hint, kept for speed. A walk that comes to a table asks for its slot here and is answered if it is the table
 * expected, with one cache line instead of a hash; and a kernel (mmu/replay-kernel.ts) finds tables by it, once it is in an
 * arena. A frame that has become a table keeps its slot, and a slot its place, so nothing here grows old.
 */
import type { GuestTables } from '../guest/page-table.js';
import type { Arena } from '../util/arena.js';
import type { PageIds } from './page-ids.js';

/** Of each range: frame of the table (-1: not known), its slot, its address in the arena, and its place in walk caches. */
const WORDS = 4;
const FIRST_REGIONS = 4096;
const FIRST_GIANTS = 64;
/** Bits of a region's number that {@link Hints} keeps, with its giant above them. */
export const PLACE_BITS = 12;

/** What is known of the ranges of one level. */
class Hints {
  words: Int32Array;
  /** Where the words are in the arena, 0 if they are not. */
  at = 0;

  constructor(capacity: number) {
    this.words = blank(new Int32Array(WORDS * capacity));
  }

  get capacity(): number {
    return this.words.length / WORDS;
  }

  /** Room for range `id`, and a new home if there is an arena. */
  grow(id: number, arena: Arena | null): void {
    let capacity = this.capacity;
    while (id >= capacity) capacity *= 2;
    this.move(capacity, arena);
  }

  move(capacity: number, arena: Arena | null): void {
    const old = this.words;
    this.at = arena?.take(4 * WORDS * capacity) ?? 0;
    const words = this.at > 0 ? arena!.int32(this.at, WORDS * capacity) : new Int32Array(WORDS * capacity);
    this.words = blank(words);
    words.set(old);
  }
}

/** Words of ranges of which nothing is known: no frame, and the address 0, at which a kernel may read ahead. */
function blank(words: Int32Array): Int32Array {
  words[0] = -1;
  // Twice as many each time: one by one they take longer than all else that a machine is made of.
  for (let done = WORDS; done < words.length; done *= 2) words.copyWithin(done, 0, done);
  return words;
}

export class KnownTables {
  readonly #tables: GuestTables;
  readonly #ids: PageIds;
  readonly regions = new Hints(FIRST_REGIONS);
  readonly giants = new Hints(FIRST_GIANTS);
  /** By giant, too: the level-3 table above the level-2 table that serves it. */
  readonly tops = new Hints(FIRST_GIANTS);
  #arena: Arena | null = null;

  constructor(tables: GuestTables, ids: PageIds) {
    this.#tables = tables;
    this.#ids = ids;
  }

  /** Slot of the table in frame `table`, which a walk for `page` (a page id) has come to at `level`. */
  slot(page: number, table: number, level: number): number {
    if (level > 3) return this.#tables.slot(table);
    const region = page >>> 9;
    const hints = level === 1 ? this.regions : level === 2 ? this.giants : this.tops;
    const id = level === 1 ? region : this.#ids.regions.above[region]!;
    const { words } = hints;
    const at = WORDS * id;
    return words[at] === table ? words[at + 1]! : this.#note(hints, id, table, level);
  }

  /** Keeps what is known where a kernel finds it. */
  moveTo(arena: Arena): void {
    if (this.#arena !== null) return;
    this.#arena = arena;
    for (const hints of [this.regions, this.giants, this.tops]) {
      hints.move(hints.capacity, arena);
      const { words } = hints;
      for (let at = 0; at < words.length; at += WORDS)
        if (words[at]! >= 0) words[at + 2] = this.#tables.address(words[at + 1]!);
    }
  }

  #note(hints: Hints, id: number, table: number, level: number): number {
    const slot = this.#tables.slot(table);
    if (id >= hints.capacity) hints.grow(id, this.#arena);
    const { words } = hints;
    const at = WORDS * id;
    words[at] = table;
    words[at + 1] = slot;
    words[at + 2] = this.#tables.address(slot);
    words[at + 3] = level === 1 ? this.#place(id) : this.#ids.giants.number[id]!;
    return slot;
  }

  #place(region: number): number {
    const { number, above } = this.#ids.regions;
    return (above[region]! << PLACE_BITS) | (number[region]! & ((1 << PLACE_BITS) - 1));
  }
}
