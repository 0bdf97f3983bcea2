/**
 * DistanceCounts: how many accesses have each stack distance.
 *
 * An int32 per distance: half the memory and cache of a double. A count that is about to wrap goes into a carry.
 */
import { COLD } from './lru-stack.js';
import { doubled } from './region-ids.js';

const MAX_INT32 = 0x7fffffff;

export class DistanceCounts {
  /** Accesses whose page was never accessed before: misses at every size. */
  cold = 0;
  #counts = new Int32Array(1024);
  readonly #carries = new Map<number, number>();
  readonly #most: number;

  /** @param most largest count before a carry */
  constructor(most = MAX_INT32) {
    this.#most = most;
  }

  /** Counts `distances[0..n)`, all below `limit`. */
  add(distances: Int32Array, n: number, limit: number): void {
    while (this.#counts.length < limit) this.#counts = doubled(this.#counts);
    const counts = this.#counts;
    const most = this.#most | 0;
    let cold = 0;
    for (let i = 0; i < n; i++) {
      const distance = distances[i]!;
      if (distance === COLD) cold++;
      else {
        const count = counts[distance]!;
        if (count === most) this.#carry(distance);
        else counts[distance] = count + 1;
      }
    }
    this.cold += cold;
  }

  /** Calls `visit` for each distance that occurs, ascending. */
  forEach(visit: (distance: number, accesses: number) => void): void {
    const counts = this.#counts;
    for (let distance = 0; distance < counts.length; distance++) {
      if (counts[distance]! > 0) visit(distance, counts[distance]! + (this.#carries.get(distance) ?? 0));
    }
  }

  #carry(distance: number): void {
    this.#carries.set(distance, (this.#carries.get(distance) ?? 0) + this.#most);
    this.#counts[distance] = 1;
  }
}
