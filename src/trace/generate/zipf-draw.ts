/**
 * Draws ranks by Zipf's law: rank k of n has a probability in proportion to 1 / k^s.
 *
 * Rejection-inversion (Hoermann and Derflinger, "Rejection-inversion to generate variates from monotone discrete
 * distributions", 1996): exact, in constant time and memory for any n, with less than 1.3 tries a draw. H is an
 * integral of x^-s: the area under it from 1/2 to n + 1/2 is drawn from evenly, and what lies above a bar of the
 * histogram is drawn again.
 */
import type { Prng } from '../../util/prng.js';

/** Below this distance from 1 the exponent is taken for 1, where the integral is a logarithm. */
const NEAR_ONE = 1e-9;

export class ZipfDraw {
  readonly #n: number;
  readonly #s: number;
  /** Areas up to the left end (with the whole bar of rank 1) and the right end. */
  readonly #left: number;
  readonly #right: number;
  /** Distance from a rank within which a draw is accepted without a look at the bar. */
  readonly #sure: number;

  /** @param s exponent, 0 (uniform) or more */
  constructor(n: number, s: number) {
    this.#n = n;
    this.#s = s;
    this.#left = this.#area(1.5) - 1;
    this.#right = this.#area(n + 0.5);
    this.#sure = 2 - this.#place(this.#area(2.5) - 2 ** -s);
  }

  /** A rank from 1 to n. */
  next(random: Prng): number {
    for (;;) {
      const u = this.#right + random.unit() * (this.#left - this.#right);
      const x = this.#place(u);
      const rank = Math.min(this.#n, Math.max(1, Math.round(x)));
      if (rank - x <= this.#sure || u >= this.#area(rank + 0.5) - rank ** -this.#s) return rank;
    }
  }

  /** H(x): area under x^-s, up to a constant. */
  #area(x: number): number {
    const e = 1 - this.#s;
    return Math.abs(e) < NEAR_ONE ? Math.log(x) : (x ** e - 1) / e;
  }

  /** The inverse of {@link #area}. */
  #place(area: number): number {
    const e = 1 - this.#s;
    return Math.abs(e) < NEAR_ONE ? Math.exp(area) : (1 + area * e) ** (1 / e);
  }
}
