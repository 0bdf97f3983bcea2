import { describe, expect, it } from 'vitest';
import { SIZE_1G, SIZE_2M, SIZE_4K } from '../../../src/arch/paging.js';
import { MFN_OFFSET, P2M_LEAF, P2M_READ_ONLY, P2m } from '../../../src/hypervisor/p2m.js';
import { hapPoolPages, shadowPoolPages } from '../../../src/hypervisor/pool.js';
import type { P2mRange } from '../../../src/trace/event.js';

interface Wish {
  readonly pageSize?: '4k' | '2m' | '1g';
  readonly levels?: 4 | 5;
  readonly layout?: 'flat' | 'xen';
  readonly ranges?: readonly P2mRange[];
  readonly maxSize?: number;
}

function p2mOf(wish: Wish): P2m {
  const { levels = 4, pageSize = '4k', layout = 'flat', ranges = [], maxSize = SIZE_1G } = wish;
  return new P2m({ levels, pageSize, layout, populate: 'eager' }, ranges, maxSize);
}

/** An eager p2m of `ram` frames. */
function eager(ram: number, wish: Wish = {}): P2m {
  const p2m = p2mOf(wish);
  p2m.setRam(ram, true);
  return p2m;
}

/** Pages by level 1 to 5. */
const pages = (p2m: P2m): number[] => p2m.pages.slice(1);
const GIB = 0x40000;

describe('table pages of an eager p2m', () => {
  it.each([
    // 512 L1 tables for 1 GiB in 4k leaves, none with larger ones, no L2 with 1g.
    { pageSize: '4k', expected: [512, 1, 1, 1, 0], total: 515 },
    { pageSize: '2m', expected: [0, 1, 1, 1, 0], total: 3 },
    { pageSize: '1g', expected: [0, 0, 1, 1, 0], total: 2 },
  ] as const)('for 1 GiB in $pageSize leaves', ({ pageSize, expected, total }) => {
    const p2m = eager(GIB, { pageSize });
    expect(pages(p2m)).toEqual(expected);
    expect(p2m.total).toBe(total);
  });

  it('have a root more with five levels', () => {
    expect(pages(eager(GIB, { pageSize: '2m', levels: 5 }))).toEqual([0, 1, 1, 1, 1]);
  });

  it('are 4k for the rest of a RAM that is no multiple of the leaf', () => {
    // 3 * 512 + 7 frames: three 2m leaves, one L1 table with seven entries.
    const p2m = eager(3 * 512 + 7, { pageSize: '2m' });
    expect(pages(p2m)).toEqual([1, 1, 1, 1, 0]);
    expect([p2m.leafSize(3 * 512 - 1), p2m.leafSize(3 * 512)]).toEqual([SIZE_2M, SIZE_4K]);
    expect([p2m.isMapped(3 * 512 + 6), p2m.isMapped(3 * 512 + 7)]).toEqual([true, false]);
  });

  it('grow with RAM', () => {
    const p2m = eager(GIB, { pageSize: '2m' });
    p2m.setRam(3 * GIB, true);
    expect(pages(p2m)).toEqual([0, 3, 1, 1, 0]);
    expect(p2m.isMapped(3 * GIB - 1)).toBe(true);
  });

  it('are only the root before anything is mapped', () => {
    const p2m = p2mOf({});
    p2m.setRam(GIB, false);
    expect([pages(p2m), p2m.isMapped(0)]).toEqual([[0, 0, 0, 1, 0], false]);
    expect(p2m.map(5)).toBe(SIZE_4K);
    expect([pages(p2m), p2m.isMapped(5), p2m.isMapped(6)]).toEqual([[1, 1, 1, 1, 0], true, false]);
    p2m.map(6);
    expect(p2m.total).toBe(4);
  });
});

