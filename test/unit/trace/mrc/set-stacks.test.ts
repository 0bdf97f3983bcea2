import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SetAssoc } from '../../../../src/mmu/set-assoc.js';
import { SetStacks } from '../../../../src/trace/mrc/set-stacks.js';

/** Hits of the simulator's own set-associative array. */
function hitsOf(pages: readonly number[], sets: number, ways: number): number {
  const array = new SetAssoc({ entries: sets * ways, ways, policy: 'lru' });
  let hits = 0;
  for (const page of pages) {
    if (array.lookup(page % sets, page) >= 0) hits++;
    else array.fill(page % sets, page, 0);
  }
  return hits;
}

/** Places found; region r of the page ids is number `numbers[r]` of its address space. */
function placesOf(
  pages: readonly number[],
  sets: number,
  ways: number,
  numbers: readonly number[],
): number[] {
  const stacks = new SetStacks(sets, ways);
  stacks.access(Int32Array.from(pages), pages.length, Int32Array.from(numbers));
  return [...stacks.places];
}

describe('SetStacks', () => {
  it('finds a page at the place that says how many ways it takes', () => {
    // Two sets of two ways. Even pages 0 2 4 share set 0: 0 is new, 2 is new, 0 is at place 1, 4 is new and pushes 2
    // out, 2 is not there; 1 in set 1: new, then at place 0.
    expect(placesOf([0, 2, 1, 0, 1, 4, 2], 2, 2, [0])).toEqual([1, 1, 5]);
  });

  it('takes the set from the page number, not from the page id', () => {
    // Page 0 of region 0 and of region 1 are pages 512 * 0 and 512 * 1: the same set of 512, not of 1024.
    expect(placesOf([0, 512, 0, 512], 512, 1, [0, 1])).toEqual([0, 4]);
    expect(placesOf([0, 512, 0, 512], 1024, 1, [0, 1])).toEqual([2, 2]);
    expect(placesOf([0, 512, 0, 512], 1024, 1, [0, 2])).toEqual([0, 4]);
  });

  it('gives at once what the array of the simulator gives one associativity at a time', () => {
    const sets = fc.constantFrom(1, 2, 8);
    fc.assert(
      fc.property(
        fc.array(fc.nat(60), { maxLength: 500 }),
        sets,
        fc.integer({ min: 1, max: 9 }),
        (list, n, most) => {
          const places = placesOf(list, n, most, [0]);
          let hits = 0;
          for (let ways = 1; ways <= most; ways++) {
            hits += places[ways - 1]!;
            expect(hits).toBe(hitsOf(list, n, ways));
          }
          expect(hits + places[most]!).toBe(list.length);
        },
      ),
    );
  });
});
