/**
 * Guest page tables: radix tables whose pages sit in guest frames of their own.
 *
 * Any frame can hold a table: a frame becomes one when an entry is stored into it or when an entry
 * above comes to point to it. What a table holds stays in guest memory after the guest frees it, as in
 * a real machine, so that a stale shadow or walk sees what it would see there. An entry is a frame
 * number and one byte of flags (arch/pte.ts).
 */
import { ENTRIES, tableIndex } from '../arch/paging.js';
import { PTE_NONE, PTE_P, PTE_PS } from '../arch/pte.js';
import type { Arena } from '../util/arena.js';
import { IntHash } from '../util/int-hash.js';

/** Tables per slab: arenas grow by slabs, so that no entry is ever copied, and few arrays hold everything. */
const SLAB_BITS = 8;
const IN_SLAB = (1 << SLAB_BITS) - 1;
const SLAB_ENTRIES = ENTRIES << SLAB_BITS;
/** Frames below this have no high bits. */
const LOW_FRAMES = 1 << 24;

/** Where a software walk of the tables ended. */
export interface LeafPlace {
  /** Level of the last entry read: the leaf's, or that of the first entry that is not present. */
  level: number;
  /** Frame of the table that holds it, and its index there. */
  table: number;
  index: number;
  frame: number;
  flags: number;
  /** True if the entry is a leaf (present, or level 1 whatever it holds). */
  leaf: boolean;
  /** AND of the RW bits on the path. */
  writable: boolean;
}

export class GuestTables {
  /** Slot of the table in a frame. */
  readonly #slots = new IntHash();
  /** frame << 8 | flags: an entry is one load, in one cache line. */
  readonly #entries: Int32Array[] = [];
  /** Frame bits 24 and up, for slabs that hold such a frame: guests of more than 64 GiB. */
  readonly #high: (Uint8Array | null)[] = [];
  #wide = false;
  #count = 0;
  /** What the slabs are kept in, where kernels/assembly/replay.ts finds them, and their addresses (0: elsewhere). */
  arena: Arena | null = null;
  readonly #addresses: number[] = [];
  /** Table pages in use by address spaces, now and at most. */
  inUse = 0;
  peak = 0;

  isTable(gfn: number): boolean {
    return this.#slots.get(gfn) >= 0;
  }

  /** Slot of the table in `gfn`; makes the frame a table of empty entries if it is none. */
  slot(gfn: number): number {
    const known = this.#slots.get(gfn);
    return known >= 0 ? known : this.#newSlot(gfn);
  }

