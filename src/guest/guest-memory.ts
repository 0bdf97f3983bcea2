/**
 * Guest-physical memory: page tables, frames and who uses them, without any access being made.
 *
 * What the guest kernel does with loads and stores is in guest.ts; here is what it keeps account of, and how
 * tables are made that exist before the trace (docs/model.md 7.1, 7.2, 7.6).
 */
import { ENTRIES, pageHi, pageLo, pagesOf, SIZE_4K, tableIndex } from '../arch/paging.js';
import { PTE_G, PTE_P, PTE_PS, PTE_RW, PTE_US, TABLE_FLAGS } from '../arch/pte.js';
import type { MachineConfig } from '../config/schema.js';
import { FrameCounts } from '../util/frame-map.js';
import type { AddressSpace } from './address-space.js';
import { GfnAllocator } from './gfn-allocator.js';
import { createPlace, GuestTables } from './page-table.js';

export class GuestMemory {
  readonly config: MachineConfig['guest'];
  readonly levels: number;
  readonly tables = new GuestTables();
  readonly allocator: GfnAllocator;
  /** Scratch for software walks; a caller's copy is valid until the next walk. */
  readonly place = createPlace();
  /** Leaves that map each anonymous frame. */
  readonly users = new FrameCounts();
  /** Page-cache frames by `image, vpn`. */
  readonly #pageCache = new Map<string, number>();
  readonly cacheFrames = new Set<number>();
  /** thp runs by first frame: whose they are, and how many of their frames are in use. */
  readonly #runs = new Map<number, { readonly space: AddressSpace; readonly region: number; live: number }>();

  /** @param onGrow called after RAM has grown, with the new number of frames */
  constructor(config: MachineConfig['guest'], seed: number, onGrow: (ram: number) => void) {
    this.config = config;
    this.levels = config.levels;
    this.allocator = new GfnAllocator({
      ram: config.ram,
      scatterSeed: config.frames === 'scatter' ? seed : null,
      onGrow,
    });
  }

  /** A frame for a table, not zeroed by stores: for tables that exist before the trace. */
  takeTable(): number {
    const gfn = this.allocator.take();
    this.tables.clear(gfn);
    this.tables.use(1);
    return gfn;
  }

  freeTable(gfn: number): void {
    this.tables.use(-1);
    this.allocator.give(gfn);
  }

  /** A frame for the data page `page` of `space`, with one user. */
  takeData(space: AddressSpace, page: number): number {
    const gfn = this.config.frames === 'thp' ? this.#takeFromRun(space, page) : this.allocator.take();
    this.users.set(gfn, 1);
    return gfn;
  }

  /** An aligned run for a leaf of `size`, one user each. */
  takeRun(size: number): number {
    const first = this.allocator.takeRun(pagesOf(size));
    for (let i = 0; i < pagesOf(size); i++) this.users.set(first + i, 1);
    return first;
  }

  addUsers(first: number, pages: number): void {
    for (let gfn = first; gfn < first + pages; gfn++) {
      const users = this.users.get(gfn);
      if (users > 0) this.users.set(gfn, users + 1);
    }
  }

  /** A leaf over these frames is gone: those without users are freed, a whole run as a run. */
  dropUsers(first: number, pages: number): void {
    let freed = 0;
    for (let gfn = first; gfn < first + pages; gfn++) if (this.users.get(gfn) === 1) freed += 1;
    const whole = pages > 1 && freed === pages;
    for (let gfn = first; gfn < first + pages; gfn++) {
      const users = this.users.get(gfn);
      if (users === 0) continue;
      this.users.set(gfn, users - 1);
      if (users === 1 && !whole) this.#give(gfn);
    }
    if (whole) this.allocator.giveRun(first, pages);
  }

