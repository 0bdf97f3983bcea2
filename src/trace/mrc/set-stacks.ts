/**
 * SetStacks: the sets of a set-associative LRU TLB, and at which place of its set each access finds its page.
 *
 * A set that is kept in order of recency has the page at place p in every TLB with this number of sets and more
 * than p ways, and in none with fewer. One pass with W ways is therefore exact for 1 to W ways at once.
 */
import { REGION_BITS, REGION_PAGES } from './region-ids.js';

const NO_PAGE = -1;

export class SetStacks {
  readonly sets: number;
  readonly ways: number;
  /** Accesses that found their page at place p, and at place `ways` those that did not find it. */
  readonly places: Float64Array;
  readonly #pages: Int32Array;

  /** @param sets a power of two */
  constructor(sets: number, ways: number) {
    this.sets = sets;
    this.ways = ways;
    this.places = new Float64Array(ways + 1);
    this.#pages = new Int32Array(sets * ways).fill(NO_PAGE);
  }

  /** Accesses `pages[0..n)`; the set is the low bits of the page number. `regions`: number of each region. */
  access(pages: Int32Array, n: number, regions: Int32Array): void {
    const held = this.#pages;
    const { places } = this;
    const ways = this.ways | 0;
    const mask = (this.sets - 1) | 0;
    for (let i = 0; i < n; i++) {
      const page = pages[i]! | 0;
      const number = (regions[page >>> REGION_BITS]! << REGION_BITS) | (page & (REGION_PAGES - 1));
      const base = Math.imul(number & mask, ways);
      // The page goes to the front, each one before its old place moves back by one.
      let moved = page;
      let place = 0;
      for (; place < ways; place++) {
        const here = held[base + place]!;
        held[base + place] = moved;
        if (here === page) break;
        moved = here;
      }
      places[place]! += 1;
    }
  }
}
