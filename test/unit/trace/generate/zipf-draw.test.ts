/** Distributions by chi-square with a fixed seed: the limits are the 99.9th percentiles, from tables. */
import { describe, expect, it } from 'vitest';
import { ZipfDraw } from '../../../../src/trace/generate/zipf-draw.js';
import { Prng } from '../../../../src/util/prng.js';

const DRAWS = 200_000;

/** Sum of (found - expected)^2 / expected over ranks 1 to n, expected by the law itself. */
function chiSquare(n: number, s: number, seed: number): number {
  const random = new Prng(seed);
  const zipf = new ZipfDraw(n, s);
  const found = Array.from({ length: n + 1 }, () => 0);
  for (let i = 0; i < DRAWS; i++) found[zipf.next(random)]! += 1;
  let norm = 0;
  for (let k = 1; k <= n; k++) norm += k ** -s;
  let sum = 0;
  for (let k = 1; k <= n; k++) {
    const expected = (DRAWS * k ** -s) / norm;
    sum += (found[k]! - expected) ** 2 / expected;
  }
  return sum;
}

describe('draws by popularity', () => {
  // 50 ranks are 49 degrees of freedom: 85.35. The rarest expects 200,000 / 50^1.5 / 2.33 = 243 draws at s = 1.5.
  it.each([0, 0.5, 0.99, 1, 1.5])('follow 1/k^%d over 50 ranks', (s) => {
    expect(chiSquare(50, s, 11)).toBeLessThan(85.35);
  });

  it('do not follow another exponent: the test can fail', () => {
    const random = new Prng(11);
    const zipf = new ZipfDraw(50, 1);
    let first = 0;
    for (let i = 0; i < DRAWS; i++) if (zipf.next(random) === 1) first += 1;
    // H(50) = 4.4992: 200,000 / 4.4992 = 44,452, deviation 186; with s = 0.9 there would be about 38,000.
    expect(Math.abs(first - 44_452)).toBeLessThan(5 * 186);
  });

  it('take no more for 2^40 ranks', () => {
    const random = new Prng(2);
    const zipf = new ZipfDraw(2 ** 40, 1);
    let [first, upper] = [0, 0];
    for (let i = 0; i < DRAWS; i++) {
      const rank = zipf.next(random);
      if (rank === 1) first += 1;
      if (rank > 2 ** 20) upper += 1;
    }
    // H(2^40) = 40 ln 2 + 0.57722 = 28.3031: rank 1 has 200,000 / 28.3031 = 7,066, deviation 83.
    expect(Math.abs(first - 7066)).toBeLessThan(5 * 83);
    // Ranks above 2^20 have 20 ln 2 / 28.3031 = 0.48980 of all: 97,960, deviation 224.
    expect(Math.abs(upper - 97_960)).toBeLessThan(5 * 224);
  });

  it('of one rank can only be that', () => {
    const random = new Prng(1);
    const zipf = new ZipfDraw(1, 0.99);
    expect(Array.from({ length: 100 }, () => zipf.next(random))).toEqual(
      Array.from({ length: 100 }, () => 1),
    );
  });
});
