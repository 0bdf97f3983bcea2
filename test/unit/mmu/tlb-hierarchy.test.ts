import { describe, expect, it } from 'vitest';
import { SIZE_1G, SIZE_2M, SIZE_4K } from '../../../src/arch/paging.js';
import type { MachineConfig, TlbArrayConfig } from '../../../src/config/schema.js';
import { type AccessCounters, createAccessCounters, createMachineCounters } from '../../../src/counters.js';
import { PageIds } from '../../../src/mmu/page-ids.js';
import {
  TLB_G,
  TLB_HIT,
  TLB_HIT_SECOND,
  TLB_MISS,
  TLB_REWALK,
  TLB_W,
  TlbHierarchy,
} from '../../../src/mmu/tlb-hierarchy.js';
import { Prng } from '../../../src/util/prng.js';
import { configOf, va } from '../../helpers/machine.js';

const tlb = (entries: number, ways: number, sizes = '4k'): TlbArrayConfig => ({
  entries,
  ways,
  policy: 'lru',
  sizes,
});

interface Bench {
  readonly tlb: TlbHierarchy;
  readonly ids: PageIds;
  readonly c: AccessCounters;
  readonly flushes: () => number[];
  /** Outcome of a data look-up of the page in space 1 (or `space`). */
  look(at: { hi: number; lo: number }, write?: boolean, space?: number): number;
  fill(at: { hi: number; lo: number }, size?: number, flags?: number, space?: number): void;
}

function bench(change: (config: MachineConfig) => void): Bench {
  const ids = new PageIds();
  const counters = createMachineCounters();
  const c = createAccessCounters();
  const hierarchy = new TlbHierarchy(configOf('none', change), ids, counters, new Prng(1));
  return {
    tlb: hierarchy,
    ids,
    c,
    flushes: () => [counters.flushPage, counters.flushAsid, counters.flushAll],
    look: (at, write = false, space = 1) => hierarchy.lookup(ids.page(space, at.hi, at.lo), write, false, c),
    fill: (at, size = SIZE_4K, flags = TLB_W, space = 1) =>
      hierarchy.fill(ids.page(space, at.hi, at.lo), size, flags, false, false, c),
  };
}

const P = (l1: number, l2 = 0): { hi: number; lo: number } => va({ l2, l1 });

/** Two L1 entries of one set, four STLB entries. */
const small = (config: MachineConfig): void => {
  config.l1d = tlb(2, 2);
  config.l1i = tlb(2, 2);
  config.stlb = tlb(4, 4);
};

describe('the two levels', () => {
  it('fill both after a walk, so the next look-up hits the first', () => {
    const b = bench(small);
    expect(b.look(P(1))).toBe(TLB_MISS);
    b.fill(P(1));
    expect(b.look(P(1))).toBe(TLB_HIT);
    expect([b.c.l1dHit, b.c.l1dMiss, b.c.stlbHit, b.c.stlbMiss, b.c.fill4k]).toEqual([1, 1, 0, 1, 1]);
  });

  it('copy a second-level hit up, dropping the first level’s oldest', () => {
    const b = bench(small);
    for (const l1 of [1, 2, 3]) b.fill(P(l1)); // L1: 2 3, STLB: 1 2 3
    expect(b.look(P(1))).toBe(TLB_HIT_SECOND); // L1: 3 1
    expect(b.look(P(1))).toBe(TLB_HIT);
    expect(b.look(P(2))).toBe(TLB_HIT_SECOND);
    expect([b.c.stlbHit, b.c.stlbHit4k, b.c.l1dHit4k]).toEqual([2, 2, 1]);
  });

  it('leave the second level alone on a first-level hit, whose recency then grows old', () => {
    const b = bench((config) => {
      small(config);
      config.stlb = tlb(3, 3);
    });
    b.fill(P(1));
    b.fill(P(2));
    for (let i = 0; i < 5; i++) b.look(P(1)); // hits in L1: STLB order stays 1 2
    b.fill(P(3)); // L1: 1 3
    b.fill(P(4)); // STLB drops 1 although it was used last
    b.fill(P(5)); // L1 has 4 5 now
    expect(b.look(P(1))).toBe(TLB_MISS);
  });

  it('miss without any array, which counts as a second-level miss', () => {
    const b = bench(() => {});
    b.fill(P(1));
    expect(b.look(P(1))).toBe(TLB_MISS);
    expect([b.c.l1dMiss, b.c.stlbMiss]).toEqual([1, 1]);
    expect(b.tlb.scannableData).toBeNull();
  });

  it('keep fetches in the ITLB and share the second level', () => {
    const b = bench(small);
    const page = b.ids.page(1, 0, 0x1000);
    b.tlb.fill(page, SIZE_4K, 0, true, false, b.c);
    expect(b.tlb.lookup(page, false, true, b.c)).toBe(TLB_HIT);
    expect(b.tlb.lookup(page, false, false, b.c)).toBe(TLB_HIT_SECOND);
    expect([b.c.l1iHit, b.c.l1iHit4k, b.c.l1iMiss, b.c.l1dMiss, b.c.stlbHit]).toEqual([1, 1, 0, 1, 1]);
  });
});

