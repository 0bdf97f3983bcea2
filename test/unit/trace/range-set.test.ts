import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RangeSet } from '../../../src/trace/range-set.js';

describe('range set', () => {
  it('behaves like a set of page numbers', () => {
    const step = fc.record({ add: fc.boolean(), from: fc.nat(40), length: fc.integer({ min: 1, max: 10 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const ranges = new RangeSet();
        const pages = new Set<number>();
        for (const { add, from, length } of steps) {
          const range = { from, to: from + length };
          const inside = Array.from({ length }, (_, i) => from + i);
          expect(ranges.overlaps(range)).toBe(inside.some((page) => pages.has(page)));
          if (add) ranges.add(range);
          else ranges.remove(range);
          for (const page of inside) {
            if (add) pages.add(page);
            else pages.delete(page);
          }
          for (let page = 0; page < 55; page++) expect(ranges.has(page)).toBe(pages.has(page));
          expect(ranges.empty).toBe(pages.size === 0);
        }
      }),
      { seed: 1 },
    );
  });
});
