/**
 * A random permutation of [0, n) without a table, so that its memory does not grow with n.
 *
 * A Feistel network over the next power of two (each step changes one half by a function of the other, which can
 * be undone whatever the function is), walked until the value falls below n: format-preserving encryption by
 * cycle walking (Black and Rogaway, 2002). It needs less than two rounds of it on average, since n is more than half of
 * the power of two. Randomness of a shuffle is the aim, not secrecy.
 */
import type { Prng } from '../../util/prng.js';

const STEPS = 6;

/** Finalizer of 32-bit mixing: every bit of `value` and `key` changes every bit of the result. */
function mixed(value: number, key: number): number {
  let h = Math.imul(value ^ key, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

export class Permutation {
  readonly #n: number;
  /** 2^(bits of the lower half). */
  readonly #unit: number;
  readonly #lowMask: number;
  readonly #highMask: number;
  readonly #keys: Int32Array;

  /** @param n 1 to 2^52 */
  constructor(n: number, random: Prng) {
    let bits = 2;
    while (2 ** bits < n) bits++;
    const low = bits >> 1;
    this.#n = n;
    this.#unit = 2 ** low;
    this.#lowMask = 2 ** low - 1;
    this.#highMask = 2 ** (bits - low) - 1;
    this.#keys = Int32Array.from({ length: STEPS }, () => random.below(2 ** 32));
  }

  /** The value at `index`, both in [0, n). */
  at(index: number): number {
    const keys = this.#keys;
    let value = index;
    do {
      let high = Math.floor(value / this.#unit);
      let low = value - high * this.#unit;
      for (let step = 0; step < STEPS; step += 2) {
        high ^= mixed(low, keys[step]!) & this.#highMask;
        low ^= mixed(high, keys[step + 1]!) & this.#lowMask;
      }
      value = high * this.#unit + low;
    } while (value >= this.#n);
    return value;
  }
}
