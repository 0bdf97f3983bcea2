import { describe, expect, it } from 'vitest';
import { RegionIds } from '../../../../src/trace/mrc/region-ids.js';

describe('RegionIds', () => {
  it('numbers regions as they appear and knows them again', () => {
    const ids = new RegionIds();
    expect([ids.of(1, 0, 5), ids.of(1, 0, 6), ids.of(1, 0, 5), ids.of(1, 1, 5)]).toEqual([0, 1, 0, 2]);
    expect(ids.pages).toBe(3 * 512);
    expect([...ids.number.subarray(0, 3)]).toEqual([5, 6, 5]);
  });

  it('tells address spaces apart, but not in the high half', () => {
    const ids = new RegionIds();
    expect(ids.of(1, 7, 3)).not.toBe(ids.of(2, 7, 3));
    expect(ids.of(1, -8, 3)).toBe(ids.of(2, -8, 3));
  });

  it('keeps all of them as its table grows', () => {
    const ids = new RegionIds();
    for (let i = 0; i < 5000; i++) expect(ids.of(1 + (i % 3), i >> 8, i * 77)).toBe(i);
    for (let i = 4999; i >= 0; i--) expect(ids.of(1 + (i % 3), i >> 8, i * 77)).toBe(i);
  });

  it('refuses more than 2^20 regions with a hint', () => {
    const ids = new RegionIds();
    for (let i = 0; i < 2 ** 20; i++) ids.of(1, 0, i);
    expect(() => ids.of(1, 1, 0)).toThrow(/more than 1048576 regions of 512 pages/);
    expect(ids.of(1, 0, 2 ** 20 - 1)).toBe(2 ** 20 - 1);
  });
});
