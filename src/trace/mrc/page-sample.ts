/**
 * PageSample: the accesses to a fixed, pseudo-random share of the pages (spatial sampling, SHARDS), and the error
 * of what is estimated from them.
 *
 * Source: Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST 2015: fixed rate, with the
 * adjustment SHARDS-adj (miss-curve.ts). The error has two parts. Which pages are in the sample: each
 * page brings all its misses or none, so pages are put into 64 groups at random, and how much the groups differ
 * says how much another sample would differ. And distances: n pages between two accesses leave a binomial
 * number of sampled ones, so that a size is known to within sqrt(n (1 - rate) / rate) pages only.
 */
import { COLD } from './lru-stack.js';
import type { MissCurve } from './miss-curve.js';

/** Rates are multiples of 2^-24. */
const RATE_BITS = 24;
const RATE_MASK = (1 << RATE_BITS) - 1;
const GROUP_BITS = 6;
const GROUPS = 1 << GROUP_BITS;

/** One estimate. */
export interface Estimate {
  readonly misses: number;
  /** Standard error of the misses. */
  readonly error: number;
}

export class PageSample {
  /** Share of pages that is sampled: the one asked for, to the nearest multiple of 2^-24. */
  readonly rate: number;
  /** Accesses to sampled pages. */
  accesses = 0;
  /** Columns of what was sampled of the last run. */
  n = 0;
  readonly pages: Int32Array;
  readonly #threshold: number;
  readonly #seed: number;
  /** Per sampled element of the last run: its group. */
  readonly #groups: Int32Array;
  /** Sizes at which misses are counted by group, ascending, and these counts: size * GROUPS + group. */
  readonly #sizes: readonly number[];
  readonly #misses: Float64Array;

  /** @param sizes numbers of TLB entries for which {@link estimate} will be asked */
  constructor(rate: number, seed: number, sizes: readonly number[], capacity: number) {
    this.#threshold = Math.max(1, Math.round(rate * 2 ** RATE_BITS));
    this.rate = this.#threshold / 2 ** RATE_BITS;
    this.#seed = Math.imul(seed, 0x9e3779b1);
    this.#sizes = [...new Set(sizes)].toSorted((a, b) => a - b);
    this.pages = new Int32Array(capacity);
    this.#groups = new Int32Array(capacity);
    this.#misses = new Float64Array(this.#sizes.length * GROUPS);
  }

  /** Puts the sampled ones of `pages[0..n)` into the columns; `starts` are the accesses before each. */
  select(pages: Int32Array, starts: Int32Array, n: number): void {
    let kept = 0;
    let accesses = 0;
    for (let i = 0; i < n; i++) {
      const page = pages[i]!;
      const hash = mixed(page ^ this.#seed);
      if ((hash & RATE_MASK) >= this.#threshold) continue;
      this.pages[kept] = page;
      this.#groups[kept] = hash >>> (32 - GROUP_BITS);
      accesses += (starts[i + 1]! - starts[i]!) | 0;
      kept++;
    }
    this.n = kept;
    this.accesses += accesses;
  }

  /** Counts the misses of each group, given the distances of the columns within the sample. */
  count(distances: Int32Array): void {
    const sizes = this.#sizes;
    for (let i = 0; i < this.n; i++) {
      const distance = distances[i]!;
      const reach = distance === COLD ? Infinity : distance / this.rate;
      const group = this.#groups[i]!;
      // A distance of 0 is a hit at every size; the first sizes are the ones that miss.
      if (distance === 0) continue;
      for (let s = 0; s < sizes.length && sizes[s]! <= reach; s++) this.#misses[s * GROUPS + group]! += 1;
    }
  }

  /** Misses of a TLB of `size` entries. */
  estimate(curve: MissCurve, size: number): Estimate {
    const misses = curve.at(size);
    if (this.rate === 1) return { misses, error: 0 };
    const blur = Math.sqrt((size * (1 - this.rate)) / this.rate);
    const smaller = curve.at(Math.max(0, Math.floor(size - blur)));
    const larger = curve.at(Math.ceil(size + blur));
    return { misses, error: Math.hypot(this.#pagesError(curve, size), (smaller - larger) / 2) };
  }

  /**
   * Standard error because of the choice of pages. It goes with the misses, and is counted at the sizes named at the
   * beginning; between two of them it is as far from one to the other as the misses are.
   */
  #pagesError(curve: MissCurve, size: number): number {
    const sizes = this.#sizes;
    const next = sizes.findIndex((each) => each >= size);
    const above = next < 0 ? sizes.length - 1 : next;
    const error = this.#countedError(above);
    if (sizes[above] === size || above === 0 || next < 0) return error;
    const [few, many] = [curve.at(sizes[above]!), curve.at(sizes[above - 1]!)];
    const share = many === few ? 0 : (curve.at(size) - few) / (many - few);
    return error + share * (this.#countedError(above - 1) - error);
  }

  /** The same at size number `at` of those named. */
  #countedError(at: number): number {
    const from = at * GROUPS;
    const groups = this.#misses.subarray(from, from + GROUPS);
    const mean = groups.reduce((sum, misses) => sum + misses, 0) / GROUPS;
    const squares = groups.reduce((sum, misses) => sum + (misses - mean) ** 2, 0);
    return Math.sqrt(((1 - this.rate) * squares * GROUPS) / (GROUPS - 1)) / this.rate;
  }
}

/** All bits of `value` mixed into all bits of the result (the finalizer of MurmurHash3). */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
