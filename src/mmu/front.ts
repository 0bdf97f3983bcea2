/**
 * The front end that all modes share: page accesses -> TLBs; the backend only on a miss.
 *
 * Columns of page accesses (mmu/page-columns.ts) are gone through from miss to miss (SetAssoc.scan): hits cost
 * no call and no allocation. Everything that is not a first-level 4K hit with sufficient rights takes the slow
 * path, one access at a time (docs/model.md 1, 2). Where records were stripped, the slow path also watches
 * whether what stripping assumed still holds; if not, the rest of the block is taken record by record.
 */
import { pageNumberOf, SIZE_4K } from '../arch/paging.js';
import { InternalError } from '../errors.js';
import { pageFault } from '../guest/fault.js';
import type { Guest } from '../guest/guest.js';
import type { AccessCounters } from '../counters.js';
import { type AccessBatch, OP_FETCH } from '../trace/access.js';
import { EMULATED, FILLED, GUEST_FAULT, type MachineParts, type MmuBackend, type Vcpu } from './backend.js';
import { type Block, BLOCK, laterHi, laterLo, PageColumns } from './page-columns.js';
import { countL1Hits, TLB_HIT, TLB_HIT_SECOND, TLB_MISS, TLB_REWALK } from './tlb-hierarchy.js';

/** More walks than this for one access mean that the model runs in a circle. */
const MAX_WALKS = 64;

/** What handles a guest page fault: true if the access should be retried. */
export type FaultHandling = typeof pageFault;

export class Front {
  readonly #handleFault: FaultHandling;
  readonly #parts: MachineParts;
  readonly #backend: MmuBackend;
  readonly #guest: Guest;
  readonly #trace: AccessCounters;
  readonly #kernel: AccessCounters;
  /** Premapped guests: 1 once a region need not be looked at again. */
  #settled: Uint8Array | null;
  /** For the rest of a block whose stripping does not hold. */
  readonly #rest = new PageColumns();
  /** Sizes of the entries that the keys of a block hit, where they are not 4 KiB. */
  #sizes = new Uint8Array(0);
  #anyLarge = false;
  #firstKey = 0;
  /** The key whose access took the slow path last. */
  #lastKey = 0;

