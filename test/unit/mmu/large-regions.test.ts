import { describe, expect, it } from 'vitest';
import { SIZE_1G, SIZE_2M } from '../../../src/arch/paging.js';
import { LargeRegions } from '../../../src/mmu/large-regions.js';
import { Arena } from '../../../src/util/arena.js';

/** An arena whose room ends after `pieces` pieces. */
function arenaOf(pieces: number): Arena {
  const arena = Arena.create()!;
  const take = arena.take.bind(arena);
  let left = pieces;
  arena.take = (bytes) => (left-- > 0 ? take(bytes) : 0);
  return arena;
}

const marked = ({ bytes }: LargeRegions): number[] =>
  [...bytes.keys()].filter((region) => bytes[region] !== 0);

describe('LargeRegions', () => {
  it('marks the region of a page, and forgets all when the TLBs are emptied', () => {
    const large = new LargeRegions();
    expect(large.any).toBe(false);
    large.mark(512 * 7 + 3, SIZE_2M);
    large.mark(512 * 7 + 4, SIZE_2M);
    large.mark(512 * 9, SIZE_2M);
    expect([large.any, large.unseen, marked(large)]).toEqual([true, false, [7, 9]]);
    large.clear();
    expect([large.any, large.unseen, marked(large)]).toEqual([false, false, []]);
  });

  it('grows for regions with high numbers, before and in an arena', () => {
    const large = new LargeRegions();
    large.mark(512 * 5000, SIZE_2M);
    expect(large.moveTo(arenaOf(2))).toBe(true);
    const first = large.at;
    large.mark(512 * 70_000, SIZE_2M);
    expect(large.at).not.toBe(first);
    expect([large.bytes.length, large.unseen, marked(large)]).toEqual([131_072, false, [5000, 70_000]]);
  });

  it('is everywhere once there is an entry of 1 GiB', () => {
    const large = new LargeRegions();
    large.moveTo(arenaOf(1));
    large.mark(512 * 7, SIZE_1G);
    expect(large.unseen).toBe(true);
    large.clear();
    expect(large.unseen).toBe(false);
  });

  it('cannot be seen by a kernel where the arena has no room, whatever was emptied in between', () => {
    const large = new LargeRegions();
    expect(large.moveTo(arenaOf(1))).toBe(true);
    large.mark(512 * 5000, SIZE_2M);
    expect(large.unseen).toBe(true);
    large.clear();
    expect(large.unseen).toBe(false);
    large.mark(512 * 3, SIZE_2M);
    expect(large.unseen).toBe(true);
  });

  it('has no kernel where its first piece has no room', () => {
    expect(new LargeRegions().moveTo(arenaOf(0))).toBe(false);
  });
});
