/**
 * Packers make int32 keys of records, and strip those that provably hit (mmu/page-columns.ts says which and why).
 *
 * RecordPacker is the loop in TypeScript: what pack-kernel.ts does in WebAssembly, and what serves where there is none.
 * Nothing but this loop is in it: with the crossings of page borders V8 kept fewer values in registers, and a record took
 * 1.4 times as long.
 */
import type { AccessBatch } from '../trace/access.js';
import type { Block, PageColumns } from './page-columns.js';
import type { PageIds } from './page-ids.js';

/** Most sets that can be told apart, for either kind. */
export const MAX_STRIP_SETS = 16;

/** The regions used last are kept at hand, by a hash of few bits: several streams cost no call (row triad). */
const NEAR_BITS = 5;
const NEAR_SHIFT = 32 - NEAR_BITS;
const NEAR_MIX = 0x9e3779b1;

export const PAGE = ~0xfff;
/** In a slot, besides the page: something is there; a store to it went before (bit 0). */
const VALID = 2;

export interface Packer {
  /** Records of the block that are stores, and fetches; and fetches that were packed and kept. */
  readonly stores: number;
  readonly fetches: number;
  readonly keptFetches: number;
  /** Other records are in the batch than when a block of it was begun last. */
  fresh(): void;
  /**
   * Begins a block.
   * @param limit blocks up to this record of the batch may follow
   * @param space address space of its records
   * @param sets L1 sets that stripping may count on; 0: keep everything
   */
  begin(batch: AccessBatch, block: Block, limit: number, space: number, sets: number): void;
  /**
   * Packs records [from, to) of the block up to the first that crosses a page border, behind what is in `columns`, which
   * have room for them; returns that record's index, or `to`.
   */
  pack(columns: PageColumns, from: number, to: number): number;
  /** Nothing is proved by what came before. */
  forget(): void;
}

export class RecordPacker implements Packer {
  stores = 0;
  fetches = 0;
  keptFetches = 0;
  readonly #ids: PageIds;
  /** Regions at hand, four ints each: gVA >> 21 (low half), upper half, space, and region << 11 as it is in a key. */
  readonly #near = new Int32Array(4 << NEAR_BITS).fill(-1);
  /** The page accessed last by set, low half with marks, and high half; data first, then fetches. */
  readonly #last = new Int32Array(2 * MAX_STRIP_SETS);
  readonly #lastHi = new Int32Array(2 * MAX_STRIP_SETS);
  #batch: AccessBatch | null = null;
  #space = 0;
  #sets = 0;

  constructor(ids: PageIds) {
    this.#ids = ids;
  }

  fresh(): void {}

  begin(batch: AccessBatch, { from, to }: Block, _limit: number, space: number, sets: number): void {
    this.#batch = batch;
    this.#space = space;
    this.#sets = sets;
    this.stores = this.fetches = this.keptFetches = 0;
    const ops = batch.op;
    for (let i = from; i < to; i++) {
      const op = ops[i]!;
      this.stores += op & 1;
      this.fetches += (op >> 1) & ~op & 1;
    }
    this.forget();
  }

  forget(): void {
    this.#last.fill(0);
  }

  pack(columns: PageColumns, from: number, to: number): number {
    const { hi: his, lo: los, op: ops, size: sizes } = this.#batch!;
    const { keys, origins } = columns;
    const ids = this.#ids;
    const space = this.#space;
    const sets = this.#sets;
    const near = this.#near;
    const last = this.#last;
    const lastHi = this.#lastHi;
    const marks = sets > 0 ? -1 : 0;
    const setMask = Math.max(0, sets - 1);
    let n = columns.n;
    let keptFetches = 0;
    let i = from;
    for (; i < to; i++) {
      const lo = los[i]! | 0;
      const hi = his[i]! | 0;
      const op = ops[i]! | 0;
      const store = op & 1;
      const fetch = (op >> 1) & ~op & 1;
      const slot = (fetch << 4) | ((lo >>> 12) & setMask);
      const page = (lo & PAGE) | VALID | store;
      if ((lo & 0xfff) + sizes[i]! > 0x1000) break;
      // The page that was accessed last in the set, and if this is a store, stored to: before anything is looked up.
      if (((last[slot]! ^ page) & (PAGE | VALID | store)) === 0 && lastHi[slot] === hi) continue;
      const at = (Math.imul(lo >>> 21, NEAR_MIX) >>> NEAR_SHIFT) << 2;
      if (near[at] !== lo >>> 21 || near[at + 1] !== hi || near[at + 2] !== space) {
        near[at] = lo >>> 21;
        near[at + 1] = hi;
        near[at + 2] = space;
        near[at + 3] = ids.region(space, hi, lo) << 11;
      }
      keys[n] = near[at + 3]! | ((lo >>> 10) & 0x7fc) | store;
      origins[n] = (i << 1) | fetch;
      n += 1;
      keptFetches += fetch;
      last[slot] = page & marks;
      lastHi[slot] = hi;
    }
    columns.n = n;
    this.keptFetches += keptFetches;
    return i;
  }
}
