import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/util/prng.js';

const draws = (seed: number, bound: number, n: number): number[] => {
  const prng = new Prng(seed);
  return Array.from({ length: n }, () => prng.below(bound));
};

describe('seeded randomness', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    expect(draws(7, 1000, 20)).toEqual(draws(7, 1000, 20));
    expect(draws(7, 1000, 20)).not.toEqual(draws(8, 1000, 20));
  });

  it('stays in [0, bound) and reaches every value', () => {
    const seen = new Set(draws(1, 5, 200));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('can only draw 0 below 1', () => {
    expect(draws(3, 1, 5)).toEqual([0, 0, 0, 0, 0]);
  });

  it('shuffles into a permutation that depends on the seed alone', () => {
    const shuffled = (seed: number): number[] => {
      const values = Int32Array.from({ length: 100 }, (_, i) => i);
      new Prng(seed).shuffle(values);
      return [...values];
    };
    expect(shuffled(1)).toEqual(shuffled(1));
    expect(shuffled(1)).not.toEqual(shuffled(2));
    expect(shuffled(1)).not.toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(shuffled(1).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});
