import { describe, expect, it } from 'vitest';
import { SIZE_1G, SIZE_2M, SIZE_4K } from '../../../src/arch/paging.js';
import { UsageError } from '../../../src/errors.js';
import { KERNEL_SPACE, PageIds } from '../../../src/mmu/page-ids.js';
import { va } from '../../helpers/machine.js';

const page = (ids: PageIds, space: number, at: { hi: number; lo: number }): number =>
  ids.page(space, at.hi, at.lo);

describe('page ids', () => {
  it('are the same for every byte of a page and differ by one from page to page of a region', () => {
    const ids = new PageIds();
    const a = page(ids, 1, va({ l2: 3, l1: 4 }));
    expect(page(ids, 1, va({ l2: 3, l1: 4, offset: 4095 }))).toBe(a);
    expect(page(ids, 1, va({ l2: 3, l1: 5 }))).toBe(a + 1);
    expect(a & 511).toBe(4);
  });

  it('tell address spaces apart in the low half', () => {
    const ids = new PageIds();
    expect(page(ids, 1, va({ l1: 4 }))).not.toBe(page(ids, 2, va({ l1: 4 })));
  });

  it('share the high half, as one kernel space', () => {
    const ids = new PageIds();
    const high = va({ l4: 300, l1: 4 });
    const id = page(ids, 1, high);
    expect(page(ids, 2, high)).toBe(id);
    expect(ids.spaceOfKey(ids.key(id, SIZE_4K))).toBe(KERNEL_SPACE);
    // The signed form of the upper half names the same page.
    expect(ids.page(2, high.hi | 0, high.lo)).toBe(id);
  });

  it('tell 57-bit addresses apart that agree in their low 48 bits', () => {
    const ids = new PageIds();
    const known = [0, 1, 127, 255].map((l5) => page(ids, 1, va({ l5, l4: 7, l1: 4 })));
    expect(new Set(known).size).toBe(4);
  });

  it('stay what they were, whatever was asked in between', () => {
    const ids = new PageIds();
    const places = Array.from({ length: 10000 }, (_, i) =>
      va({ l4: i % 7, l3: i % 11, l2: i % 512, l1: i % 3 }),
    );
    const first = places.map((at) => page(ids, 1 + (at.lo & 1), at));
    expect(places.map((at) => page(ids, 1 + (at.lo & 1), at))).toEqual(first);
  });

  it('make one key per superpage, with its space and size', () => {
    const ids = new PageIds();
    const at = (l3: number, l2: number, l1: number): number => page(ids, 5, va({ l3, l2, l1 }));
    const [a, b, c, d] = [at(1, 2, 3), at(1, 2, 4), at(1, 3, 3), at(2, 2, 3)];
    expect(ids.key(a, SIZE_2M)).toBe(ids.key(b, SIZE_2M));
    expect(ids.key(a, SIZE_2M)).not.toBe(ids.key(c, SIZE_2M));
    expect(ids.key(a, SIZE_1G)).toBe(ids.key(c, SIZE_1G));
    expect(ids.key(a, SIZE_1G)).not.toBe(ids.key(d, SIZE_1G));
    for (const size of [SIZE_4K, SIZE_2M, SIZE_1G]) {
      expect(PageIds.sizeOfKey(ids.key(a, size))).toBe(size);
      expect(ids.spaceOfKey(ids.key(a, size))).toBe(5);
      expect(ids.key(a, size)).toBeLessThan(2 ** 30);
    }
  });

  it('tell 1 GiB regions of two spaces apart', () => {
    const ids = new PageIds();
    const keys = [1, 2].map((space) => ids.key(page(ids, space, va({ l3: 1 })), SIZE_1G));
    expect(keys[0]).not.toBe(keys[1]);
    expect(keys.map((key) => ids.spaceOfKey(key))).toEqual([1, 2]);
  });

  it('give page numbers by size for set indices', () => {
    const ids = new PageIds();
    // vpn = 2 << 27 | 1 << 18 | 5 << 9 | 6; in 2m pages 2 << 18 | 1 << 9 | 5; in 1g pages 2 << 9 | 1.
    const id = page(ids, 1, va({ l4: 2, l3: 1, l2: 5, l1: 6 }));
    expect(ids.pageNumber(id, SIZE_4K)).toBe((2 << 27) | (1 << 18) | (5 << 9) | 6);
    expect(ids.pageNumber(id, SIZE_2M)).toBe((2 << 18) | (1 << 9) | 5);
    expect(ids.pageNumber(id, SIZE_1G)).toBe((2 << 9) | 1);
  });

  it('end at 2^20 regions with a message that says what to do', () => {
    const ids = new PageIds();
    const region = (i: number): number => ids.region(1, Math.floor(i / 2048), (i % 2048) * 2 ** 21);
    for (let i = 0; i < 2 ** 20; i++) region(i);
    expect(() => region(2 ** 20)).toThrow(UsageError);
    expect(() => region(2 ** 20 + 1)).toThrow(/more than 1048576 regions of 2 MiB/);
    // What is known already still works.
    expect(region(12345)).toBe(12345);
  });
});
