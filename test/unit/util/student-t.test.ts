import { describe, expect, it } from 'vitest';
import { meanInterval, quantileT, withinT } from '../../../src/util/student-t.js';

describe("Student's t", () => {
  it.each([
    // The usual tables, two-sided 95 %.
    [1, 12.7062],
    [2, 4.30265],
    [3, 3.18245],
    [4, 2.77645],
    [5, 2.57058],
    [9, 2.26216],
    [15, 2.13145],
    [30, 2.04227],
    [100, 1.98397],
    [1000, 1.96234],
  ])('has its 95% quantile for %i degrees of freedom where tables have it', (degrees, t) => {
    expect(quantileT(0.95, degrees)).toBeCloseTo(t, 4);
  });

  it('agrees with the closed forms for 1 and 2 degrees of freedom', () => {
    // 1: the Cauchy distribution, quantile tan(pi p / 2). 2: p sqrt(2 / (1 - p^2)).
    for (const p of [0.1, 0.5, 0.9, 0.95, 0.99]) {
      expect(quantileT(p, 1)).toBeCloseTo(Math.tan((Math.PI * p) / 2), 8);
      expect(quantileT(p, 2)).toBeCloseTo(p * Math.sqrt(2 / (1 - p * p)), 8);
    }
  });

  it('is undone by its distribution function', () => {
    for (const degrees of [1, 3, 7, 40])
      expect(withinT(quantileT(0.8, degrees), degrees)).toBeCloseTo(0.8, 10);
    expect(withinT(0, 5)).toBe(0);
  });
});

describe('a mean with its interval', () => {
  it('has a half-width of t s / sqrt(n)', () => {
    // 2, 4, 9: mean 5, squares 9 + 1 + 16 = 26, s = sqrt(13); t(2) = 4.302653.
    const { n, mean, halfWidth } = meanInterval([2, 4, 9], 0.95);
    expect([n, mean]).toEqual([3, 5]);
    expect(halfWidth).toBeCloseTo((4.302653 * Math.sqrt(13)) / Math.sqrt(3), 5);
  });

  it('has none for one value, and none to speak of for equal ones', () => {
    expect(meanInterval([7], 0.95)).toEqual({ n: 1, mean: 7, halfWidth: null });
    expect(meanInterval([7, 7, 7], 0.95)).toEqual({ n: 3, mean: 7, halfWidth: 0 });
  });
});
