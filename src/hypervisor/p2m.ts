/**
 * The p2m: gfn -> mfn, a radix table with superpages; under HAP it is the EPT/NPT itself.
 *
 * A gfn gets the largest leaf, up to the size wanted, whose whole aligned range is RAM (Xen
 * p2m_set_entry, docs/model.md 5). Table pages are counted as Xen allocates them, root included. mfn = gfn +
 * a constant whose residue makes gfn 0x1000 hash to out-of-sync slot 0, as on the machine that was
 * measured. Not modelled: types other than RAM and read-only RAM, fragmentation of host memory.
 */
import { ENTRIES, SIZE_1G, SIZE_4K, sizeOfName } from '../arch/paging.js';
import type { MachineConfig } from '../config/schema.js';
import type { P2mRange } from '../trace/event.js';
import type { Arena } from '../util/arena.js';
import { FrameCounts } from '../util/frame-map.js';

/** mfn of gfn 0; 0x7a000 mod 3 = 2, so mfn(0x1000) mod 3 = 0. */
export const MFN_OFFSET = 0x7a000;
/** Machine frames of p2m table pages, in order of creation: far from guest memory. */
const TABLE_MFN = 0x20000000;

const ABSENT = 0;
const LEAF = 1;
const READ_ONLY_LEAF = 2;
/** Entries from here on are links: this plus the number of the table below. */
const LINK = 3;

/** What reading one p2m entry tells, if it does not link to a table. */
export const P2M_ABSENT = -1;
export const P2M_LEAF = -2;
export const P2M_READ_ONLY = -3;

/** Tables per slab: as in guest/page-table.ts. */
const SLAB_BITS = 8;
const IN_SLAB = (1 << SLAB_BITS) - 1;

/** Slabs that hold the tables of 2^30 gfns. */
const MAX_SLABS = 1 << 14;

/** Where a kernel finds the p2m in an arena (kernels/assembly/replay.ts): addresses of directories. */
export interface P2mPlace {
  /** Of the level-1 entries, one byte each, by gfn >> 16. */
  readonly leaves: number;
  /** Of the slabs of upper tables. */
  readonly slabs: number;
  /** False if the arena had no room for all of it. */
  whole: boolean;
}

/** What the table depends on; what fills it, and when, is its user's business. */
export type P2mShape = Omit<MachineConfig['host'], 'fill' | 'memory'>;

export class P2m {
  readonly levels: number;
  /** Table pages in use by level (index = level), and in all. */
  readonly pages = [0, 0, 0, 0, 0, 0];
  total = 0;
  /** Most that `total` has been. */
  peak = 0;
  readonly #wanted: number;
  readonly #xenLayout: boolean;
  readonly #ranges: readonly P2mRange[];
  /** Per table 512 entries, ABSENT and so on, in slabs; tables of level 1 leave theirs empty. */
  readonly #slabs: Int32Array[] = [];
  /** Entries of level 1, by gfn: a byte does, for a leaf says nothing but what kind it is. */
  readonly #leaves = new FrameCounts();
  #ram = 0;
  #arena: Arena | null = null;
  #place: P2mPlace = { leaves: 0, slabs: 0, whole: false };

  /** @param maxSize largest leaf the user of this table can take (2M under shadow paging) */
  constructor(config: P2mShape, ranges: readonly P2mRange[], maxSize: number) {
    this.levels = config.levels;
    this.#wanted = Math.min(sizeOfName(config.pageSize), maxSize);
    this.#xenLayout = config.layout === 'xen';
    this.#ranges = ranges;
    this.#newTable(this.levels);
  }