describe('what was mapped', () => {
  const path = (p2m: P2m, gfn: number): number[] => {
    const found = [0];
    for (let level = 4; level >= 1 && found.at(-1)! >= 0; level--)
      found.push(p2m.below(found.at(-1)!, gfn, level));
    return found;
  };

  it('can be read-only, and be made writable', () => {
    const p2m = p2mOf({});
    p2m.setRam(GIB, false);
    p2m.map(5, SIZE_4K, false);
    expect([path(p2m, 5), p2m.isMapped(5)]).toEqual([[0, 1, 2, 3, P2M_READ_ONLY], true]);
    p2m.map(5);
    expect(path(p2m, 5)).toEqual([0, 1, 2, 3, P2M_LEAF]);
  });

  it('can be smaller than the leaf that is due', () => {
    const p2m = p2mOf({ pageSize: '2m' });
    p2m.setRam(GIB, false);
    expect([p2m.map(700, SIZE_4K), p2m.isMapped(700), p2m.isMapped(701)]).toEqual([SIZE_4K, true, false]);
  });

  it('is unmapped leaf by leaf: tables stay', () => {
    const p2m = eager(2048, { pageSize: '2m', ranges: [{ gfn: 0, count: 512, pageSize: '4k' }] });
    p2m.unmap(5);
    p2m.unmap(700);
    p2m.unmap(700);
    expect([4, 5, 6, 512, 1023, 1024].map((gfn) => p2m.isMapped(gfn))).toEqual([
      true,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(pages(p2m)).toEqual([1, 1, 1, 1, 0]);
  });

  it('goes with all tables but an empty root, and the peak is remembered', () => {
    const p2m = eager(GIB);
    p2m.clear();
    expect([pages(p2m), p2m.total, p2m.peak, p2m.isMapped(0)]).toEqual([[0, 0, 0, 1, 0], 1, 515, false]);
    p2m.map(5);
    expect([path(p2m, 5), p2m.total, p2m.peak]).toEqual([[0, 1, 2, 3, P2M_LEAF], 4, 515]);
  });
});

describe('the leaf of a frame', () => {
  it('is no larger than its user can take', () => {
    expect(eager(GIB, { pageSize: '1g', maxSize: SIZE_2M }).leafSize(0)).toBe(SIZE_2M);
  });

  it('covers its whole aligned range at once', () => {
    const p2m = p2mOf({ pageSize: '2m' });
    p2m.setRam(GIB, false);
    expect(p2m.map(700)).toBe(SIZE_2M);
    expect([512, 1023, 511, 1024].map((gfn) => p2m.isMapped(gfn))).toEqual([true, true, false, false]);
  });

  it('is smaller in a range that the trace says, and around it where the leaf would cover it', () => {
    const ranges = [{ gfn: 1024 + 5, count: 1, pageSize: '4k' as const }];
    const p2m = eager(GIB, { pageSize: '1g', ranges });
    // 1 GiB is broken up, the 2 MiB around the frame too; its neighbours stay 2m.
    expect([1023, 1024, 1029, 1535, 1536].map((gfn) => p2m.leafSize(gfn))).toEqual([
      SIZE_2M,
      SIZE_4K,
      SIZE_4K,
      SIZE_4K,
      SIZE_2M,
    ]);
    expect(pages(p2m)).toEqual([1, 1, 1, 1, 0]);
  });

  it('is limited by a range of 2m where 1g is wanted', () => {
    const ranges = [{ gfn: 0, count: GIB, pageSize: '2m' as const }];
    const p2m = eager(2 * GIB, { pageSize: '1g', ranges });
    expect([p2m.leafSize(GIB - 1), p2m.leafSize(GIB)]).toEqual([SIZE_2M, SIZE_1G]);
  });
});

describe("Xen's builder layout", () => {
  it('has a hole for VGA and small pages below 2 MiB', () => {
    const p2m = eager(GIB, { pageSize: '2m', layout: 'xen' });
    expect([0x9f, 0xa0, 0xbf, 0xc0].map((gfn) => p2m.isRam(gfn))).toEqual([true, false, false, true]);
    expect([0x9f, 0xa0, 0xc0].map((gfn) => p2m.isMapped(gfn))).toEqual([true, false, true]);
    expect([p2m.leafSize(0x1ff), p2m.leafSize(0x200)]).toEqual([SIZE_4K, SIZE_2M]);
    expect(pages(p2m)).toEqual([1, 1, 1, 1, 0]);
  });

  it('leaves the first GiB without a 1g leaf', () => {
    const p2m = eager(2 * GIB, { pageSize: '1g', layout: 'xen' });
    expect([p2m.leafSize(GIB - 1), p2m.leafSize(GIB)]).toEqual([SIZE_2M, SIZE_1G]);
  });
});

describe('frames', () => {
  it('are RAM below the end of RAM', () => {
    const p2m = eager(0x2000);
    expect([p2m.isRam(0x1fff), p2m.isRam(0x2000)]).toEqual([true, false]);
  });

  it('have an mfn a constant away, with gfn 0x1000 at residue 0 of 3', () => {
    const p2m = eager(0x2000);
    expect([p2m.mfn(0x1000), p2m.mfn(0x1000) % 3]).toEqual([0x1000 + MFN_OFFSET, 0]);
  });

  it('of table pages are numbered in the order of creation, root first', () => {
    const p2m = eager(512);
    // Root 0, L3 1, L2 2, L1 3.
    const path = [4, 3, 2, 1].reduce<number[]>((tables, level) => {
      tables.push(p2m.below(tables.at(-1) ?? 0, 5, level));
      return tables;
    }, []);
    expect(path).toEqual([1, 2, 3, -2]);
    expect(p2m.tableMfn(3)).toBe(0x20000003);
    expect(p2m.below(1, 7 * 2 ** 18, 3)).toBe(-1);
  });
});

describe('the paging pool', () => {
  it('is 256 pages a vcpu and one page a MiB, or two for shadow', () => {
    // 1 GiB is 1024 MiB.
    expect([hapPoolPages(2, GIB), shadowPoolPages(2, GIB)]).toEqual([512 + 1024, 512 + 2048]);
    expect(hapPoolPages(1, 257)).toBe(256 + 2); // a started MiB counts
  });
});
