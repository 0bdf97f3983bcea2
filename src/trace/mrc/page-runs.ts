/**
 * PageRuns: the page accesses of a trace as columns of page ids, one set of columns per vcpu.
 *
 * A record that crosses page borders is one access to each page, the lower first. Accesses to the page that
 * the vcpu accessed last are not repeated in the columns but counted: they are stack distance 0, three in four
 * of a real program's. Columns are handed on when they are full and at the end of each chunk; the order among
 * vcpus is not kept, since each has a TLB of its own.
 */
import { type AccessBatch, OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE, type TraceChunk } from '../access.js';
import { AddressSpaces } from '../address-spaces.js';
import { REGION_BITS, REGION_PAGES, RegionIds } from './region-ids.js';

/** Elements per column: both columns of a vcpu stay in the L1 cache. */
export const RUN_CAPACITY = 2048;
/** No page number's bits from 32 up: those have at most 20 bits and a sign. */
const NO_PAGE = 0x7fffffff;

/** Accesses that are looked at. */
export const ACCESS_KINDS = {
  all: [OP_READ, OP_WRITE, OP_MODIFY, OP_FETCH],
  data: [OP_READ, OP_WRITE, OP_MODIFY],
  fetch: [OP_FETCH],
} as const;
export type AccessKinds = keyof typeof ACCESS_KINDS;

export const PAGE_SHIFTS = { '4k': 12, '2m': 21, '1g': 30 } as const;
export type MrcPageSize = keyof typeof PAGE_SHIFTS;

/** Columns of one vcpu. */
export class PageRun {
  /** Valid elements. */
  n = 0;
  /** True once there was an access. */
  used = false;
  readonly pages = new Int32Array(RUN_CAPACITY);
  /** Accesses in a row to each page. */
  readonly lengths = new Int32Array(RUN_CAPACITY);

  readonly vcpu: number;

  constructor(vcpu: number) {
    this.vcpu = vcpu;
  }
}

/** Takes the columns when they are full; they are empty again afterwards. */
export type TakeRun = (run: PageRun) => void;

export class PageRuns {
  readonly regions = new RegionIds();
  /** Page accesses, and how many of them are due to page borders inside records. */
  accesses = 0;
  crossings = 0;
  /** Records looked at. */
  records = 0;
  readonly #shift: number;
  /** Bit OP_x set: accesses of that kind are looked at. */
  readonly #kinds: number;
  readonly #take: TakeRun;
  readonly #runs: (PageRun | undefined)[] = [];
  readonly #selected = new AddressSpaces();
  readonly #spaces = new Map<string, number>();

  constructor(pageSize: MrcPageSize, kinds: AccessKinds, take: TakeRun) {
    this.#shift = PAGE_SHIFTS[pageSize];
    this.#kinds = ACCESS_KINDS[kinds].reduce<number>((bits, op) => bits | (1 << op), 0);
    this.#take = take;
  }

  /** Vcpus with accesses. */
  get vcpus(): number {
    return this.#runs.filter((run) => run?.used).length;
  }

  chunk({ accesses, events, eventAt }: TraceChunk): void {
    let from = 0;
    for (const [i, event] of events.entries()) {
      const until = eventAt[i] ?? accesses.n;
      this.#range(accesses, from, until);
      from = until;
      this.#selected.event(event);
    }
    this.#range(accesses, from, accesses.n);
    for (const run of this.#runs) if (run !== undefined) this.#flush(run);
  }

  #range(batch: AccessBatch, from: number, until: number): void {
    const { vcpu } = batch;
    for (let at = from; at < until;) {
      const first = vcpu[at]!;
      let end = at + 1;
      while (end < until && vcpu[end] === first) end++;
      this.#stretch(batch, at, end, this.#runOf(first), this.#spaceOn(first));
      at = end;
    }
  }

  /** Records [from, until), all of one vcpu in one address space. */
  #stretch(batch: AccessBatch, from: number, until: number, run: PageRun, space: number): void {
    const { hi, lo, op, size } = batch;
    const shift = this.#shift | 0;
    const up = (32 - shift) | 0;
    const kinds = this.#kinds | 0;
    const within = ((1 << shift) - 1) | 0;
    let lastHigh = NO_PAGE;
    let lastLow = 0;
    let regionHigh = NO_PAGE;
    let regionLow = 0;
    let region = 0;
    /** Accesses to the last page that are not counted in its run yet. */
    let repeats = 0;
    let records = 0;
    for (let i = from | 0; i < until; i++) {
      if (((kinds >>> op[i]!) & 1) === 0) continue;
      records++;
      const address = lo[i]! | 0;
      const half = hi[i]! | 0;
      const low = (half << up) | (address >>> shift);
      const high = half >> shift;
      if (low === lastLow && high === lastHigh) repeats++;
      else {
        if (repeats > 0) run.lengths[run.n - 1]! += repeats;
        repeats = 0;
        if (low >>> REGION_BITS !== regionLow || high !== regionHigh) {
          regionLow = low >>> REGION_BITS;
          regionHigh = high;
          region = this.regions.of(space, high, regionLow);
        }
        this.#push(run, (region << REGION_BITS) | (low & (REGION_PAGES - 1)));
        lastLow = low;
        lastHigh = high;
      }
      const last = (address & within) + size[i]! - 1;
      if (last > within) {
        if (repeats > 0) run.lengths[run.n - 1]! += repeats;
        repeats = 0;
        this.#cross(run, space, high, low, Math.floor(last / (within + 1)));
        lastHigh = NO_PAGE;
      }
    }
    if (repeats > 0) run.lengths[run.n - 1]! += repeats;
    this.records += records;
    this.accesses += records;
  }

  /** The `extra` pages after page (high, low). */
  #cross(run: PageRun, space: number, high: number, low: number, extra: number): void {
    for (let p = 1; p <= extra; p++) {
      const next = (low + p) | 0;
      // The sum carries where the low half became smaller.
      const nextHigh = next >>> 0 < low >>> 0 ? (high + 1) | 0 : high;
      const region = this.regions.of(space, nextHigh, next >>> REGION_BITS);
      this.#push(run, (region << REGION_BITS) | (next & (REGION_PAGES - 1)));
    }
    this.accesses += extra;
    this.crossings += extra;
  }

  #push(run: PageRun, page: number): void {
    const { n, pages } = run;
    if (n > 0 && pages[n - 1] === page) {
      run.lengths[n - 1]! += 1;
      return;
    }
    if (n === RUN_CAPACITY) this.#flush(run);
    const at = run.n;
    pages[at] = page;
    run.lengths[at] = 1;
    run.n = at + 1;
  }

  #flush(run: PageRun): void {
    if (run.n === 0) return;
    run.used = true;
    this.#take(run);
    run.n = 0;
  }

  #runOf(vcpu: number): PageRun {
    return (this.#runs[vcpu] ??= new PageRun(vcpu));
  }

  #spaceOn(vcpu: number): number {
    const name = this.#selected.on(vcpu);
    let space = this.#spaces.get(name);
    if (space === undefined) {
      space = this.#spaces.size + 1;
      this.#spaces.set(name, space);
    }
    return space;
  }
}