  /** Frames of RAM become gfn 0..ram-1; with `eager` all of them are mapped. */
  setRam(ram: number, eager: boolean): void {
    const from = this.#ram;
    this.#ram = ram;
    if (!eager) return;
    for (let gfn = from; gfn < ram;) {
      if (gfn % ENTRIES === 0 && gfn + ENTRIES <= ram && this.#allSmall(gfn)) {
        this.#mapSmallLeaves(gfn);
        gfn += ENTRIES;
        continue;
      }
      const size = this.isRam(gfn) ? this.map(gfn) : SIZE_4K;
      gfn += 1 << (9 * size);
    }
  }

  /** True if the 2 MiB from `gfn` are RAM throughout, to be mapped by 4 KiB leaves. */
  #allSmall(gfn: number): boolean {
    return this.#wanted === SIZE_4K && !(this.#xenLayout && gfn === 0);
  }

  /** Maps 512 aligned frames at once: a guest of 1 GiB is mapped before the first access of every replay. */
  #mapSmallLeaves(gfn: number): void {
    this.#tableFor(gfn, 1);
    this.#leaves.fill(gfn, ENTRIES, LEAF);
  }

  isRam(gfn: number): boolean {
    if (gfn >= this.#ram) return false;
    return !(this.#xenLayout && gfn >= 0xa0 && gfn < 0xc0);
  }

  mfn(gfn: number): number {
    return gfn + MFN_OFFSET;
  }

  /** Maps `gfn`, with the leaf it is due unless a smaller one is asked for; returns the leaf's size. */
  map(gfn: number, size = this.leafSize(gfn), writable = true): number {
    const table = this.#tableFor(gfn, size + 1);
    const leaf = writable ? LEAF : READ_ONLY_LEAF;
    if (size === SIZE_4K) this.#leaves.set(gfn, leaf);
    else this.#setLarge(table, gfn, size, leaf);
    return size;
  }

  /** A leaf above level 1; what smaller ones there were are gone. */
  #setLarge(table: number, gfn: number, size: number, leaf: number): void {
    const index = this.index(gfn, size + 1);
    const pages = 1 << (9 * size);
    if (this.#entry(table, index) >= LINK)
      for (let at = gfn - (gfn % pages), n = pages / ENTRIES; n > 0; n--, at += ENTRIES)
        this.#leaves.fill(at, ENTRIES, ABSENT);
    this.#set(table, index, leaf);
  }

  /** The table of `level` on the path of `gfn`; missing ones are made, from the top. */
  #tableFor(gfn: number, level: number): number {
    let table = 0;
    for (let at = this.levels; at > level; at--) {
      const index = this.index(gfn, at);
      if (this.#entry(table, index) < LINK) {
        this.#set(table, index, LINK + this.#newTable(at - 1));
        if (at === 2) this.#leaves.fill(gfn - (gfn % ENTRIES), ENTRIES, ABSENT);
      }
      table = this.#entry(table, index) - LINK;
    }
    return table;
  }

  /** Drops the leaf that maps `gfn`, if there is one; tables stay, as in Linux kvm_tdp_mmu_unmap_gfn_range. */
  unmap(gfn: number): void {
    let table = 0;
    for (let level = this.levels; level > 1; level--) {
      const below = this.below(table, gfn, level);
      if (below < 0) return this.#set(table, this.index(gfn, level), ABSENT);
      table = below;
    }
    this.#leaves.set(gfn, ABSENT);
  }

  /** Drops everything but an empty root (Linux kvm_mmu_zap_all_fast). */
  clear(): void {
    for (const slab of this.#slabs) slab.fill(ABSENT);
    this.#leaves.clear();
    this.pages.fill(0);
    this.total = 0;
    this.#newTable(this.levels);
  }

  /** The size of the leaf that `gfn` is due, whether or not it is mapped yet. */
  leafSize(gfn: number): number {
    for (let size = Math.min(this.#wanted, this.#rangeLimit(gfn)); size > SIZE_4K; size--) {
      if (this.#fits(gfn, size)) return size;
    }
    return SIZE_4K;
  }

  /** True if a writable leaf of 4 KiB maps `gfn`: then there is an entry at every level, and one load tells. */
  isSmall(gfn: number): boolean {
    return this.#leaves.get(gfn) === LEAF;
  }

  /** Keeps all tables in `arena` from now on, where a kernel finds them. */
  moveTo(arena: Arena): P2mPlace {
    if (this.#arena !== null) return this.#place;
    this.#arena = arena;
    this.#leaves.moveTo(arena);
    const slabs = arena.take(4 * MAX_SLABS);
    this.#place = { leaves: this.#leaves.directory, slabs, whole: this.#leaves.directory > 0 && slabs > 0 };
    this.#slabs.forEach((old, number) => this.#newSlab(number).set(old));
    return this.#place;
  }

  #newSlab(number: number): Int32Array {
    const n = ENTRIES << SLAB_BITS;
    const at = this.#place.whole ? this.#arena!.take(4 * n) : 0;
    if (at > 0) this.#arena!.int32(this.#place.slabs, MAX_SLABS)[number] = at;
    else this.#place.whole = false;
    return (this.#slabs[number] = at > 0 ? this.#arena!.int32(at, n) : new Int32Array(n));
  }

  /** The table of `level` on the path of `gfn`, which exists. */
  tableOf(gfn: number, level: number): number {
    let table = 0;
    for (let at = this.levels; at > level; at--) table = this.below(table, gfn, at);
    return table;
  }

  index(gfn: number, level: number): number {
    if (level <= 3) return (gfn >>> (9 * (level - 1))) & (ENTRIES - 1);
    return Math.floor(gfn / (level === 4 ? 2 ** 27 : 2 ** 36)) % ENTRIES;
  }

  /**
   * What the entry for `gfn` in `table`, which is of `level`, says: the table below, or `P2M_ABSENT`, `P2M_LEAF`,
   * `P2M_READ_ONLY`. Table 0 is the root.
   */
  below(table: number, gfn: number, level: number): number {
    const entry = level === 1 ? this.#leaves.get(gfn) : this.#entry(table, this.index(gfn, level));
    return entry >= LINK ? entry - LINK : P2M_ABSENT - entry;
  }

  #entry(table: number, index: number): number {
    return this.#slabs[table >> SLAB_BITS]![((table & IN_SLAB) << 9) | index]!;
  }

  #set(table: number, index: number, entry: number): void {
    this.#slabs[table >> SLAB_BITS]![((table & IN_SLAB) << 9) | index] = entry;
  }

  /** Machine frame of table page `table`. */
  tableMfn(table: number): number {
    return TABLE_MFN + table;
  }

  isMapped(gfn: number): boolean {
    let table = 0;
    for (let level = this.levels; level >= 1; level--) {
      const below = this.below(table, gfn, level);
      if (below < 0) return below !== P2M_ABSENT;
      table = below;
    }
    return false;
  }

  #newTable(level: number): number {
    const table = this.total++;
    if (table >> SLAB_BITS === this.#slabs.length) this.#newSlab(table >> SLAB_BITS);
    this.pages[level] = this.pages[level]! + 1;
    this.peak = Math.max(this.peak, this.total);
    return table;
  }

  #rangeLimit(gfn: number): number {
    const range = this.#ranges.find((r) => gfn >= r.gfn && gfn < r.gfn + r.count);
    return range === undefined ? SIZE_1G : sizeOfName(range.pageSize);
  }

  /** True if the aligned range of `size` around `gfn` is RAM throughout and no smaller leaf is wanted in it. */
  #fits(gfn: number, size: number): boolean {
    const pages = 1 << (9 * size);
    const first = gfn - (gfn % pages);
    const end = first + pages;
    if (end > this.#ram || (this.#xenLayout && first < 0x200)) return false;
    return this.#ranges.every(
      (r) => r.gfn >= end || r.gfn + r.count <= first || sizeOfName(r.pageSize) >= size,
    );
  }
}
