import { describe, expect, it } from 'vitest';
import { median, ratioOf, summarize, verdictOf } from '../../../bench/statistics.mjs';

describe('median and spread of a bench row', () => {
  it('takes the middle of an odd number of samples, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('takes the mean of the two in the middle of an even number', () => {
    expect(median([10, 1, 4, 2])).toBe(3);
  });

  it('refuses to make one up where there is no sample', () => {
    expect(() => median([])).toThrow('a median needs at least one sample');
  });

  it('keeps smallest, largest and every sample in order', () => {
    expect(summarize([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, samples: [3, 1, 2] });
  });
});

describe('ratio of a bench row', () => {
  const baseline = summarize([4, 4, 4]);
  const subject = summarize([8, 8, 8]);

  it('says how many times the cost of the baseline, where lower is better', () => {
    expect(ratioOf(baseline, subject, 'lower')).toBe(2);
  });

  it('says how many times as fast, where higher is better', () => {
    expect(ratioOf(baseline, subject, 'higher')).toBe(0.5);
  });
});

describe('the word for a ratio', () => {
  const lower = { floor: 2.2, goal: 1.6, better: 'lower' } as const;
  const higher = { floor: 20, goal: 40, better: 'higher' } as const;

  it.each([
    [1.6, 'meets goal'],
    [1.61, 'meets floor'],
    [2.2, 'meets floor'],
    [2.21, 'misses'],
    [Number.NaN, 'misses'],
  ])('%d over the reference: %s', (value, verdict) => {
    expect(verdictOf(value, lower)).toBe(verdict);
  });

  it.each([
    [40, 'meets goal'],
    [39.9, 'meets floor'],
    [20, 'meets floor'],
    [19.9, 'misses'],
  ])('%d times as fast: %s', (value, verdict) => {
    expect(verdictOf(value, higher)).toBe(verdict);
  });

  it('has no opinion without a target', () => {
    expect(verdictOf(3, undefined)).toBe('for information');
  });
});