describe('the right to write', () => {
  it('missing in the first level sends a store to walk again, without asking the second', () => {
    const b = bench(small);
    b.fill(P(1), SIZE_4K, 0);
    expect(b.look(P(1), false)).toBe(TLB_HIT);
    expect(b.look(P(1), true)).toBe(TLB_REWALK);
    expect([b.c.l1dHit, b.c.l1dMiss, b.c.stlbHit, b.c.stlbMiss]).toEqual([2, 0, 0, 0]);
  });

  it('missing in the second level counts a hit there and does not copy it up', () => {
    const b = bench(small);
    for (const l1 of [1, 2, 3]) b.fill(P(l1), SIZE_4K, 0); // L1: 2 3
    expect(b.look(P(1), true)).toBe(TLB_REWALK);
    expect([b.c.l1dMiss, b.c.stlbHit, b.c.stlbMiss]).toEqual([1, 1, 0]);
    expect(b.look(P(2))).toBe(TLB_HIT);
  });

  it('comes with a second fill of the same page, which takes no second entry', () => {
    const b = bench(small);
    b.fill(P(1), SIZE_4K, 0);
    b.fill(P(2), SIZE_4K, 0);
    b.fill(P(1), SIZE_4K, TLB_W);
    expect(b.look(P(1), true)).toBe(TLB_HIT);
    expect(b.look(P(2))).toBe(TLB_HIT);
  });

  it('is copied up with the entry', () => {
    const b = bench(small);
    for (const l1 of [1, 2, 3]) b.fill(P(l1), SIZE_4K, TLB_W);
    expect(b.look(P(1), true)).toBe(TLB_HIT_SECOND);
    expect(b.look(P(1), true)).toBe(TLB_HIT);
  });
});

describe('page sizes', () => {
  it('live in the first array that lists them, and cover all their pages', () => {
    const b = bench((config) => {
      config.l1d = tlb(2, 2);
      config.l1d2m = tlb(2, 2, '2m');
      config.stlb = tlb(4, 4, '4k+2m');
    });
    b.fill(P(7, 1), SIZE_2M);
    expect(b.look(P(0, 1))).toBe(TLB_HIT);
    expect(b.look(P(511, 1))).toBe(TLB_HIT);
    expect(b.look(P(0, 2))).toBe(TLB_MISS);
    expect([b.c.l1dHit2m, b.c.l1dHit4k, b.c.fill2m]).toEqual([2, 0, 1]);
  });

  it('share one array where it lists both, and its ways', () => {
    const b = bench((config) => {
      config.l1d = tlb(2, 2, '4k+2m');
    });
    b.fill(P(1));
    b.fill(P(0, 1), SIZE_2M);
    expect(b.look(P(1))).toBe(TLB_HIT);
    b.fill(P(2)); // drops the 2m entry, the least recently used
    expect(b.look(P(9, 1))).toBe(TLB_MISS);
    expect(b.look(P(1))).toBe(TLB_HIT);
  });

  it('without an array are not cached at that level', () => {
    const b = bench((config) => {
      config.l1d = tlb(2, 2);
      config.stlb = tlb(4, 4, '4k+2m');
      config.stlb1g = tlb(4, 4, '1g');
    });
    b.fill(P(1, 1), SIZE_2M);
    b.fill(va({ l3: 3 }), SIZE_1G);
    expect(b.look(P(2, 1))).toBe(TLB_HIT_SECOND);
    expect(b.look(P(2, 1))).toBe(TLB_HIT_SECOND);
    expect(b.look(va({ l3: 3, l2: 5, l1: 6 }))).toBe(TLB_HIT_SECOND);
    expect([b.c.stlbHit2m, b.c.stlbHit1g, b.c.fill1g]).toEqual([2, 1, 1]);
  });

  it('are tried from the smallest', () => {
    const b = bench((config) => {
      config.l1d = tlb(4, 4, '4k+2m');
    });
    b.fill(P(1), SIZE_2M);
    b.fill(P(1), SIZE_4K);
    b.look(P(1));
    expect([b.c.l1dHit4k, b.c.l1dHit2m]).toEqual([1, 0]);
  });

  it('index sets by the number of their own page', () => {
    const b = bench((config) => {
      config.l1d = tlb(4, 1, '4k'); // 4 sets by vpn
      config.l1d2m = tlb(2, 1, '2m'); // 2 sets by vpn >> 9
    });
    b.fill(P(1));
    b.fill(P(5)); // 5 mod 4 = 1: drops page 1
    expect(b.look(P(1))).toBe(TLB_MISS);
    b.fill(P(0, 2), SIZE_2M);
    b.fill(P(0, 3), SIZE_2M);
    expect(b.look(P(1, 2))).toBe(TLB_HIT);
    b.fill(P(0, 4), SIZE_2M); // 4 mod 2 = 0: drops region 2
    expect(b.look(P(1, 2))).toBe(TLB_MISS);
  });
});

