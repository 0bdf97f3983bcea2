import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { FIRST_GFN, GfnAllocator, INITIAL_RAM, MAX_RAM } from '../../../src/guest/gfn-allocator.js';

function allocator(ram: number | 'auto' = 'auto', scatterSeed: number | null = null) {
  const grown: number[] = [];
  return { grown, frames: new GfnAllocator({ ram, scatterSeed, onGrow: (to) => grown.push(to) }) };
}

const take = (frames: GfnAllocator, n: number): number[] => Array.from({ length: n }, () => frames.take());

describe('contiguous frames', () => {
  it('ascend from gfn 0x1000', () => {
    expect(take(allocator().frames, 3)).toEqual([0x1000, 0x1001, 0x1002]);
  });

  it('come back last in, first out, before new ones', () => {
    const { frames } = allocator();
    take(frames, 4);
    frames.give(0x1001);
    frames.give(0x1003);
    expect(take(frames, 3)).toEqual([0x1003, 0x1001, 0x1004]);
  });

  it('of a run are aligned to it, and those skipped are lost', () => {
    const { frames } = allocator();
    frames.take(); // next is 0x1001
    expect(frames.takeRun(512)).toBe(0x1200);
    expect(frames.take()).toBe(0x1400);
    expect(frames.takeRun(4)).toBe(0x1404);
  });

  it('of a run are never freed ones', () => {
    const { frames } = allocator();
    const [first] = take(frames, 1);
    frames.give(first!);
    expect(frames.takeRun(1)).toBe(0x1001);
    expect(frames.take()).toBe(first);
  });
});

describe('RAM that grows by itself', () => {
  it('starts at 1 GiB and doubles when a frame beyond it is taken', () => {
    const { frames, grown } = allocator();
    expect(frames.ram).toBe(2 ** 30 / 4096);
    frames.takeRun(0x20000); // [0x20000, 0x40000): the last frames of the first GiB
    expect(grown).toEqual([]);
    frames.take();
    expect([frames.ram, grown]).toEqual([2 * INITIAL_RAM, [2 * INITIAL_RAM]]);
  });

  it('doubles as often as a long run needs', () => {
    const { frames, grown } = allocator();
    frames.takeRun(0x100000); // [0x100000, 0x200000): 0x80000, 0x100000, 0x200000
    expect(grown).toEqual([0x80000, 0x100000, 0x200000]);
  });

  it('ends at 512 GiB with a message', () => {
    const { frames } = allocator();
    frames.takeRun(MAX_RAM / 2);
    expect(frames.ram).toBe(MAX_RAM);
    expect(() => frames.take()).toThrow(UsageError);
    expect(() => frames.take()).toThrow(/512 GiB/);
  });
});

describe('RAM of a given size', () => {
  it('can be used to its last frame, then says how much there was', () => {
    const { frames } = allocator(17); // MiB: 17 * 256 = 0x1100 frames, 0x100 of them above 0x1000
    expect(take(frames, 0x100).at(-1)).toBe(0x10ff);
    expect(() => frames.take()).toThrow(/the trace needs more than the 17 MiB of --ram/);
    expect(() => allocator(17).frames.takeRun(512)).toThrow(UsageError);
  });
});

describe('scattered frames', () => {
  const block = (seed: number): number[] => take(allocator('auto', seed).frames, 0x10000);

  it('are a permutation of blocks of 65,536', () => {
    const frames = block(1);
    const sorted = Int32Array.from(frames).sort();
    expect([sorted[0], sorted.at(-1)]).toEqual([FIRST_GFN, FIRST_GFN + 0xffff]);
    expect(new Set(frames).size).toBe(0x10000);
    // Few frames are followed by their neighbour (one is expected).
    expect(frames.filter((gfn, i) => frames[i + 1] === gfn + 1).length).toBeLessThan(10);
  });

  it('depend on the seed alone', () => {
    expect(block(1)).toEqual(block(1));
    expect(block(1).slice(0, 8)).not.toEqual(block(2).slice(0, 8));
  });

  it('go on with the next block, and freed ones still come first', () => {
    const { frames } = allocator('auto', 1);
    const first = take(frames, 0x10000);
    frames.give(first[7]!);
    expect(frames.take()).toBe(first[7]);
    const next = frames.take();
    expect(next).toBeGreaterThanOrEqual(FIRST_GFN + 0x10000);
    expect(next).toBeLessThan(FIRST_GFN + 0x20000);
  });

  it('use what is left of a given RAM before giving up', () => {
    const { frames } = allocator(17, 1);
    expect(new Set(take(frames, 0x100)).size).toBe(0x100);
    expect(() => frames.take()).toThrow(UsageError);
  });
});
