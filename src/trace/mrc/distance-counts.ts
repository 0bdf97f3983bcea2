/** DistanceCounts: how many accesses have each stack distance; from them, the misses of a TLB of any size. */
import { COLD } from './lru-stack.js';

export class DistanceCounts {
  /** Accesses whose page was never accessed before: misses at every size. */
  cold = 0;
  /** Doubles: an int32 would wrap at 2^31 accesses. */
  #counts = new Float64Array(1024);

  /** Counts `distances[0..n)`, all below `limit`. */
  add(distances: Int32Array, n: number, limit: number): void {
    while (this.#counts.length < limit) {
      const bigger = new Float64Array(this.#counts.length * 2);
      bigger.set(this.#counts);
      this.#counts = bigger;
    }
    const counts = this.#counts;
    let cold = 0;
    for (let i = 0; i < n; i++) {
      const distance = distances[i]!;
      if (distance === COLD) cold++;
      else counts[distance]! += 1;
    }
    this.cold += cold;
  }

  /** Calls `visit` for each distance that occurs, ascending. */
  forEach(visit: (distance: number, accesses: number) => void): void {
    const counts = this.#counts;
    for (let distance = 0; distance < counts.length; distance++) {
      if (counts[distance]! > 0) visit(distance, counts[distance]!);
    }
  }
}