describe('flushes', () => {
  const high = va({ l4: 300 });
  const three = (b: Bench): void => {
    b.fill(P(1), SIZE_4K, TLB_W, 1);
    b.fill(P(1), SIZE_4K, TLB_W, 2);
    b.fill(P(2), SIZE_4K, TLB_G, 1);
    b.fill(high, SIZE_4K, TLB_W, 1);
    b.fill(va({ l4: 301 }), SIZE_4K, TLB_W | TLB_G, 1);
  };
  const big = (config: MachineConfig): void => {
    config.l1d = tlb(8, 8);
    config.stlb = tlb(16, 16, '4k+2m');
    config.l1d2m = tlb(4, 4, '2m');
  };
  const left = (b: Bench): number[] => [
    b.look(P(1), false, 1),
    b.look(P(1), false, 2),
    b.look(P(2), false, 1),
    b.look(high, false, 1),
    b.look(va({ l4: 301 }), false, 1),
  ];

  it('of one address space take its entries and the kernel’s, but no global one', () => {
    const b = bench(big);
    three(b);
    b.tlb.flushSpace(1);
    expect(left(b)).toEqual([TLB_MISS, TLB_HIT, TLB_HIT, TLB_MISS, TLB_HIT]);
    expect(b.flushes()).toEqual([0, 1, 0]);
  });

  it('of all spaces take every entry that is not global', () => {
    const b = bench(big);
    three(b);
    b.tlb.flushSpace(null);
    expect(left(b)).toEqual([TLB_MISS, TLB_MISS, TLB_HIT, TLB_MISS, TLB_HIT]);
  });

  it('of the kernel space alone leave the programs’ entries, uncounted', () => {
    const b = bench(big);
    three(b);
    b.tlb.dropNonGlobal(0);
    expect(left(b)).toEqual([TLB_HIT, TLB_HIT, TLB_HIT, TLB_MISS, TLB_HIT]);
    expect(b.flushes()).toEqual([0, 0, 0]);
  });

  it('of everything take global entries too', () => {
    const b = bench(big);
    three(b);
    b.tlb.flushAll();
    expect(left(b)).toEqual([TLB_MISS, TLB_MISS, TLB_MISS, TLB_MISS, TLB_MISS]);
    expect(b.flushes()).toEqual([0, 0, 1]);
  });

  it('of one page take entries of any size that cover it, in every level, global or not', () => {
    const b = bench(big);
    b.fill(P(1), SIZE_2M, TLB_G);
    b.fill(P(1), SIZE_4K, TLB_G);
    b.fill(P(2), SIZE_4K, TLB_G);
    b.tlb.flushPage(b.ids.page(1, P(1).hi, P(1).lo));
    expect(b.look(P(1))).toBe(TLB_MISS);
    expect(b.look(P(2))).toBe(TLB_HIT);
    expect(b.look(P(3))).toBe(TLB_MISS); // the 2m entry is gone for the whole region
    expect(b.flushes()).toEqual([1, 0, 0]);
  });

  it('of a page in one space leave the same page of another', () => {
    const b = bench(big);
    three(b);
    b.tlb.dropPage(b.ids.page(2, P(1).hi, P(1).lo));
    expect(left(b).slice(0, 2)).toEqual([TLB_HIT, TLB_MISS]);
    expect(b.flushes()).toEqual([0, 0, 0]);
  });
});

describe('the array that the hot loop scans', () => {
  it('is the 4k array of the first level up to 512 sets', () => {
    expect(bench((config) => (config.l1d = tlb(512, 1))).tlb.scannableData).not.toBeNull();
    expect(bench((config) => (config.l1d = tlb(1024, 1))).tlb.scannableData).toBeNull();
    expect(bench((config) => (config.l1i = tlb(8, 8))).tlb.scannableFetch).not.toBeNull();
  });
});
