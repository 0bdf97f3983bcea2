/**
 * MissCurve: misses as a function of the number of TLB entries, as the steps where the number changes.
 *
 * An access at distance d hits in a TLB of more than d entries. Under sampling, at rate r, d other sampled pages
 * stand for d / r pages and each access for 1 / r accesses.
 */
import type { DistanceCounts } from './distance-counts.js';

export class MissCurve {
  /** Misses of a TLB without entries. */
  readonly accesses: number;
  /** Ascending; from `sizes[i]` entries on there are `misses[i]`. */
  readonly sizes: Int32Array;
  readonly misses: Float64Array;

  /** @param rate of sampling; 1: exact */
  constructor(accesses: number, counts: DistanceCounts, rate = 1) {
    this.accesses = accesses;
    let reused = 0;
    let steps = 1;
    counts.forEach((distance, n) => {
      if (distance === 0) return;
      reused += n;
      steps += 1;
    });
    this.sizes = new Int32Array(steps).fill(1);
    this.misses = new Float64Array(steps);
    // Whatever the sample has too few or too many of is put at distance 0 (the correction of SHARDS-adj): at every
    // size the misses are those of the sample divided by the rate.
    let left = reused + counts.cold;
    this.misses[0] = Math.min(left / rate, accesses);
    let at = 1;
    counts.forEach((distance, n) => {
      if (distance === 0) return;
      left -= n;
      this.sizes[at] = Math.floor(distance / rate) + 1;
      this.misses[at] = Math.min(left / rate, accesses);
      at += 1;
    });
  }

  /** Misses of a TLB of `entries` entries. */
  at(entries: number): number {
    let low = 0;
    let high = this.sizes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sizes[middle]! <= entries) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? this.accesses : this.misses[low - 1]!;
  }

  /** Fewest entries with as few misses as any number has. */
  get largest(): number {
    return this.sizes.at(-1) ?? 1;
  }
}
