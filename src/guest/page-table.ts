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
import { FrameMap } from '../util/frame-map.js';

const SLAB_TABLES = 64;

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
  /** Slot of the table in a frame, or -1. */
  readonly #slots = new FrameMap(-1);
  readonly #frames: Int32Array[] = [];
  readonly #flags: Uint8Array[] = [];
  #count = 0;
  /** Table pages in use by address spaces, now and at most. */
  inUse = 0;
  peak = 0;

  isTable(gfn: number): boolean {
    return this.#slots.get(gfn) >= 0;
  }

  /** Slot of the table in `gfn`; makes the frame a table of empty entries if it is none. */
  slot(gfn: number): number {
    const known = this.#slots.get(gfn);
    if (known >= 0) return known;
    const slot = this.#count++;
    if (slot % SLAB_TABLES === 0) {
      this.#frames.push(new Int32Array(SLAB_TABLES * ENTRIES));
      this.#flags.push(new Uint8Array(SLAB_TABLES * ENTRIES));
    }
    this.#slots.set(gfn, slot);
    return slot;
  }

  frame(gfn: number, index: number): number {
    const slot = this.slot(gfn);
    return this.#frames[slot >> 6]![((slot & 63) << 9) | index]!;
  }

  flags(gfn: number, index: number): number {
    const slot = this.slot(gfn);
    return this.#flags[slot >> 6]![((slot & 63) << 9) | index]!;
  }

  set(gfn: number, index: number, frame: number, flags: number): void {
    const slot = this.slot(gfn);
    this.#frames[slot >> 6]![((slot & 63) << 9) | index] = frame;
    this.#flags[slot >> 6]![((slot & 63) << 9) | index] = flags;
  }

  setFlags(gfn: number, index: number, flags: number): void {
    const slot = this.slot(gfn);
    this.#flags[slot >> 6]![((slot & 63) << 9) | index] = flags;
  }

  /** Copies all 512 entries of the table. */
  snapshot(gfn: number, frames: Int32Array, flags: Uint8Array): void {
    const slot = this.slot(gfn);
    const base = (slot & 63) << 9;
    frames.set(this.#frames[slot >> 6]!.subarray(base, base + ENTRIES));
    flags.set(this.#flags[slot >> 6]!.subarray(base, base + ENTRIES));
  }

  /** Counts a table page taken into use (+1) or freed (-1). */
  use(delta: number): void {
    this.inUse += delta;
    if (this.inUse > this.peak) this.peak = this.inUse;
  }

  /** True if no entry of the table is present or remembered (PROT_NONE). */
  isEmpty(gfn: number): boolean {
    const slot = this.slot(gfn);
    const flags = this.#flags[slot >> 6]!;
    const base = (slot & 63) << 9;
    for (let i = 0; i < ENTRIES; i++) if ((flags[base + i]! & (PTE_P | PTE_NONE)) !== 0) return false;
    return true;
  }

  /** Walks from `root` (level `levels`) as software does: no A or D is set. Fills and returns `place`. */
  find(root: number, levels: number, hi: number, lo: number, place: LeafPlace): LeafPlace {
    let table = root;
    let writable = true;
    for (let level = levels; ; level--) {
      const index = tableIndex(hi, lo, level);
      const slot = this.slot(table);
      const at = ((slot & 63) << 9) | index;
      const flags = this.#flags[slot >> 6]![at]!;
      const frame = this.#frames[slot >> 6]![at]!;
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
