import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LruStack, type LruStackOptions } from '../../../../src/trace/mrc/lru-stack.js';
import { RecencyLine } from '../../../../src/trace/mrc/recency-line.js';
import { naiveDistances } from '../../../helpers/stack-distances.js';

/** Distances of `pages`, given to the stack in pieces of `piece`. */
function distancesOf(
  pages: readonly number[],
  options: LruStackOptions = {},
  piece = pages.length,
): number[] {
  const stack = new LruStack(options);
  const found: number[] = [];
  for (let at = 0; at < pages.length; at += piece) {
    const part = Int32Array.from(pages.slice(at, at + piece));
    const distances = new Int32Array(part.length);
    stack.access(part, part.length, Math.max(...pages) + 1, distances);
    found.push(...distances);
  }
  expect(stack.distinct).toBe(new Set(pages).size);
  return found;
}

describe('LruStack', () => {
  it('counts the other pages since the last access to this one', () => {
    // 5: after 6 7; 5 again: nothing between; 6: after 7 and 5 (once, though accessed twice); 8 is new; 7: after 5 6 8.
    expect(distancesOf([5, 6, 7, 5, 5, 6, 8, 7])).toEqual([-1, -1, -1, 2, 0, 2, -1, 3]);
  });

  it('gives the number of pages minus one for a loop, however often it is renumbered', () => {
    // A front of 1 and 64 slots: 9 pages of a loop are on the line, so it is full every 55 accesses.
    const loop = Array.from({ length: 1000 }, (_, i) => i % 10);
    const distances = distancesOf(loop, { front: 1, slots: 1 });
    expect(distances.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => -1));
    expect(new Set(distances.slice(10))).toEqual(new Set([9]));
  });

  it('agrees with a list in order of recency, distance by distance, with tiny fronts and lines', () => {
    const pages = fc.oneof(
      fc.array(fc.nat(7), { minLength: 1, maxLength: 300 }),
      fc.array(fc.nat(150), { minLength: 200, maxLength: 1500 }),
      // Mostly few pages, at times any of many: distances of all lengths.
      fc.array(fc.oneof({ weight: 5, arbitrary: fc.nat(9) }, fc.nat(2000)), {
        minLength: 200,
        maxLength: 1500,
      }),
    );
    fc.assert(
      fc.property(
        pages,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 400 }),
        (list, front, piece) => {
          expect(distancesOf(list, { front, slots: 1 }, piece)).toEqual(naiveDistances(list));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('agrees with it on a line of many blocks', () => {
    // 3,000 pages in an order that repeats only after 7 * 3,000 accesses: the line grows to 8,192 slots.
    const list = Array.from({ length: 9000 }, (_, i) => (i * 7 + Math.floor(i / 3000)) % 3000);
    expect(distancesOf(list)).toEqual(naiveDistances(list));
  });
});

describe('RecencyLine', () => {
  it('rounds up to blocks of 64 slots', () => {
    expect([1, 64, 65, 1000].map((slots) => new RecencyLine(slots).capacity)).toEqual([64, 64, 128, 1024]);
  });

  it('counts what is used after a slot, in its block and in later ones', () => {
    const line = new RecencyLine(256);
    for (let i = 0; i < 200; i++) expect(line.add()).toBe(i);
    expect(line.remove(199)).toBe(0);
    expect(line.remove(31)).toBe(200 - 32 - 1); // 32..198
    expect(line.remove(63)).toBe(200 - 64 - 1); // 64..198
    expect(line.remove(0)).toBe(200 - 1 - 3); // 1..198 without 31 and 63
    expect(line.remove(192)).toBe(6); // 193..198
  });

  it('ranks used slots and knows the others', () => {
    const line = new RecencyLine(128);
    for (let i = 0; i < 100; i++) line.add();
    line.remove(10);
    const prefix = line.prefix();
    expect([0, 9, 10, 11, 99, 100].map((slot) => line.rank(slot, prefix))).toEqual([0, 9, -1, 10, 98, -1]);
  });

  it.each([0, 1, 31, 32, 63, 64, 65, 127, 200])(
    'that begins with %i slots in use is as if they had been added',
    (n) => {
      const line = new RecencyLine(256, n);
      const added = new RecencyLine(256);
      for (let i = 0; i < n; i++) added.add();
      expect(line.add()).toBe(added.add());
      for (let slot = 0; slot <= n; slot++) expect(line.remove(slot)).toBe(added.remove(slot));
    },
  );
});
