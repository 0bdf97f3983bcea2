/**
 * Shadow pages: what they hold, who refers to them, which guest frames they shadow.
 *
 * Real tables, not counts: 512 entries a page, a hash (gfn, type) -> page, reference counts that free whole
 * trees, up-pointers, a pin list in order of last load (Xen private.h sh_get_ref, sh_put_ref, sh_pin;
 * common.c shadow_alloc, shadow_promote, shadow_demote). What the entries should say is decided elsewhere.
 */
import { ENTRIES } from '../../arch/paging.js';
import { FrameMap } from '../../util/frame-map.js';

/** Types of shadow pages; l1..l4 are also the level. */
export const FL1 = 0;
export const L1 = 1;
export const L2 = 2;
export const L3 = 3;
export const L4 = 4;
const FREE = -1;

/** Entry bits: l1/fl1 hold `gfn << 3`, upper levels `page << 3`. 0 is empty. */
export const SH_P = 1;
export const SH_RW = 2;
/** Not present, but not empty either: the guest's A bit is clear. Stops prefetch. */
export const SH_WITHHELD = 4;

/** State bits of a guest frame: bit t = shadowed as type t; and the two out-of-sync marks. */
const TYPE_MASK = 0b11110;
const OUT_OF_SYNC = 0x20;
const MAY_WRITE = 0x40;

export interface PageCounters {
  shAlloc: number;
  shFree: number;
}

export class ShadowPages {
  /** Entries by page: 512 each. */
  readonly entries: Int32Array[] = [];
  /** Type, and the guest table's gfn (fl1: first gfn of the superpage), by page. */
  readonly type: number[] = [];
  readonly back: number[] = [];
  readonly #refs: number[] = [];
  /** First parent entry that linked the page: parent * 512 + index, or -1. */
  readonly #up: number[] = [];
  /** Pinned pages, least recently loaded first. */
  readonly pinned = new Set<number>();
  readonly #hash = new Map<number, number>();
  readonly #state = new FrameMap(0);
  /** Present RW entries of l1/fl1 shadows that map a frame. */
  readonly #writable = new FrameMap(0);
  readonly #counters: PageCounters;
  /** Called when the last shadow of an out-of-sync frame goes. */
  readonly #onDemoted: (gfn: number) => void;
  /** Called when a page has become free: nobody may remember it. */
  readonly #onFreed: (page: number) => void;
  readonly live = [0, 0, 0, 0, 0];
  total = 0;
  peak = 0;
  pinL3: boolean;
  #lowestFree = 0;

  constructor(
    counters: PageCounters,
    pinL3: boolean,
    onDemoted: (gfn: number) => void,
    onFreed: (page: number) => void,
  ) {
    this.#counters = counters;
    this.pinL3 = pinL3;
    this.#onDemoted = onDemoted;
    this.#onFreed = onFreed;
  }

  // --- Guest frames -----------------------------------------------------------------------------