  /** A frame of a thp run stays with its 2 MiB until the last one of the run is free. */
  #give(gfn: number): void {
    const base = gfn - (gfn % 512);
    const run = this.#runs.get(base);
    if (run === undefined) return this.allocator.give(gfn);
    run.live -= 1;
    if (run.live > 0) return;
    this.#runs.delete(base);
    run.space.runs.delete(run.region);
    this.allocator.giveRun(base, 512);
  }

  /** The page-cache frame of page `page` of the space's image; taken when first needed. */
  cacheFrame(space: AddressSpace, page: number): number {
    const key = `${space.image}:${page}`;
    let gfn = this.#pageCache.get(key);
    if (gfn === undefined) {
      gfn = this.allocator.take();
      this.#pageCache.set(key, gfn);
      this.cacheFrames.add(gfn);
    }
    return gfn;
  }

  #takeFromRun(space: AddressSpace, page: number): number {
    const region = Math.floor(page / 512);
    let base = space.runs.get(region);
    if (base === undefined) {
      base = this.allocator.takeRun(512);
      space.runs.set(region, base);
      this.#runs.set(base, { space, region, live: 0 });
    }
    const gfn = base + (page % 512);
    if (this.users.get(gfn) > 0) return this.allocator.take();
    this.#runs.get(base)!.live += 1;
    return gfn;
  }

  /** Maps [page, page + pages of size) to `frame` without any access: for what exists before the trace. */
  mapSilently(root: number, page: number, size: number, frame: number, flags: number): void {
    const table = this.tableSilently(root, page, size + 1);
    const index = tableIndex(pageHi(page), pageLo(page), size + 1);
    this.tables.set(table, index, frame, size === SIZE_4K ? flags : flags | PTE_PS);
  }

  /**
   * As {@link mapSilently} for `count` pages of `size` in a row, to frames in a row: as many as are left in the table of
   * `page`. Returns how many were mapped.
   */
  mapRowSilently(
    root: number,
    page: number,
    size: number,
    frame: number,
    flags: number,
    count: number,
  ): number {
    const table = this.tableSilently(root, page, size + 1);
    const first = tableIndex(pageHi(page), pageLo(page), size + 1);
    const mapped = Math.min(count, ENTRIES - first);
    const leaf = size === SIZE_4K ? flags : flags | PTE_PS;
    for (let i = 0; i < mapped; i++) this.tables.set(table, first + i, frame + i * pagesOf(size), leaf);
    return mapped;
  }

  /** True if nothing is mapped or linked at the entry that a leaf of `size` for `page` would take. */
  protected isVacant(root: number, page: number, size: number): boolean {
    const place = this.tables.find(root, this.levels, pageHi(page), pageLo(page), this.place);
    return !place.leaf && place.level >= size + 1;
  }

  protected leafAbove(root: number, page: number): boolean {
    const place = this.tables.find(root, this.levels, pageHi(page), pageLo(page), this.place);
    return place.leaf && place.level > 1;
  }

  /** The table of `level` for `page`, with all tables above it, made silently. */
  protected tableSilently(root: number, page: number, level: number): number {
    let table = root;
    for (let at = this.levels; at > level; at--) {
      const index = tableIndex(pageHi(page), pageLo(page), at);
      if ((this.tables.flags(table, index) & PTE_P) === 0) {
        this.tables.set(table, index, this.takeTable(), TABLE_FLAGS);
      }
      table = this.tables.frame(table, index);
    }
    return table;
  }

  protected dumpTable(table: number, level: number, page: number, emit: (line: string) => void): void {
    const { tables } = this;
    const slot = tables.slot(table);
    for (let i = tables.nextUsed(table, 0); i < ENTRIES; i = tables.nextUsed(table, i + 1)) {
      const flags = tables.flagsAt(slot, i);
      if ((flags & PTE_P) === 0) continue;
      const at = page + i * 512 ** (level - 1);
      const frame = tables.frameAt(slot, i);
      if (level > 1 && ((flags & PTE_PS) === 0 || level > 3)) this.dumpTable(frame, level - 1, at, emit);
      else
        emit(
          `${at.toString(16)} ${level} ${frame.toString(16)} ${(flags & (PTE_RW | PTE_US | PTE_G)).toString(16)}`,
        );
    }
  }
}
