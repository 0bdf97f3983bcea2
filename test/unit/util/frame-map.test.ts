import { describe, expect, it } from 'vitest';
import { FrameCounts, FrameMap } from '../../../src/util/frame-map.js';

describe('a map from frames to ints', () => {
  it('gives the absent value for frames never set, also next to one that was', () => {
    const map = new FrameMap(-1);
    expect(map.get(5)).toBe(-1);
    map.set(5, 9);
    expect(map.get(5)).toBe(9);
    expect(map.get(4)).toBe(-1);
    expect(map.get(1 << 28)).toBe(-1);
  });

  it('keeps frames of different chunks of 65,536 apart', () => {
    const map = new FrameMap(0);
    map.set(65535, 1);
    map.set(65536, 2);
    map.set(131071, 3);
    expect([65535, 65536, 131071, 131072].map((frame) => map.get(frame))).toEqual([1, 2, 3, 0]);
  });

  it('overwrites, and takes frames up to 2^29 - 1', () => {
    const map = new FrameMap(0);
    map.set(2 ** 29 - 1, 4);
    map.set(2 ** 29 - 1, 5);
    expect(map.get(2 ** 29 - 1)).toBe(5);
  });
});

describe('counts by frame', () => {
  it('are 0 until they are set', () => {
    const counts = new FrameCounts();
    counts.set(70000, 3);
    expect([70000, 70001, 5].map((frame) => counts.get(frame))).toEqual([3, 0, 0]);
  });

  it('go beyond a byte and come back', () => {
    const counts = new FrameCounts();
    for (const count of [254, 255, 256, 70000, 255, 254, 0]) {
      counts.set(9, count);
      expect(counts.get(9)).toBe(count);
      expect([counts.get(8), counts.get(10)]).toEqual([0, 0]);
    }
  });

  it('are set for a run of frames at once', () => {
    const counts = new FrameCounts();
    counts.fill(512, 512, 1);
    expect([511, 512, 1023, 1024].map((frame) => counts.get(frame))).toEqual([0, 1, 1, 0]);
  });
});
