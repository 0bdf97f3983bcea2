/**
 * The page tables of the measured KVM guest, read and written through the identity window.
 *
 * Each step of a software walk loads the entry twice: once for the present bit, once for the address. So
 * does the measured guest, whose table accesses are volatile.
 */
import { pageHi, pageLo, tableIndex } from '../../arch/paging.js';
import { PTE_P } from '../../arch/pte.js';
import { InternalError } from '../../errors.js';
import type { GuestOps, TableEntry } from '../guest-ops.js';
import type { FrameAllocator } from './frames.js';
import { BOOT_ROOT, TABLE_ENTRY } from './layout.js';

/** Where an entry is, and the page it translates. */
export interface Slot {
  readonly gfn: number;
  readonly index: number;
  readonly level: number;
  readonly page: number;
}

export class GuestTables {
  readonly #ops: GuestOps;
  readonly #frames: FrameAllocator;

  constructor(ops: GuestOps, frames: FrameAllocator) {
    this.#ops = ops;
    this.#frames = frames;
  }

  load(slot: Slot): TableEntry {
    return this.#ops.loadEntry(slot.gfn, slot.index);
  }

  store(slot: Slot, frame: number, flags: number): void {
    this.#ops.storeEntry(slot.gfn, slot.index, frame, flags, slot.level, slot.page);
  }

  /** Loads the entry, stores it with other flags. */
  changeFlags(slot: Slot, change: (flags: number) => number): void {
    const { frame, flags } = this.load(slot);
    this.store(slot, frame, change(flags));
  }

  /** Clears the entry; the frame it pointed to. */
  clear(slot: Slot): number {
    const { frame } = this.load(slot);
    this.store(slot, 0, 0);
    return frame;
  }

  /** The level-`level` entry for `page`, whose tables are there. */
  entry(root: number, page: number, level: number): Slot {
    return this.#walk(root, page, level, false);
  }

  /** The level-1 entry for `page`, whose tables are there. */
  leaf(root: number, page: number): Slot {
    return this.#walk(root, page, 1, false);
  }

  /** The level-`level` entry for `page`; tables that are missing are made and linked. */
  makeEntry(root: number, page: number, level: number): Slot {
    return this.#walk(root, page, level, true);
  }

  map(root: number, page: number, frame: number, flags: number): void {
    this.store(this.makeEntry(root, page, 1), frame, flags);
  }

  /** A root that has the window in it and nothing else. */
  newRoot(): number {
    const root = this.#frames.table();
    this.shareRootEntry(root, BOOT_ROOT, 0);
    return root;
  }

  /** Copies the root entry for `page` from one root to another. */
  shareRootEntry(to: number, from: number, page: number): void {
    const index = tableIndex(pageHi(page), pageLo(page), 4);
    const { frame, flags } = this.#ops.loadEntry(from, index);
    this.#ops.storeEntry(to, index, frame, flags, 4, page);
  }

  #walk(root: number, page: number, level: number, make: boolean): Slot {
    let slot = slotOf(root, page, 4);
    while (slot.level > level) {
      if ((this.load(slot).flags & PTE_P) === 0) {
        if (!make) throw new InternalError(`page ${page} has no level-${slot.level - 1} table`);
        this.store(slot, this.#frames.table(), TABLE_ENTRY);
      }
      slot = slotOf(this.load(slot).frame, page, slot.level - 1);
    }
    return slot;
  }
}

function slotOf(gfn: number, page: number, level: number): Slot {
  return { gfn, index: tableIndex(pageHi(page), pageLo(page), level), level, page };
}
