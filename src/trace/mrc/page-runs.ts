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

const CACHE_SIZE = 256;

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
  readonly vcpu: number;
  /** Valid elements. */
  n = 0;
  readonly pages = new Int32Array(RUN_CAPACITY);
  /** Accesses before each element, one more than there are elements: differences are accesses in a row to a page. */
  readonly starts = new Int32Array(RUN_CAPACITY + 1);
  /** Accesses since the beginning of the chunk. */
  position = 0;
  /** True once there was an access. */
  used = false;
  /** Address space of the pages in {@link cachedPage}. */
  space = 0;
  /** Page ids of recent pages, by the low bits of their numbers: code, stack and heap take turns. */
  readonly cachedLow = new Int32Array(CACHE_SIZE);
  readonly cachedHigh = new Int32Array(CACHE_SIZE).fill(NO_PAGE);
  readonly cachedPage = new Int32Array(CACHE_SIZE);

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

  /** Records looked at. */
  get records(): number {
    return this.accesses - this.crossings;
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
    for (const run of this.#runs) {
      if (run === undefined) continue;
      this.#flush(run, run.position);
      run.position = 0;
    }
  }

  #range(batch: AccessBatch, from: number, until: number): void {
    const { vcpu } = batch;
    for (let at = from; at < until;) {
      const first = vcpu[at]!;
      let end = at + 1;
      while (end < until && vcpu[end] === first) end++;
      this.#stretch(batch, at, end, this.#runOf(first));
      at = end;
    }
  }

  /** Records [from, until), all of one vcpu in one address space. */
  #stretch(batch: AccessBatch, from: number, until: number, run: PageRun): void {
    const { hi, lo, op, size } = batch;
    const shift = this.#shift | 0;
    const up = (32 - shift) | 0;
    const kinds = this.#kinds | 0;
    const within = ((1 << shift) - 1) | 0;
    const before = run.position;
    let position = before | 0;
    let lastHigh = NO_PAGE;
    let lastLow = 0;
    for (let i = from | 0; i < until; i++) {
      if (((kinds >>> op[i]!) & 1) === 0) continue;
      const address = lo[i]! | 0;
      const half = hi[i]! | 0;
      const low = (half << up) | (address >>> shift);
      const high = half >> shift;
      if (low !== lastLow || high !== lastHigh) {
        this.#push(run, high, low, position);
        lastLow = low;
        lastHigh = high;
      }
      position = (position + 1) | 0;
      const last = (address & within) + size[i]! - 1;
      if (last > within) {
        position = this.#cross(run, high, low, Math.floor(last / (within + 1)), position);
        lastHigh = NO_PAGE;
      }
    }
    run.position = position;
    this.accesses += (position - before) | 0;
  }

  /** The `extra` pages after page (high, low); returns the position after them. */
  #cross(run: PageRun, high: number, low: number, extra: number, position: number): number {
    for (let p = 1; p <= extra; p++) {
      const next = (low + p) | 0;
      // The sum carries where the low half became smaller.
      const nextHigh = next >>> 0 < low >>> 0 ? (high + 1) | 0 : high;
      this.#push(run, nextHigh, next, (position + p - 1) | 0);
    }
    this.crossings += extra;
    return (position + extra) | 0;
  }

  /** An access to page (high, low), with `position` accesses before it. */
  #push(run: PageRun, high: number, low: number, position: number): void {
    const page = this.#pageOf(run, high, low);
    const { n, pages } = run;
    if (n > 0 && pages[n - 1] === page) return;
    if (n === RUN_CAPACITY) this.#flush(run, position);
    pages[run.n] = page;
    run.starts[run.n] = position;
    run.n += 1;
  }

  #pageOf(run: PageRun, high: number, low: number): number {
    const at = low & (CACHE_SIZE - 1);
    if (run.cachedLow[at] === low && run.cachedHigh[at] === high) return run.cachedPage[at]!;
    const region = this.regions.of(run.space, high, low >>> REGION_BITS);
    const page = (region << REGION_BITS) | (low & (REGION_PAGES - 1));
    run.cachedLow[at] = low;
    run.cachedHigh[at] = high;
    run.cachedPage[at] = page;
    return page;
  }

  #flush(run: PageRun, position: number): void {
    if (run.n === 0) return;
    run.starts[run.n] = position;
    run.used = true;
    this.#take(run);
    run.n = 0;
  }

  /** The columns of `vcpu`, for the address space that it is in. */
  #runOf(vcpu: number): PageRun {
    const run = (this.#runs[vcpu] ??= new PageRun(vcpu));
    const space = this.#spaceOn(vcpu);
    if (run.space !== space) {
      run.space = space;
      run.cachedHigh.fill(NO_PAGE);
    }
    return run;
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
