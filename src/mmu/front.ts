/**
 * The front end that all modes share: records -> page accesses -> TLBs; the backend only on a miss.
 *
 * A batch is turned into columns of page ids once, then one loop runs from miss to miss
 * (SetAssoc.scan): hits cost no call and no allocation. Everything that is not a first-level 4K hit with
 * sufficient rights takes the slow path, one access at a time (docs/model.md 1, 2).
 */
import { pageNumberOf, SIZE_4K } from '../arch/paging.js';
import { InternalError } from '../errors.js';
import { pageFault } from '../guest/fault.js';
import type { Guest } from '../guest/guest.js';
import type { AccessCounters } from '../counters.js';
import { type AccessBatch, BATCH_CAPACITY, OP_FETCH, OP_READ } from '../trace/access.js';
import { EMULATED, FILLED, GUEST_FAULT, type MachineParts, type MmuBackend, type Vcpu } from './backend.js';
import { countL1Hits, TLB_HIT, TLB_HIT_SECOND, TLB_REWALK } from './tlb-hierarchy.js';

/** More walks than this for one access mean that the model runs in a circle. */
const MAX_WALKS = 64;

/** Page accesses of a stretch of records, as columns. */
class Columns {
  n = 0;
  /** page id << 2 | 1 for a store: what SetAssoc.scan takes. */
  keys = new Int32Array(2 * BATCH_CAPACITY);
  hi = new Int32Array(2 * BATCH_CAPACITY);
  lo = new Int32Array(2 * BATCH_CAPACITY);
  /** 1 for a fetch. */
  fetch = new Uint8Array(2 * BATCH_CAPACITY);

  push(key: number, hi: number, lo: number, fetch: number): void {
    if (this.n === this.keys.length) this.#grow();
    this.keys[this.n] = key;
    this.hi[this.n] = hi;
    this.lo[this.n] = lo;
    this.fetch[this.n] = fetch;
    this.n += 1;
  }

  #grow(): void {
    const bigger = <T extends Int32Array | Uint8Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    const size = this.keys.length * 2;
    this.keys = bigger(this.keys, new Int32Array(size));
    this.hi = bigger(this.hi, new Int32Array(size));
    this.lo = bigger(this.lo, new Int32Array(size));
    this.fetch = bigger(this.fetch, new Uint8Array(size));
  }
}

/** What handles a guest page fault: true if the access should be retried. */
export type FaultHandling = typeof pageFault;

