import { describe, expect, it } from 'vitest';
import {
  ceiling,
  compareFractions,
  floor,
  fraction,
  fractionText,
  minus,
  parseDecimal,
  plus,
  times,
  toNumber,
} from '../../../../src/report/budget/fraction.js';

describe('fractions', () => {
  it.each([
    ['0', 0n, 1n],
    ['1200', 1200n, 1n],
    ['3,586,453', 3_586_453n, 1n],
    ['0.05', 5n, 100n],
    ['10k', 10_000n, 1n],
    ['2.5M', 25_000_000n, 10n],
    ['1G', 1_000_000_000n, 1n],
  ])('reads %s exactly', (text, numerator, denominator) => {
    expect(parseDecimal(text)).toEqual({ numerator, denominator });
  });

  it.each(['', '+1', '1.', '.5', '1,23', '1e3', '0x10', '1 000', '10K', '1%'])('does not read %j', (text) => {
    expect(parseDecimal(text)).toBeNull();
  });

  it('adds a tenth and two tenths to three tenths, which doubles do not', () => {
    const tenths = (n: number) => fraction(n, 10);
    expect(compareFractions(plus(tenths(1), tenths(2)), tenths(3))).toBe(0);
    expect(0.1 + 0.2).not.toBe(0.3);
  });

  it('compares beyond 2^53', () => {
    const large = { numerator: 2n ** 53n, denominator: 1n };
    expect(compareFractions({ ...large, numerator: 2n ** 53n + 1n }, large)).toBe(1);
    expect(compareFractions(large, large)).toBe(0);
  });

  it('rounds down and up, below zero too', () => {
    // 7/2 is between 3 and 4, -7/2 between -4 and -3.
    expect([floor(fraction(7, 2)), ceiling(fraction(7, 2))]).toEqual([3n, 4n]);
    expect([floor(fraction(-7, 2)), ceiling(fraction(-7, 2))]).toEqual([-4n, -3n]);
    expect([floor(fraction(-4, 2)), ceiling(fraction(-4, 2))]).toEqual([-2n, -2n]);
  });

  it('is shown with four digits where it is not whole', () => {
    expect(fractionText(times(fraction(1234567), fraction(1)))).toBe('1,234,567');
    // 2/3 is 0.66666..., 161/59 is 2.72881...
    expect([fractionText(fraction(2, 3)), fractionText(fraction(161, 59))]).toEqual(['0.6667', '2.7288']);
    expect(fractionText(minus(fraction(1, 3), fraction(1)))).toBe('-0.6667');
    expect(fractionText(fraction(1, 100_000))).toBe('less than 0.0001');
    expect(toNumber(fraction(161, 59))).toBeCloseTo(161 / 59, 12);
  });
});