  #newSlot(gfn: number): number {
    const slot = this.#count++;
    if ((slot & IN_SLAB) === 0) {
      this.#entries.push(this.#newSlab(slot >> SLAB_BITS));
      this.#high.push(null);
    }
    this.#slots.set(gfn, slot);
    return slot;
  }

  #newSlab(slab: number): Int32Array {
    // High bits follow their slab: room that the system provides only if it is used.
    const at = this.arena?.take(5 * SLAB_ENTRIES) ?? 0;
    this.#addresses[slab] = at;
    return at > 0 ? this.arena!.int32(at, SLAB_ENTRIES) : new Int32Array(SLAB_ENTRIES);
  }

  /** Keeps all tables in `arena` from now on, as far as there is room. */
  moveTo(arena: Arena): void {
    this.arena = arena;
    this.#entries.forEach((entries, slab) => {
      const moved = this.#newSlab(slab);
      moved.set(entries);
      this.#entries[slab] = moved;
      const high = this.#high[slab]!;
      if (high !== null) (this.#high[slab] = this.#newHigh(slab)).set(high);
    });
  }

  /** Where the table in `slot` is in the arena, frame << 8 | flags an entry; 0 if it is not there. */
  address(slot: number): number {
    const slab = this.#addresses[slot >> SLAB_BITS] ?? 0;
    return slab === 0 ? 0 : slab + ((slot & IN_SLAB) << 11);
  }

  /** True if some entry holds a frame that its int32 does not tell: bits 24 and up are in bytes of their own. */
  get wide(): boolean {
    return this.#wide;
  }

  /** Entry `index` of the table in `slot`: walkers ask for the slot once and read both halves. */
  frameAt(slot: number, index: number): number {
    const slab = slot >> SLAB_BITS;
    const at = ((slot & IN_SLAB) << 9) | index;
    const low = this.#entries[slab]![at]! >>> 8;
    return this.#wide ? ((this.#high[slab]?.[at] ?? 0) << 24) | low : low;
  }

  flagsAt(slot: number, index: number): number {
    return this.#entries[slot >> SLAB_BITS]![((slot & IN_SLAB) << 9) | index]! & 0xff;
  }

  setFlagsAt(slot: number, index: number, flags: number): void {
    const entries = this.#entries[slot >> SLAB_BITS]!;
    const at = ((slot & IN_SLAB) << 9) | index;
    entries[at] = (entries[at]! & ~0xff) | flags;
  }

  frame(gfn: number, index: number): number {
    return this.frameAt(this.slot(gfn), index);
  }

  flags(gfn: number, index: number): number {
    return this.flagsAt(this.slot(gfn), index);
  }

  set(gfn: number, index: number, frame: number, flags: number): void {
    const slot = this.slot(gfn);
    const slab = slot >> SLAB_BITS;
    const at = ((slot & IN_SLAB) << 9) | index;
    this.#entries[slab]![at] = (frame << 8) | flags;
    if (frame >= LOW_FRAMES || this.#wide) this.#setHigh(slab, at, frame >>> 24);
  }

  #setHigh(slab: number, at: number, bits: number): void {
    this.#wide = true;
    if (bits === 0 && this.#high[slab]! === null) return;
    const high = (this.#high[slab] ??= this.#newHigh(slab));
    high[at] = bits;
  }

  #newHigh(slab: number): Uint8Array {
    const at = this.#addresses[slab]!;
    return at > 0 ? this.arena!.uint8(at + 4 * SLAB_ENTRIES, SLAB_ENTRIES) : new Uint8Array(SLAB_ENTRIES);
  }

  setFlags(gfn: number, index: number, flags: number): void {
    this.setFlagsAt(this.slot(gfn), index, flags);
  }

  /** Makes the frame a table of 512 empty entries, whatever it held. */
  clear(gfn: number): void {
    const slot = this.slot(gfn);
    const base = (slot & IN_SLAB) << 9;
    this.#entries[slot >> SLAB_BITS]!.fill(0, base, base + ENTRIES);
    this.#high[slot >> SLAB_BITS]?.fill(0, base, base + ENTRIES);
  }

  /** Copies all 512 entries of the table. */
  snapshot(gfn: number, frames: Int32Array, flags: Uint8Array): void {
    const slot = this.slot(gfn);
    for (let i = 0; i < ENTRIES; i++) {
      frames[i] = this.frameAt(slot, i);
      flags[i] = this.flagsAt(slot, i);
    }
  }

  /** Counts a table page taken into use (+1) or freed (-1). */
  use(delta: number): void {
    this.inUse += delta;
    if (this.inUse > this.peak) this.peak = this.inUse;
  }

  /** Index of the first entry from `index` on that is present or remembered (PROT_NONE); ENTRIES if there is none. */
  nextUsed(gfn: number, index: number): number {
    const slot = this.slot(gfn);
    const entries = this.#entries[slot >> SLAB_BITS]!;
    const base = (slot & IN_SLAB) << 9;
    let at = index;
    while (at < ENTRIES && (entries[base | at]! & (PTE_P | PTE_NONE)) === 0) at++;
    return at;
  }

  /** True if no entry of the table is present or remembered (PROT_NONE). */
  isEmpty(gfn: number): boolean {
    return this.nextUsed(gfn, 0) === ENTRIES;
  }

  /** Walks from `root` (level `levels`) as software does: no A or D is set. Fills and returns `place`. */
  find(root: number, levels: number, hi: number, lo: number, place: LeafPlace): LeafPlace {
    let table = root;
    let writable = true;
    for (let level = levels; ; level--) {
      const index = tableIndex(hi, lo, level);
      const slot = this.slot(table);

      const flags = this.flagsAt(slot, index);
      const frame = this.frameAt(slot, index);
      writable &&= (flags & 2) !== 0;
      const present = (flags & PTE_P) !== 0;
      const leaf = level === 1 || (present && level <= 3 && (flags & PTE_PS) !== 0);
      if (leaf || !present) {
        place.level = level;
        place.table = table;
        place.index = index;
        place.frame = frame;
        place.flags = flags;
        place.leaf = leaf;
        place.writable = writable;
        return place;
      }
      table = frame;
    }
  }
}

export function createPlace(): LeafPlace {
  return { level: 0, table: 0, index: 0, frame: 0, flags: 0, leaf: false, writable: false };
}
