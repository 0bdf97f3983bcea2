/**
 * BlockReplay: the accesses of a trace, block by block of columns (mmu/page-columns.ts), from miss to miss.
 *
 * Hits cost no call and no allocation: SetAssoc.scan goes over them. What it stops at takes single look-ups and walks
 * (mmu/front.ts). Where records were stripped, each of these also tells whether what stripping assumed still holds; if
 * not, the rest of the block is taken record by record.
 */
import { SIZE_4K } from '../arch/paging.js';
import type { AccessCounters } from '../counters.js';
import { type AccessBatch, OP_FETCH } from '../trace/access.js';
import type { MachineParts, MmuBackend, Vcpu } from './backend.js';
import type { Front } from './front.js';
import { type Block, BLOCK, laterHi, laterLo, PageColumns } from './page-columns.js';
import { KERNEL_USE, type KernelUse, ReplayKernel } from './replay-kernel.js';
import { type SetAssoc, STOP_MISS } from './set-assoc.js';
import { TLB_HIT, TLB_HIT_SECOND, TLB_MISS, type TlbHierarchy } from './tlb-hierarchy.js';
import { countL1Hits } from './tlb-hits.js';

/** Page accesses whose walks are prepared together: what they will read stays in the first-level cache until then. */
const AHEAD = 256;
/** Blocks that do without a kernel which has stopped too often. */
const WITHOUT = 15;

export class BlockReplay {
  readonly #parts: MachineParts;
  readonly #front: Front;
  readonly #backend: MmuBackend;
  readonly #trace: AccessCounters;
  /** For the rest of a block whose stripping does not hold. */
  readonly #rest: PageColumns;
  /** Sizes of the entries that the keys of a block hit, where they are not 4 KiB. */
  #sizes = new Uint8Array(0);
  #anyLarge = false;
  #firstKey = 0;
  /** More than an eighth of the last block's page accesses took a walk. */
  #walksMuch = false;
  /** The block has no fetches, or nothing else. */
  #oneKind = false;
  /** The key whose access took the slow path last. */
  #lastKey = 0;
  /** Kernels by vcpu; null where there can be none. */
  readonly #kernels: (ReplayKernel | null)[] = [];
  /** Page accesses that still have to go by before there is a kernel. */
  #untilKernel: number;
  readonly #use: KernelUse;
  /** How often a kernel stopped in the block; and blocks that do without, since it stopped too often. */
  #stops = 0;
  #without = 0;

  constructor(
    parts: MachineParts,
    backend: MmuBackend,
    front: Front,
    trace: AccessCounters,
    use: KernelUse = KERNEL_USE,
  ) {
    this.#use = use;
    this.#untilKernel = use.after;
    this.#parts = parts;
    this.#backend = backend;
    this.#rest = new PageColumns(parts.ids);
    this.#front = front;
    this.#trace = trace;
  }

