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
  readonly #blocks: Block[] = [];
  blockCount = 0;
  /** The page accessed last by set, low half with marks, and high half; data first, then fetches. */
  readonly #last = new Int32Array(2 * MAX_STRIP_SETS);
  readonly #lastHi = new Int32Array(2 * MAX_STRIP_SETS);

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
    const { hi: his, lo: los, op: ops, size: sizes } = batch;
    const last = this.#last.fill(0);
    const lastHi = this.#lastHi;
    const marks = sets > 0 ? -1 : 0;
    const setMask = Math.max(0, sets - 1);
    if (this.n + 2 * BLOCK > this.keys.length) this.#reserve(2 * BLOCK);
    let { keys, origins } = this;
    let n = this.n;
    let stores = 0;
    let fetches = 0;
    let stripped = 0;
    let strippedFetches = 0;
    let crossings = 0;
    let storesCrossing = 0;
    let fetchesCrossing = 0;
    let regionHi = 0;
    let regionLo = -1;
    let region = 0;
    block.firstKey = n;
    for (let i = block.from; i < block.to; i++) {
      const lo = los[i]! | 0;
      const hi = his[i]! | 0;
      const op = ops[i]! | 0;
      const store = op & 1;
      const fetch = op === OP_FETCH ? 1 : 0;
      stores += store;
      fetches += fetch;
      const slot = (fetch * MAX_STRIP_SETS) | ((lo >>> 12) & setMask);
      const page = (lo & PAGE) | VALID | store;
      const inPage = (lo & 0xfff) + sizes[i]! <= 0x1000;
      // The page that was accessed last in the set, and if this is a store, stored to: before anything is looked up.
      if (((last[slot]! ^ page) & (PAGE | VALID | store)) === 0 && lastHi[slot] === hi && inPage) {
        stripped += 1;
        strippedFetches += fetch;
        continue;
      }
      if (lo >>> 21 !== regionLo || hi !== regionHi) {
        region = ids.region(space, hi, lo) << 9;
        regionHi = hi;
        regionLo = lo >>> 21;
      }
      keys[n] = ((region | ((lo >>> 12) & 511)) << 2) | store;
      origins[n] = (i << 1) | fetch;
      n += 1;
      last[slot] = page & marks;
      lastHi[slot] = hi;
      if (inPage) continue;
      last.fill(0);
      this.n = n;
      const extra = this.#cross(ids, space, hi, lo, sizes[i]!, store, (i << 1) | fetch);
      ({ keys, origins, n } = this);
      crossings += extra;
      storesCrossing += store * extra;
      fetchesCrossing += fetch * extra;
    }
    this.n = n;
    block.endKey = n;
    block.writes = stores + storesCrossing;
    block.fetches = fetches + fetchesCrossing;
    block.reads = block.to - block.from + crossings - block.writes - block.fetches;
    block.crossings = crossings;
    block.strippedData = stripped - strippedFetches;
    block.strippedFetches = strippedFetches;
  }

  /** Keys of the pages after the first of a record that crosses page borders; returns how many. */
  #cross(
    ids: PageIds,
    space: number,
    hi: number,
    lo: number,
    size: number,
    store: number,
    origin: number,
  ): number {
    const extra = ((lo & 0xfff) + size - 1) >>> 12;
    this.#reserve(extra + 2 * BLOCK);
    for (let p = 1; p <= extra; p++) {
      const page = ids.page(space, laterHi(hi, lo, p), laterLo(lo, p));
      this.keys[this.n] = (page << 2) | store;
      this.origins[this.n] = origin;
      this.n += 1;
    }
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
