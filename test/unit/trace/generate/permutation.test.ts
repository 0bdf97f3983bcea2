import { describe, expect, it } from 'vitest';
import { Permutation } from '../../../../src/trace/generate/permutation.js';
import { Prng } from '../../../../src/util/prng.js';

const all = (n: number, seed: number): number[] => {
  const permutation = new Permutation(n, new Prng(seed));
  return Array.from({ length: n }, (_, i) => permutation.at(i));
};

describe('a permutation without a table', () => {
  it.each([1, 2, 3, 4, 5, 63, 64, 65, 1000, 4096, 4097, 100_000])('of %d values has each once', (n) => {
    const values = all(n, 7);
    expect(new Set(values).size).toBe(n);
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThanOrEqual(0);
    expect(values.every((value) => Number.isInteger(value) && value < n)).toBe(true);
  });

  it('is another one for another seed, and the same for the same', () => {
    expect(all(1000, 1)).toEqual(all(1000, 1));
    expect(all(1000, 1)).not.toEqual(all(1000, 2));
  });

  it('keeps below 2^43 and apart there, where a table would have 64 TiB', () => {
    const permutation = new Permutation(2 ** 43 - 5, new Prng(3));
    const values = Array.from({ length: 20_000 }, (_, i) => permutation.at(i));
    expect(new Set(values).size).toBe(20_000);
    expect(values.every((value) => value < 2 ** 43 - 5)).toBe(true);
  });

  it('puts neighbours anywhere: a quarter of the steps in each quarter', () => {
    // 40,000 values at even odds in 4 quarters: 10,000 each, standard deviation sqrt(40000 * 1/4 * 3/4) = 87.
    const n = 2 ** 36;
    const permutation = new Permutation(n, new Prng(5));
    const quarters = [0, 0, 0, 0];
    for (let i = 0; i < 40_000; i++) quarters[Math.floor((permutation.at(i) / n) * 4)]! += 1;
    for (const count of quarters) expect(Math.abs(count - 10_000)).toBeLessThan(5 * 87);
  });
});