  /**
   * Replays one block of the columns that were made of `batch`, on the block's vcpu.
   * @param sets what the columns were stripped with, 0 if they were not
   */
  replay(vcpu: Vcpu, batch: AccessBatch, columns: PageColumns, block: Block, sets: number): void {
    const c = this.#trace;
    c.accesses += block.reads + block.writes + block.fetches;
    c.reads += block.reads;
    c.writes += block.writes;
    c.fetches += block.fetches;
    c.crossings += block.crossings;
    this.#oneKind = block.fetches === 0 || block.reads + block.writes === 0;
    const walks = c.walks;
    const keys = block.endKey - block.firstKey;
    this.#untilKernel -= keys;
    this.#stops = 0;
    this.#replayKeys(vcpu, batch, columns, block, sets);
    this.#walksMuch = (c.walks - walks) * 8 > keys;
    if (this.#without > 0) this.#without -= 1;
    else if (this.#stops * this.#use.manyStops > keys) this.#without = WITHOUT;
  }

  /** The kernel of `vcpu`, or null if there is none, or not now. */
  #kernel(vcpu: Vcpu): ReplayKernel | null {
    if (this.#untilKernel > 0 || this.#without > 0) return null;
    const known = this.#kernels[vcpu.id];
    if (known !== undefined) return known;
    return (this.#kernels[vcpu.id] = ReplayKernel.start(this.#parts, this.#backend, vcpu));
  }

  #replayKeys(vcpu: Vcpu, batch: AccessBatch, columns: PageColumns, block: Block, sets: number): void {
    if (block.strippedData + block.strippedFetches === 0)
      this.#run(vcpu, batch, columns, block.firstKey, block.endKey, 0);
    else this.#runStripped(vcpu, batch, columns, block, sets);
  }

  /** A block with stripped records: they are hits, until something happens that may make one a miss. */
  #runStripped(vcpu: Vcpu, batch: AccessBatch, columns: PageColumns, block: Block, sets: number): void {
    const sizes = vcpu.tlb.strippable(sets);
    if (sizes === 0) return this.#runRest(vcpu, batch, block.from, block.to);
    const { firstKey, endKey } = block;
    this.#firstKey = firstKey;
    this.#anyLarge = false;
    let disturbed: number;
    try {
      disturbed = this.#run(vcpu, batch, columns, firstKey, endKey, sizes);
    } catch (error) {
      this.#countStripped(batch, columns, block, columns.origins[this.#lastKey]! >> 1);
      throw error;
    }
    if (disturbed === endKey) {
      if (this.#anyLarge) return this.#countStripped(batch, columns, block, block.to);
      countL1Hits(this.#trace, false, SIZE_4K, block.strippedData);
      countL1Hits(this.#trace, true, SIZE_4K, block.strippedFetches);
      return;
    }
    const { origins } = columns;
    const record = origins[disturbed]! >> 1;
    this.#countStripped(batch, columns, block, record);
    // What is left of the record, if it crosses pages, and the records after it.
    let next = disturbed + 1;
    while (next < endKey && origins[next]! >> 1 === record) next++;
    this.#run(vcpu, batch, columns, disturbed + 1, next, 0);
    this.#runRest(vcpu, batch, record + 1, block.to);
  }

  /** Records [from, to) one by one, none stripped. */
  #runRest(vcpu: Vcpu, batch: AccessBatch, from: number, to: number): void {
    const { vcpus } = this.#parts;
    const rest = this.#rest;
    rest.fill(
      vcpus.map((v) => v.space),
      batch,
      from,
      to,
      0,
    );
    this.#run(vcpu, batch, rest, 0, rest.n, 0);
  }

  /** Counts the stripped records of the block before record `end`, by the size of the entries they hit. */
  #countStripped(batch: AccessBatch, columns: PageColumns, block: Block, end: number): void {
    const { origins } = columns;
    const sizes = this.#sizes;
    let key = block.firstKey;
    let dataSize = SIZE_4K;
    let fetchSize = SIZE_4K;
    for (let record = block.from; record < end; record++) {
      const fetch = batch.op[record] === OP_FETCH;
      let kept = false;
      for (; key < block.endKey && origins[key]! >> 1 === record; key++) {
        kept = true;
        const size = this.#anyLarge ? sizes[key - block.firstKey]! : SIZE_4K;
        if (fetch) fetchSize = size;
        else dataSize = size;
      }
      if (!kept) countL1Hits(this.#trace, fetch, fetch ? fetchSize : dataSize, 1);
    }
  }

  /**
   * Page accesses [from, end) of the columns, from miss to miss.
   * @param sizes 0: unconditionally. Otherwise, as bits, the sizes of first-level entries for which stripping holds:
   *   the run ends after the first access that leaves anything else behind
   * @returns the key after which stripping no longer holds, or `end`
   */
  #run(
    vcpu: Vcpu,
    batch: AccessBatch,
    columns: PageColumns,
    from: number,
    end: number,
    sizes: number,
  ): number {
    const { keys, origins } = columns;
    const { tlb } = vcpu;
    let kernel = this.#kernel(vcpu);
    if (kernel !== null && !kernel.take(keys, from, end)) kernel = null;
    for (let at = from; at < end;) {
      const fetch = origins[at]! & 1;
      let stop = this.#oneKind ? end : at + 1;
      while (stop < end && (origins[stop]! & 1) === fetch) stop++;
      if (this.#walksMuch && kernel !== null) {
        stop = Math.min(stop, at + AHEAD);
        kernel.ahead(at - from, stop - from, fetch === 1);
      }
      const array = fetch === 1 ? tlb.scannableFetch : tlb.scannableData;
      // Larger entries, and notes of single look-ups for `p2msim walk`, are not for the scan of both levels.
      const small = sizes === 0 || ((sizes >> (4 * fetch)) & 1) !== 0;
      const paired = small && this.#parts.watch.observer === null;
      let second = paired ? this.#second(tlb, kernel, fetch === 1) : null;
      while (at < stop) {
        const kernels = second !== null && kernel !== null;
        const miss = kernels
          ? from + kernel!.run(at - from, stop - from, fetch === 1, this.#trace)
          : this.#scan(tlb, array, second, keys, at, stop, fetch === 1);
        at = miss + 1;
        if (miss === stop) break;
        const before = tlb.disturbances;
        this.#lastKey = miss;
        if (kernels) {
          this.#stops += 1;
          this.#missed(vcpu, batch, keys[miss]!, origins[miss]!);
        } else if (second !== null && array!.stoppedAt === STOP_MISS) {
          tlb.enteredAhead(this.#trace, keys[miss]! >>> 2, fetch === 1);
          this.#walkFor(vcpu, batch, keys[miss]!, origins[miss]!, TLB_MISS);
        } else this.#missed(vcpu, batch, keys[miss]!, origins[miss]!);
        const disturbed = tlb.disturbances !== before;
        if (paired && (disturbed || tlb.hitSize !== SIZE_4K)) second = this.#second(tlb, kernel, fetch === 1);
        if (sizes === 0) continue;
        if (disturbed || ((sizes >> (tlb.hitSize + 4 * fetch)) & 1) === 0) return miss;
        if (tlb.hitSize !== SIZE_4K) this.#noteLarge(miss, tlb.hitSize);
      }
      at = stop;
    }
    return end;
  }

  /** The second level's array, if a kernel, or else the scan of both levels, can go over it now. */
  #second(tlb: TlbHierarchy, kernel: ReplayKernel | null, fetch: boolean): SetAssoc | null {
    return kernel === null ? tlb.scannableSecond(fetch) : tlb.secondForKernel(fetch);
  }

  /** Goes over hits, counting; returns the first key that is none, or `stop`. */
  #scan(
    tlb: TlbHierarchy,
    array: SetAssoc | null,
    second: SetAssoc | null,
    keys: Int32Array,
    at: number,
    stop: number,
    fetch: boolean,
  ): number {
    if (array === null) return at;
    const miss = second === null ? array.scan(keys, at, stop) : array.scanTwo(second, keys, at, stop);
    if (miss === at) return miss;
    const behind = second === null ? 0 : array.hitsBehind;
    countL1Hits(this.#trace, fetch, SIZE_4K, miss - at - behind);
    if (behind > 0) tlb.countSecondHits(this.#trace, fetch, behind);
    return miss;
  }

  #noteLarge(key: number, size: number): void {
    if (!this.#anyLarge) {
      if (this.#sizes.length <= 2 * BLOCK) this.#sizes = new Uint8Array(2 * BLOCK);
      this.#sizes.fill(SIZE_4K);
      this.#anyLarge = true;
    }
    this.#sizes[key - this.#firstKey] = size;
  }

  /** The access of a key that the scan stopped at. In one piece: this and the walk are all that a TLB miss costs. */
  #missed(vcpu: Vcpu, batch: AccessBatch, key: number, origin: number): void {
    const page = key >>> 2;
    const write = (key & 1) !== 0;
    const fetch = (origin & 1) !== 0;
    const c = this.#trace;
    const { tlb } = vcpu;
    const found = tlb.lookupMissed(page, write, fetch, c);
    if (found === TLB_HIT) return;
    if (found === TLB_HIT_SECOND) {
      this.#parts.watch.observer?.note('STLB hit');
      return;
    }
    this.#walkFor(vcpu, batch, key, origin, found);
  }

  /** Walks for the access of a key that no TLB holds, or not with the right to write. */
  #walkFor(vcpu: Vcpu, batch: AccessBatch, key: number, origin: number, found: number): void {
    const page = key >>> 2;
    const record = origin >> 1;
    let hi = batch.hi[record]! | 0;
    let lo = batch.lo[record]! | 0;
    // A record names its first page; the low bits of the page id tell how many pages further on this is.
    const further = (page - (lo >>> 12)) & 511;
    if (further > 0) {
      const first = lo;
      lo = laterLo(first, further);
      hi = laterHi(hi, first, further);
    }
    this.#front.walk(vcpu, page, hi, lo, (key & 1) !== 0, (origin & 1) !== 0, found, this.#trace);
  }
}
