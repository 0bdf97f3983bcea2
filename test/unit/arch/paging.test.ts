import { describe, expect, it } from 'vitest';
import {
  pageHi,
  pageLo,
  pageNumberOf,
  pageOffset,
  pagesOf,
  regionLow,
  SIZE_1G,
  SIZE_2M,
  SIZE_4K,
  SIZE_NAMES,
  sizeOfName,
  tableIndex,
} from '../../../src/arch/paging.js';
import { va } from '../../helpers/machine.js';

const SAMPLE = va({ l4: 1, l3: 2, l2: 3, l1: 4, offset: 5 });
const HIGH = va({ l4: 511, l3: 510, l2: 509, l1: 508 });
const WIDE = va({ l5: 300, l4: 1, l3: 2, l2: 3, l1: 4 });

describe('the address builder of the tests', () => {
  it('puts each index at its place and extends the sign', () => {
    // 1 << 39 | 2 << 30 | 3 << 21 | 4 << 12 | 5 = 0x80_8060_4005
    expect(SAMPLE).toEqual({ hi: 0x80, lo: 0x80604005 });
    expect(va({ l4: 256 })).toEqual({ hi: 0xffff8000, lo: 0 });
    expect(va({ l5: 256 })).toEqual({ hi: 0xff000000, lo: 0 });
    expect(va({ l5: 1 })).toEqual({ hi: 0x00010000, lo: 0 });
  });
});

describe('table indices', () => {
  it('are nine bits a level', () => {
    const indices = (at: { hi: number; lo: number }): number[] =>
      [5, 4, 3, 2, 1].map((level) => tableIndex(at.hi, at.lo, level));
    expect(indices(SAMPLE)).toEqual([0, 1, 2, 3, 4]);
    expect(indices(HIGH)).toEqual([511, 511, 510, 509, 508]);
    expect(indices(WIDE)).toEqual([300, 1, 2, 3, 4]);
  });

  it('do not depend on whether halves are signed', () => {
    for (const level of [5, 4, 3, 2, 1]) {
      expect(tableIndex(HIGH.hi | 0, HIGH.lo | 0, level)).toBe(tableIndex(HIGH.hi, HIGH.lo, level));
    }
  });
});

describe('page sizes', () => {
  it('have names, ints and page counts that agree', () => {
    expect(SIZE_NAMES.map(sizeOfName)).toEqual([SIZE_4K, SIZE_2M, SIZE_1G]);
    expect([SIZE_4K, SIZE_2M, SIZE_1G].map(pagesOf)).toEqual([1, 512, 512 * 512]);
  });

  it('give the offset of a page inside its superpage', () => {
    // In 2 MiB: index 4 of the L1 table. In 1 GiB: 3 * 512 + 4.
    expect(pageOffset(SAMPLE.hi, SAMPLE.lo, SIZE_4K)).toBe(0);
    expect(pageOffset(SAMPLE.hi, SAMPLE.lo, SIZE_2M)).toBe(4);
    expect(pageOffset(SAMPLE.hi, SAMPLE.lo, SIZE_1G)).toBe(3 * 512 + 4);
  });
});

describe('page numbers', () => {
  it('lose the sign extension and get it back', () => {
    for (const at of [
      SAMPLE,
      HIGH,
      WIDE,
      va({ l4: 273 }),
      va({ l5: 511, l4: 511, l3: 511, l2: 511, l1: 511 }),
    ]) {
      const page = pageNumberOf(at.hi, at.lo);
      expect(page).toBeLessThan(2 ** 45);
      expect(pageHi(page) >>> 0).toBe(at.hi);
      expect(pageLo(page)).toBe(at.lo - (at.lo % 4096));
    }
  });

  it('grow by one from page to page across 4 GiB', () => {
    const last = pageNumberOf(0, 0xfffff000);
    expect(pageNumberOf(1, 0)).toBe(last + 1);
    expect([pageHi(last + 1), pageLo(last + 1)]).toEqual([1, 0]);
  });
});

describe('regions', () => {
  it('are the low 32 bits of the address shifted by the level', () => {
    const whole = (BigInt(SAMPLE.hi) << 32n) | BigInt(SAMPLE.lo);
    for (const level of [1, 2, 3, 4, 5]) {
      const expected = BigInt.asIntN(32, whole >> BigInt(12 + 9 * (level - 1)));
      expect(regionLow(SAMPLE.hi, SAMPLE.lo, level) | 0, `level ${level}`).toBe(Number(expected));
    }
  });
});
