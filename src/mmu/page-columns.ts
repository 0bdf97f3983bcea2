/**
 * PageColumns: a stretch of records as columns of page accesses, made once and replayed by every machine.
 *
 * Each record becomes one int32 per page it touches (page id << 2 | store), which the first-level TLB is
 * scanned with. Records that provably change nothing but counters are left out (*stripped*): if of all pages
 * of its TLB set a page was the one accessed last, by the same vcpu, by the same kind (fetch or data), and a store
 * went before if this is a store, then in every machine whose L1 has a multiple of `sets` sets it hits the entry
 * used last, under any replacement policy. What could make that untrue (a fault, an exit, an entry that is not
 * 4 KiB, kernel accesses) only a machine knows: it then takes the rest of the block record by record
 * (mmu/front.ts). Blocks are at most 1,024 records of one vcpu, and proofs do not reach over their borders.
 *
 * One pass does both, because the second look at a record costs as much as the strip saves one machine
 * (bench/README.md, row strip); it halves the cost of a hit-heavy record for one machine and more for several.
 */
import { type AccessBatch, BATCH_CAPACITY, OP_FETCH } from '../trace/access.js';
import type { PageIds } from './page-ids.js';

/** Records per block: few enough that one fault does not cost much, enough that proving afresh is rare. */
export const BLOCK = 1024;
/** Most sets that can be told apart, for either kind. */
export const MAX_STRIP_SETS = 16;

/** The regions used last are kept at hand, by a hash of few bits: several streams cost no call (row triad). */
const NEAR_BITS = 5;
const NEAR_SHIFT = 32 - NEAR_BITS;
const NEAR_MIX = 0x9e3779b1;

const PAGE = ~0xfff;
/** In a slot, besides the page: something is there; a store to it went before (bit 0). */
const VALID = 2;

/** What a block holds, before any machine has seen it. */
export interface Block {
  /** Its records, and its keys in the columns. */
  from: number;
  to: number;
  firstKey: number;
  endKey: number;
  vcpu: number;
  /** Page accesses by kind, stripped ones included. */
  reads: number;
  writes: number;
  fetches: number;
  /** Page accesses beyond one a record. */
  crossings: number;
  /** Stripped records by kind. */
  strippedData: number;
  strippedFetches: number;
}

export class PageColumns {
  /** Number of keys. */
  n = 0;
  /** page id << 2 | 1 for a store: what SetAssoc.scan takes. */
  keys: Int32Array = new Int32Array(2 * BATCH_CAPACITY);
  /** Index of the record in the batch << 1 | 1 for a fetch. */
  origins: Int32Array = new Int32Array(2 * BATCH_CAPACITY);
  /** Regions at hand (of one PageIds for good), four ints each: gVA >> 21 (low half), upper half, space, and region << 11 as it is in a key. */
  readonly #near = new Int32Array(4 << NEAR_BITS).fill(-1);
  readonly #blocks: Block[] = [];
  blockCount = 0;
  /** The page accessed last by set, low half with marks, and high half; data first, then fetches. */
  readonly #last = new Int32Array(2 * MAX_STRIP_SETS);
  readonly #lastHi = new Int32Array(2 * MAX_STRIP_SETS);
  /** Page accesses of the block at hand, by kind; and the fetches among them that were kept. */
  #stores = 0;
  #fetches = 0;
  #keptFetches = 0;

  block(index: number): Block {
    return this.#blocks[index]!;
  }

  /**
   * Turns records [from, to) into columns.
   * @param spaces address space loaded on each vcpu
   * @param sets L1 sets that stripping may count on: a power of two up to {@link MAX_STRIP_SETS}; 0: keep everything
   */
  fill(
    ids: PageIds,
    spaces: readonly number[],
    batch: AccessBatch,
    from: number,
    to: number,
    sets: number,
  ): void {
    this.n = 0;
    this.blockCount = 0;
    for (let at = from; at < to;) {
      const block = this.#newBlock(batch, at, Math.min(to, at + BLOCK));
      this.#fillBlock(ids, spaces[block.vcpu] ?? 0, batch, block, sets);
      at = block.to;
    }
  }

