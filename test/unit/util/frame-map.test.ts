import { describe, expect, it } from 'vitest';
import { FrameMap } from '../../../src/util/frame-map.js';

describe('a map from frames to ints', () => {
  it('gives the absent value for frames never set, also next to one that was', () => {
    const map = new FrameMap(-1);
    expect(map.get(5)).toBe(-1);
    map.set(5, 9);
    expect(map.get(5)).toBe(9);
    expect(map.get(4)).toBe(-1);
    expect(map.get(1 << 28)).toBe(-1);
  });

  it('keeps frames of different chunks of 1024 apart', () => {
    const map = new FrameMap(0);
    map.set(1023, 1);
    map.set(1024, 2);
    map.set(2047, 3);
    expect([1023, 1024, 2047, 2048].map((frame) => map.get(frame))).toEqual([1, 2, 3, 0]);
  });

  it('overwrites, and takes frames up to 2^29 - 1', () => {
    const map = new FrameMap(0);
    map.set(2 ** 29 - 1, 4);
    map.set(2 ** 29 - 1, 5);
    expect(map.get(2 ** 29 - 1)).toBe(5);
  });
});
