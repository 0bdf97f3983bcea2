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

  it('behaves like one with many ranges, and so does a copy when the first is changed', () => {
    const ranges = new RangeSet();
    const pages = new Uint8Array(20_000);
    const random = xorshift(7);
    const change = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const add = random() % 4 > 0;
        // One change in a hundred is over several blocks of the list.
        const length = random() % 100 === 0 ? 4000 : 1 + (random() % 2);
        const from = random() % (pages.length - length);
        const range = { from, to: from + length };
        expect(ranges.overlaps(range)).toBe(pages.subarray(from, from + length).includes(1));
        if (add && length < 4000) ranges.add(range);
        else ranges.remove(range);
        pages.fill(add && length < 4000 ? 1 : 0, from, from + length);
      }
    };
    for (let round = 0; round < 20; round++) {
      change(300);
      const copy = ranges.clone();
      const then = pages.slice();
      change(20);
      expect(pagesIn(copy, then.length)).toEqual(then);
      expect(pagesIn(ranges, pages.length)).toEqual(pages);
      expect(partsOf(ranges, pages.length)).toEqual(pages);
    }
    ranges.remove({ from: 0, to: pages.length });
    expect(ranges.empty).toBe(true);
  });

  it('takes 200,000 ranges in any order', () => {
    // A prime, so that each is there once; one search through all of them for each took minutes.
    const [count, stride] = [200_000, 99_991];
    const ranges = new RangeSet();
    for (let i = 0; i < count; i++) {
      const from = 3 * ((i * stride) % count);
      expect(ranges.overlaps({ from, to: from + 2 })).toBe(false);
      ranges.add({ from, to: from + 2 });
    }
    expect(ranges.within({ from: 0, to: 3 * count })).toHaveLength(count);
  }, 20_000);
});

/** Pages of the set, asked one by one. */
function pagesIn(ranges: RangeSet, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, page) => Number(ranges.has(page)));
}

/** The same, by the parts of the whole. */
function partsOf(ranges: RangeSet, count: number): Uint8Array {
  const pages = new Uint8Array(count);
  for (const { from, to } of ranges.within({ from: 0, to: count })) pages.fill(1, from, to);
  return pages;
}

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