  constructor(
    parts: MachineParts,
    backend: MmuBackend,
    trace: AccessCounters,
    kernel: AccessCounters,
    handleFault: FaultHandling = pageFault,
  ) {
    this.#handleFault = handleFault;
    this.#parts = parts;
    this.#backend = backend;
    this.#guest = parts.guest;
    this.#trace = trace;
    this.#kernel = kernel;
    this.#settled = parts.config.guest.mode === 'premapped' ? new Uint8Array(4096) : null;
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
    const { ids, vcpus } = this.#parts;
    const rest = this.#rest;
    rest.fill(
      ids,
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
    for (let at = from; at < end;) {
      const fetch = origins[at]! & 1;
      let stop = at + 1;
      while (stop < end && (origins[stop]! & 1) === fetch) stop++;
      const array = fetch === 1 ? tlb.scannableFetch : tlb.scannableData;
      while (at < stop) {
        const miss = array === null ? at : array.scan(keys, at, stop);
        if (miss > at) countL1Hits(this.#trace, fetch === 1, SIZE_4K, miss - at);
        at = miss + 1;
        if (miss === stop) break;
        const before = tlb.disturbances;
        this.#lastKey = miss;
        this.#missed(vcpu, batch, keys[miss]!, origins[miss]!);
        if (sizes === 0) continue;
        if (tlb.disturbances !== before || ((sizes >> (tlb.hitSize + 4 * fetch)) & 1) === 0) return miss;
        if (tlb.hitSize !== SIZE_4K) this.#noteLarge(miss, tlb.hitSize);
      }
      at = stop;
    }
    return end;
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
    this.#walk(vcpu, page, hi, lo, write, fetch, found, c);
  }

  /** One kernel page access (docs/model.md 7.3); true if it hit the first-level TLB. */
  kernelAccess(vcpu: Vcpu, hi: number, lo: number, write: boolean): boolean {
    const { origin, ids } = this.#parts;
    const outer = origin.counters;
    const c = this.#kernel;
    origin.counters = c;
    vcpu.tlb.disturbances += 1;
    c.accesses += 1;
    if (write) c.writes += 1;
    else c.reads += 1;
    const hit = this.#access(vcpu, ids.page(vcpu.space, hi, lo), hi | 0, lo | 0, write, false);
    origin.counters = outer;
    return hit;
  }

  /** Counts `n` further kernel accesses to the page that the last one hit. */
  moreKernelHits(vcpu: Vcpu, write: boolean, n: number): void {
    const c = this.#kernel;
    c.accesses += n;
    if (write) c.writes += n;
    else c.reads += n;
    countL1Hits(c, false, vcpu.tlb.hitSize, n);
  }

  /** One access by the slow path; true if it hit the first-level TLB with sufficient rights. */
  #access(vcpu: Vcpu, page: number, hi: number, lo: number, write: boolean, fetch: boolean): boolean {
    const c = this.#parts.origin.counters;
    const found = vcpu.tlb.lookup(page, write, fetch, c);
    if (found === TLB_HIT) return true;
    if (found === TLB_HIT_SECOND) this.#parts.watch.observer?.note('STLB hit');
    else this.#walk(vcpu, page, hi, lo, write, fetch, found, c);
    return false;
  }

  /**
   * Walks for what no TLB holds (`found` TLB_MISS), or not with the right to write (TLB_REWALK). (hi, lo) are int32:
   * an unsigned half would be boxed as a double in every call.
   */
  #walk(
    vcpu: Vcpu,
    page: number,
    hi: number,
    lo: number,
    write: boolean,
    fetch: boolean,
    found: number,
    c: AccessCounters,
  ): void {
    if (this.#settled !== null && this.#settled[page >>> 9] !== 1) this.#settle(vcpu, page, hi, lo);
    const { observer } = this.#parts.watch;
    if (found === TLB_REWALK) c.rewalks += 1;
    observer?.note(
      found === TLB_REWALK ? 'TLB hit without the right to write: walk again' : 'TLB miss: page walk',
    );
    c.walks += 1;
    vcpu.page = page;
    const { tlb } = vcpu;
    const before = tlb.disturbances;
    const outcome = this.#backend.walk(vcpu, hi, lo, write);
    if (outcome !== FILLED) return this.#retry(vcpu, page, hi, lo, write, fetch, outcome, c);
    const { size, flags } = this.#parts.translation;
    tlb.fill(page, size, flags, fetch, found === TLB_MISS && tlb.disturbances === before, c);
  }

  /** What follows a walk that filled nothing: the guest's fault handler or the hypervisor's, and walks again. */
  #retry(
    vcpu: Vcpu,
    page: number,
    hi: number,
    lo: number,
    write: boolean,
    fetch: boolean,
    first: number,
    c: AccessCounters,
  ): void {
    const { observer } = this.#parts.watch;
    let outcome = first;
    for (let walks = 1; outcome !== FILLED; walks++) {
      c.walkFaults += 1;
      // A page fault drops whatever would translate the address (SDM 4.10.4.1).
      vcpu.tlb.dropPage(page);
      vcpu.pwc.invalidate(vcpu.space, page);
      if (outcome === EMULATED) return;
      if (outcome === GUEST_FAULT) {
        observer?.note('guest page fault: the guest kernel runs');
        if (!this.#handleFault(this.#guest, vcpu.id, hi, lo, write, fetch)) return;
      }
      if (walks === MAX_WALKS)
        throw new InternalError(`an access was walked ${MAX_WALKS} times without an end`);
      c.walks += 1;
      c.retries += 1;
      observer?.note('retry: page walk');
      vcpu.page = page;
      outcome = this.#backend.walk(vcpu, hi, lo, write);
    }
    const { size, flags } = this.#parts.translation;
    vcpu.tlb.fill(page, size, flags, fetch, false, c);
  }

  /** premapped: what the trace never edits was mapped before it began. */
  #settle(vcpu: Vcpu, page: number, hi: number, lo: number): void {
    const region = page >>> 9;
    let settled = this.#settled!;
    while (region >= settled.length) {
      const larger = new Uint8Array(2 * settled.length);
      larger.set(settled);
      settled = larger;
    }
    settled[region] = 1;
    this.#settled = settled;
    this.#guest.premap(this.#guest.current[vcpu.id]!, pageNumberOf(hi, lo));
  }
}
