import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { METRIC_KEYS, metricMatcher, metricValues } from '../../../src/report/metric-values.js';
import { run } from './fixtures.js';

describe('metricValues', () => {
  it('gives every known key once, in the declared order', () => {
    expect(metricValues(run()).map(([key]) => key)).toEqual(METRIC_KEYS);
    expect(new Set(METRIC_KEYS).size).toBe(METRIC_KEYS.length);
  });

  it('joins counters, memory and cost', () => {
    // 2 exits: 2 x 1200 of transition.
    const values = new Map(
      metricValues(run({ counters: { 'vmexit.total': 2 }, memory: { 'p2m.pages': 7 } })),
    );
    expect(values.get('vmexit.total')).toBe(2);
    expect(values.get('memory.p2m.pages')).toBe(7);
    expect(values.get('cost.exit.transition.cycles')).toBe(2400);
    expect(values.get('cost.exit.cycles')).toBe(2400);
    expect(values.get('cost.cycles')).toBe(2400);
  });
});

describe('metricMatcher', () => {
  const chosen = (globs: string): string[] => METRIC_KEYS.filter(metricMatcher(globs));

  it('takes globs, several joined by commas', () => {
    expect(chosen('walk.count')).toEqual(['walk.count']);
    expect(chosen('ntlb.*, guest.cr?')).toEqual(['ntlb.hit', 'ntlb.miss', 'guest.cr3']);
    expect(chosen('*')).toEqual(METRIC_KEYS);
  });

  it('takes a dot for a dot', () => {
    expect(() => metricMatcher('walkxcount')).toThrow(UsageError);
  });

  it('refuses a glob that matches nothing, with a suggestion', () => {
    expect(() => metricMatcher('walk.*,walk.cuont')).toThrow(
      "no metric matches 'walk.cuont' (did you mean 'walk.count'?)",
    );
  });
});