  /** True while the frame is shadowed as a table. */
  isTable(gfn: number): boolean {
    return (this.#state.get(gfn) & TYPE_MASK) !== 0;
  }

  /** True if shadowed as exactly one type, l1. */
  isOnlyL1(gfn: number): boolean {
    return (this.#state.get(gfn) & TYPE_MASK) === 1 << L1;
  }

  hasType(gfn: number, type: number): boolean {
    return (this.#state.get(gfn) & (1 << type)) !== 0;
  }

  isOutOfSync(gfn: number): boolean {
    return (this.#state.get(gfn) & OUT_OF_SYNC) !== 0;
  }

  mayWrite(gfn: number): boolean {
    return (this.#state.get(gfn) & MAY_WRITE) !== 0;
  }

  setOutOfSync(gfn: number, on: boolean): void {
    const state = this.#state.get(gfn);
    this.#state.set(gfn, on ? state | OUT_OF_SYNC | MAY_WRITE : state & ~OUT_OF_SYNC);
  }

  forbidWrite(gfn: number): void {
    this.#state.set(gfn, this.#state.get(gfn) & ~MAY_WRITE);
  }

  writable(gfn: number): number {
    return this.#writable.get(gfn);
  }

  // --- Pages ------------------------------------------------------------------------------------

  /** The shadow of (gfn, type), or -1. */
  find(gfn: number, type: number): number {
    return this.#hash.get(gfn * 8 + type) ?? -1;
  }

  /** Makes an empty shadow of `gfn`; the caller has seen to the pool and to write protection. */
  make(gfn: number, type: number): number {
    const page = this.#takeNumber();
    this.type[page] = type;
    this.back[page] = gfn;
    this.#refs[page] = 0;
    this.#up[page] = -1;
    this.#hash.set(gfn * 8 + type, page);
    if (type !== FL1) {
      const state = this.#state.get(gfn);
      // A frame that was no table starts afresh.
      this.#state.set(gfn, ((state & TYPE_MASK) === 0 ? 0 : state) | (1 << type));
    }
    this.#counters.shAlloc += 1;
    this.live[type] = this.live[type]! + 1;
    this.total += 1;
    if (this.total > this.peak) this.peak = this.total;
    return page;
  }

  #takeNumber(): number {
    let page = this.#lowestFree;
    while (page < this.type.length && this.type[page] !== FREE) page++;
    this.#lowestFree = page + 1;
    if (page === this.entries.length) this.entries.push(new Int32Array(ENTRIES));
    else this.entries[page]!.fill(0);
    return page;
  }

  isPinnable(type: number): boolean {
    return type === L4 || (type === L3 && this.pinL3);
  }

  get count(): number {
    return this.type.length;
  }

  refs(page: number): number {
    return this.#refs[page]!;
  }

  up(page: number): number {
    return this.#up[page]!;
  }

  /** One more reference; `entry` is the parent entry that makes it (parent * 512 + index), or -1. */
  getRef(page: number, entry: number): void {
    this.#refs[page] = this.#refs[page]! + 1;
    if (this.#up[page] === -1 && entry >= 0 && !this.isPinnable(this.type[page]!)) this.#up[page] = entry;
  }

  putRef(page: number, entry: number): void {
    if (entry >= 0 && this.#up[page] === entry) this.#up[page] = -1;
    this.#refs[page] = this.#refs[page]! - 1;
    if (this.#refs[page] === 0) this.#destroy(page);
  }

  /** Pins `page` at the head of the list (moving it there if it is pinned already). */
  pin(page: number): void {
    if (!this.pinned.delete(page)) this.getRef(page, -1);
    this.pinned.add(page);
  }

  unpin(page: number): void {
    if (!this.pinned.delete(page)) return;
    if (this.type[page] === L3) this.#up[page] = -1;
    this.putRef(page, -1);
  }

  /** Sets an entry of an upper-level shadow, keeping references; true if a link was lost or weakened. */
  setUpper(page: number, index: number, value: number): boolean {
    const entries = this.entries[page]!;
    const old = entries[index]!;
    if (old === value) return false;
    const at = page * ENTRIES + index;
    if ((value & SH_P) !== 0) {
      this.getRef(value >> 3, at);
      if (this.type[page] === L4 && this.pinL3) this.pin(value >> 3);
    }
    entries[index] = value;
    if ((old & SH_P) === 0) return false;
    const weakened = (value & SH_P) === 0 || old >> 3 !== value >> 3 || (old & SH_RW & ~value) !== 0;
    this.putRef(old >> 3, at);
    return weakened;
  }

  /** Writes an l1/fl1 entry and keeps the count of writable mappings. */
  setLeaf(page: number, index: number, value: number): void {
    const entries = this.entries[page]!;
    const old = entries[index]!;
    if (old === value) return;
    entries[index] = value;
    if ((value & 3) === 3) this.#writable.set(value >> 3, this.#writable.get(value >> 3) + 1);
    if ((old & 3) === 3) this.#writable.set(old >> 3, this.#writable.get(old >> 3) - 1);
  }

  /** The page is referred to by nobody: its own references go, then its number is free. */
  #destroy(page: number): void {
    const type = this.type[page]!;
    const gfn = this.back[page]!;
    this.#hash.delete(gfn * 8 + type);
    if (type !== FL1) this.#demote(gfn, type);
    const entries = this.entries[page]!;
    if (type <= L1) for (let i = 0; i < ENTRIES; i++) this.setLeaf(page, i, 0);
    else {
      for (let i = 0; i < ENTRIES; i++) {
        const entry = entries[i]!;
        if ((entry & SH_P) !== 0) this.putRef(entry >> 3, page * ENTRIES + i);
      }
    }
    this.type[page] = FREE;
    if (page < this.#lowestFree) this.#lowestFree = page;
    this.#counters.shFree += 1;
    this.#onFreed(page);
    this.live[type] = this.live[type]! - 1;
    this.total -= 1;
  }

  #demote(gfn: number, type: number): void {
    const state = this.#state.get(gfn) & ~(1 << type);
    this.#state.set(gfn, state);
    if ((state & TYPE_MASK) !== 0) return;
    if ((state & OUT_OF_SYNC) !== 0) this.#onDemoted(gfn);
    this.#state.set(gfn, 0);
  }
}
