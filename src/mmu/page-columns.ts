/**
 * PageColumns: a stretch of records as columns of page accesses, made once and replayed by every machine.
 *
 * Each record becomes one int32 per page it touches (page id << 2 | store), which the first-level TLB is
 * scanned with. Records that provably change nothing but counters are left out (*stripped*): if of all pages
 * of its TLB set a page was the one accessed last, by the same vcpu, by the same kind (fetch or data), and a store
 * went before if this is a store, then in every machine whose L1 has a multiple of `sets` sets it hits the entry
 * used last, under any replacement policy. What could make that untrue (a fault, an exit, an entry that is not
 * 4 KiB, kernel accesses) only a machine knows: it then takes the rest of the block record by record
 * (mmu/block-replay.ts). Blocks are at most 1,024 records of one vcpu, and proofs do not reach over their borders.
 *
 * One pass does both, because the second look at a record costs as much as the strip saves one machine
 * (bench/README.md, row strip); it halves the cost of a hit-heavy record for one machine and more for several.
 */
import { type AccessBatch, BATCH_CAPACITY, OP_FETCH } from '../trace/access.js';
import { PAGE, type Packer, RecordPacker } from './packer.js';
import type { PageIds } from './page-ids.js';

/** Records per block: few enough that one fault does not cost much, enough that proving afresh is rare. */
export const BLOCK = 1024;
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
  readonly #ids: PageIds;
  readonly #packer: Packer;
  /** Of the block at hand: stores and fetches of further pages by records that cross page borders, and such fetches. */
  #stores = 0;
  #fetches = 0;
  #crossingFetches = 0;

  constructor(ids: PageIds, packer: Packer = new RecordPacker(ids)) {
    this.#ids = ids;
    this.#packer = packer;
  }

  block(index: number): Block {
    return this.#blocks[index]!;
  }

  /**
   * Turns records [from, to) into columns.
   * @param spaces address space loaded on each vcpu
   * @param sets L1 sets that stripping may count on: a power of two up to {@link MAX_STRIP_SETS}; 0: keep everything
   */
  fill(spaces: readonly number[], batch: AccessBatch, from: number, to: number, sets: number): void {
    this.n = 0;
    this.blockCount = 0;
    this.#packer.fresh();
    for (let at = from; at < to;) {
      const block = this.#newBlock(batch, at, Math.min(to, at + BLOCK));
      this.#fillBlock(spaces[block.vcpu] ?? 0, batch, block, to, sets);
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

  #fillBlock(space: number, batch: AccessBatch, block: Block, limit: number, sets: number): void {
    const packer = this.#packer;
    this.#stores = 0;
    this.#fetches = 0;
    this.#crossingFetches = 0;
    let crossings = 0;
    block.firstKey = this.n;
    packer.begin(batch, block, limit, space, sets);
    for (let at = block.from; at < block.to; at++) {
      this.#reserve(block.to - at);
      at = packer.pack(this, at, block.to);
      if (at === block.to) break;
      crossings += this.#cross(space, batch, at);
    }
    const kept = this.n - block.firstKey - crossings;
    block.endKey = this.n;
    block.writes = packer.stores + this.#stores;
    block.fetches = packer.fetches + this.#fetches;
    block.reads = block.to - block.from + crossings - block.writes - block.fetches;
    block.crossings = crossings;
    block.strippedFetches = packer.fetches - packer.keptFetches - this.#crossingFetches;
    block.strippedData = block.to - block.from - kept - block.strippedFetches;
  }

  /** Keys of all pages of record `at`, which crosses page borders; returns how many there are beyond the first. */
  #cross(space: number, batch: AccessBatch, at: number): number {
    const hi = batch.hi[at]! | 0;
    const lo = batch.lo[at]! | 0;
    const op = batch.op[at]!;
    const store = op & 1;
    const fetch = op === OP_FETCH ? 1 : 0;
    const extra = ((lo & 0xfff) + batch.size[at]! - 1) >>> 12;
    this.#reserve(extra + 1);
    for (let p = 0; p <= extra; p++) {
      const page = this.#ids.page(space, laterHi(hi, lo, p), laterLo(lo, p));
      this.keys[this.n] = (page << 2) | store;
      this.origins[this.n] = (at << 1) | fetch;
      this.n += 1;
    }
    this.#stores += store * extra;
    this.#fetches += fetch * extra;
    this.#crossingFetches += fetch;
    // Nothing is proved by a record of several pages, nor after it.
    this.#packer.forget();
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