  /** The next block: records from `from` on as long as the vcpu is the same. */
  #newBlock(batch: AccessBatch, from: number, limit: number): Block {
    const { vcpu } = batch;
    const id = vcpu[from]!;
    let to = from + 1;
    while (to < limit && vcpu[to] === id) to++;
    if (this.blockCount === this.#blocks.length) this.#blocks.push(emptyBlock());
    const block = this.#blocks[this.blockCount++]!;
    block.from = from;
    block.to = to;
    block.vcpu = id;
    return block;
  }

  #fillBlock(ids: PageIds, space: number, batch: AccessBatch, block: Block, sets: number): void {
    this.#last.fill(0);
    this.#stores = 0;
    this.#fetches = 0;
    this.#keptFetches = 0;
    let crossings = 0;
    block.firstKey = this.n;
    for (let at = block.from; at < block.to; at++) {
      this.#reserve(block.to - at);
      at = this.#pack(ids, space, batch, at, block.to, sets);
      if (at === block.to) break;
      crossings += this.#cross(ids, space, batch, at);
    }
    const kept = this.n - block.firstKey - crossings;
    block.endKey = this.n;
    block.writes = this.#stores;
    block.fetches = this.#fetches;
    block.reads = block.to - block.from + crossings - block.writes - block.fetches;
    block.crossings = crossings;
    block.strippedFetches = this.#fetches - this.#keptFetches;
    block.strippedData = block.to - block.from - kept - block.strippedFetches;
  }

  /**
   * Records [from, to) up to the first that crosses a page border; returns its index, or `to`. Nothing but this loop: with
   * the crossings in it V8 kept fewer values in registers, and a record took 1.4 times as long.
   */
  #pack(ids: PageIds, space: number, batch: AccessBatch, from: number, to: number, sets: number): number {
    const { hi: his, lo: los, op: ops, size: sizes } = batch;
    const { keys, origins } = this;
    const near = this.#near;
    const last = this.#last;
    const lastHi = this.#lastHi;
    const marks = sets > 0 ? -1 : 0;
    const setMask = Math.max(0, sets - 1);
    let n = this.n;
    // Stores, and fetches from bit 16 on: a block has at most 1,024 of either.
    let tally = 0;
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
      tally += store + (fetch << 16);
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
    this.n = n;
    this.#stores += tally & 0xffff;
    this.#fetches += tally >>> 16;
    this.#keptFetches += keptFetches;
    return i;
  }

  /** Keys of all pages of record `at`, which crosses page borders; returns how many there are beyond the first. */
  #cross(ids: PageIds, space: number, batch: AccessBatch, at: number): number {
    const hi = batch.hi[at]! | 0;
    const lo = batch.lo[at]! | 0;
    const op = batch.op[at]!;
    const store = op & 1;
    const fetch = op === OP_FETCH ? 1 : 0;
    const extra = ((lo & 0xfff) + batch.size[at]! - 1) >>> 12;
    this.#reserve(extra + 1);
    for (let p = 0; p <= extra; p++) {
      const page = ids.page(space, laterHi(hi, lo, p), laterLo(lo, p));
      this.keys[this.n] = (page << 2) | store;
      this.origins[this.n] = (at << 1) | fetch;
      this.n += 1;
    }
    this.#stores += store * (extra + 1);
    this.#fetches += fetch * (extra + 1);
    // The fetches that are not stripped: records, not pages.
    this.#keptFetches += fetch * (extra + 1);
    // Nothing is proved by a record of several pages, nor after it.
    this.#last.fill(0);
    return extra;
  }

  #reserve(room: number): void {
    let size = this.keys.length;
    if (this.n + room <= size) return;
    while (size < this.n + room) size *= 2;
    const grown = (old: Int32Array): Int32Array => {
      const larger = new Int32Array(size);
      larger.set(old);
      return larger;
    };
    this.keys = grown(this.keys);
    this.origins = grown(this.origins);
  }
}

function emptyBlock(): Block {
  return {
    from: 0,
    to: 0,
    firstKey: 0,
    endKey: 0,
    vcpu: 0,
    reads: 0,
    writes: 0,
    fetches: 0,
    crossings: 0,
    strippedData: 0,
    strippedFetches: 0,
  };
}

/** High and low half of the start of the page that is `pages` pages after that of (hi, lo). */
export function laterHi(hi: number, lo: number, pages: number): number {
  return (lo >>> 12) + pages >= 2 ** 20 ? (hi + 1) | 0 : hi;
}

export function laterLo(lo: number, pages: number): number {
  return ((lo & PAGE) + pages * 4096) | 0;
}