export class Front {
  readonly #handleFault: FaultHandling;
  readonly #parts: MachineParts;
  readonly #backend: MmuBackend;
  readonly #guest: Guest;
  readonly #trace: AccessCounters;
  readonly #kernel: AccessCounters;
  readonly #premapped: boolean;
  readonly #columns = new Columns();

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
    this.#premapped = parts.config.guest.mode === 'premapped';
  }

  /** Replays records [from, to) of the batch, all of them on `vcpu`. */
  replay(vcpu: Vcpu, batch: AccessBatch, from: number, to: number): void {
    this.#fillColumns(vcpu, batch, from, to);
    const { n, fetch } = this.#columns;
    this.#trace.accesses += n;
    for (let at = 0; at < n;) {
      const isFetch = fetch[at] === 1;
      let end = at + 1;
      while (end < n && fetch[end] === fetch[at]) end++;
      this.#replayRun(vcpu, at, end, isFetch);
      at = end;
    }
  }

  /** Page accesses [from, end) of the columns, all fetches or none: from miss to miss. */
  #replayRun(vcpu: Vcpu, from: number, end: number, isFetch: boolean): void {
    const { keys, hi, lo } = this.#columns;
    const array = isFetch ? vcpu.tlb.scannableFetch : vcpu.tlb.scannableData;
    for (let i = from; i < end; i++) {
      const stop = array === null ? i : array.scan(keys, i, end);
      if (stop > i) countL1Hits(this.#trace, isFetch, SIZE_4K, stop - i);
      if (stop === end) return;
      const key = keys[stop]!;
      this.#access(vcpu, key >>> 2, hi[stop]!, lo[stop]! >>> 0, (key & 1) !== 0, isFetch);
      i = stop;
    }
  }

  /** One kernel page access (docs/model.md 7.3); true if it hit the first-level TLB. */
  kernelAccess(vcpu: Vcpu, hi: number, lo: number, write: boolean): boolean {
    const { origin, ids } = this.#parts;
    const outer = origin.counters;
    const c = this.#kernel;
    origin.counters = c;
    c.accesses += 1;
    if (write) c.writes += 1;
    else c.reads += 1;
    const hit = this.#access(vcpu, ids.page(vcpu.space, hi, lo), hi, lo, write, false);
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

  /** Splits records at page borders and interns their pages. */
  #fillColumns(vcpu: Vcpu, batch: AccessBatch, from: number, to: number): void {
    const columns = this.#columns;
    const c = this.#trace;
    const { ids } = this.#parts;
    const { space } = vcpu;
    let reads = 0;
    let writes = 0;
    let regionHi = 0;
    let regionLo = -1;
    let region = 0;
    columns.n = 0;
    for (let i = from; i < to; i++) {
      const hi = batch.hi[i]! | 0;
      const lo = batch.lo[i]!;
      const op = batch.op[i]!;
      const store = op === OP_READ || op === OP_FETCH ? 0 : 1;
      if (lo >>> 21 !== regionLo || hi !== regionHi) {
        region = ids.region(space, hi, lo);
        regionHi = hi;
        regionLo = lo >>> 21;
      }
      const fetch = op === OP_FETCH ? 1 : 0;
      columns.push((((region << 9) | ((lo >>> 12) & 511)) << 2) | store, hi, lo | 0, fetch);
      if (store === 1) writes += 1;
      else if (fetch === 0) reads += 1;
      const last = (lo & 0xfff) + batch.size[i]! - 1;
      if (last > 0xfff) {
        const extra = this.#splitRecord(vcpu, hi, lo, last >>> 12, store, fetch);
        if (store === 1) writes += extra;
        else if (fetch === 0) reads += extra;
      }
    }
    c.reads += reads;
    c.writes += writes;
    c.fetches += columns.n - reads - writes;
  }

  /** The pages after the first of a record that crosses `extra` page borders. */
  #splitRecord(vcpu: Vcpu, hi: number, lo: number, extra: number, store: number, fetch: number): number {
    const first = lo - (lo & 0xfff);
    for (let p = 1; p <= extra; p++) {
      const next = first + p * 4096;
      const pageHi = (hi + Math.floor(next / 2 ** 32)) | 0;
      const pageLo = next % 2 ** 32;
      const page = this.#parts.ids.page(vcpu.space, pageHi, pageLo);
      this.#columns.push((page << 2) | store, pageHi, pageLo | 0, fetch);
    }
    this.#trace.crossings += extra;
    return extra;
  }

  /** One access by the slow path; true if it hit the first-level TLB with sufficient rights. */
  #access(vcpu: Vcpu, page: number, hi: number, lo: number, write: boolean, fetch: boolean): boolean {
    const c = this.#parts.origin.counters;
    const found = vcpu.tlb.lookup(page, write, fetch, c);
    if (found === TLB_HIT) return true;
    const { observer } = this.#parts.watch;
    if (found === TLB_HIT_SECOND) {
      observer?.note('STLB hit');
      return false;
    }
    if (found === TLB_REWALK) c.rewalks += 1;
    observer?.note(
      found === TLB_REWALK ? 'TLB hit without the right to write: walk again' : 'TLB miss: page walk',
    );
    this.#walk(vcpu, page, hi, lo, write, fetch, c);
    return false;
  }

  #walk(
    vcpu: Vcpu,
    page: number,
    hi: number,
    lo: number,
    write: boolean,
    fetch: boolean,
    c: AccessCounters,
  ): void {
    if (this.#premapped) this.#settle(vcpu, page, hi, lo);
    const { observer } = this.#parts.watch;
    for (let walks = 1; walks <= MAX_WALKS; walks++) {
      c.walks += 1;
      if (walks > 1) {
        c.retries += 1;
        observer?.note('retry: page walk');
      }
      const outcome = this.#backend.walk(vcpu, hi, lo, write);
      if (outcome === FILLED) {
        const { size, flags } = this.#parts.translation;
        vcpu.tlb.fill(page, size, flags, fetch, c);
        return;
      }
      c.walkFaults += 1;
      // A page fault drops whatever would translate the address (SDM 4.10.4.1).
      vcpu.tlb.dropPage(page);
      vcpu.pwc.invalidate(vcpu.space, pageNumberOf(hi, lo));
      if (outcome === EMULATED) return;
      if (outcome === GUEST_FAULT) {
        observer?.note('guest page fault: the guest kernel runs');
        if (!this.#handleFault(this.#guest, vcpu.id, hi, lo, write, fetch)) return;
      }
    }
    throw new InternalError(`an access was walked ${MAX_WALKS} times without an end`);
  }

  /** premapped: what the trace never edits was mapped before it began. */
  #settle(vcpu: Vcpu, page: number, hi: number, lo: number): void {
    const { settled } = this.#parts.ids;
    const region = page >>> 9;
    if (settled[region] === 1) return;
    settled[region] = 1;
    this.#guest.premap(this.#guest.current[vcpu.id]!, pageNumberOf(hi, lo));
  }
}
