/**
 * Seeded randomness: the only source of it (scattered frames, random replacement, generators).
 *
 * xoroshiro128+ of pure-rand; draws are unbiased integers, the same on every machine.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export class Prng {
  readonly #generator;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed | 0);
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return uniformInt(this.#generator, 0, bound - 1);
  }

  /** A multiple of 2^-53 in [0, 1). */
  unit(): number {
    const high = this.#generator.next() >>> 5;
    return (high * 2 ** 26 + (this.#generator.next() >>> 6)) / 2 ** 53;
  }

  /** Shuffles in place (Fisher-Yates). */
  shuffle(values: Int32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = values[i]!;
      values[i] = values[j]!;
      values[j] = held;
    }
  }
}
