import { describe, expect, it } from 'vitest';
import { DistanceCounts } from '../../../../src/trace/mrc/distance-counts.js';

function entries(counts: DistanceCounts): number[][] {
  const found: number[][] = [];
  counts.forEach((distance, accesses) => found.push([distance, accesses]));
  return found;
}

describe('DistanceCounts', () => {
  it('counts distances and first accesses, however large', () => {
    const counts = new DistanceCounts();
    counts.add(Int32Array.from([-1, 3, 0, 3, 5000, -1, 99]), 6, 5001);
    expect(counts.cold).toBe(2);
    expect(entries(counts)).toEqual([
      [0, 1],
      [3, 2],
      [5000, 1],
    ]);
  });

  it('carries before a count wraps', () => {
    const counts = new DistanceCounts(3);
    for (let i = 0; i < 10; i++) counts.add(Int32Array.of(7, 8), i < 3 ? 2 : 1, 9);
    expect(entries(counts)).toEqual([
      [7, 10],
      [8, 3],
    ]);
  });
});
