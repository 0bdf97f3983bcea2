import { describe, expect, it } from 'vitest';
import { pageHi, pageLo } from '../../../src/arch/paging.js';
import type { ArrayConfig, WalkCacheConfig } from '../../../src/config/schema.js';
import { PageIds } from '../../../src/mmu/page-ids.js';
import { CACHE_HIT, CACHE_MISS, UNCACHED } from '../../../src/counters.js';
import { HostWalkCache, WalkCache } from '../../../src/mmu/walk-cache.js';
import { Prng } from '../../../src/util/prng.js';
import { pageOf, va } from '../../helpers/machine.js';

const absent: ArrayConfig = { entries: 0, ways: 0, policy: 'lru' };
const array = (entries: number, ways: number): ArrayConfig => ({ entries, ways, policy: 'lru' });

/** A walk cache that takes page numbers, and interns them in the space of the owner. */
class ByPageNumber extends WalkCache {
  readonly #ids: PageIds;

  constructor(config: WalkCacheConfig, levels: number, ids: PageIds) {
    super(config, levels, ids, new Prng(1));
    this.#ids = ids;
  }

  #id(owner: number, page: number): number {
    return this.#ids.page(owner, pageHi(page), pageLo(page));
  }

  override lookup(owner: number, page: number): number {
    return super.lookup(owner, this.#id(owner, page));
  }

  override fill(owner: number, page: number, level: number, table: number, writable: boolean): void {
    super.fill(owner, this.#id(owner, page), level, table, writable);
  }

  override invalidate(owner: number, page: number): void {
    super.invalidate(owner, this.#id(owner, page));
  }
}

function cache(levels: Partial<WalkCacheConfig>, guestLevels = 4): WalkCache {
  const config = { l5: absent, l4: absent, l3: absent, l2: absent, ...levels };
  return new ByPageNumber(config, guestLevels, new PageIds());
}

const at = (l4: number, l3: number, l2: number, l1 = 0): number => pageOf(va({ l4, l3, l2, l1 }));

describe('a walk cache', () => {
  it('is absent without entries: nothing is ever found', () => {
    const none = cache({});
    none.fill(1, at(1, 2, 3), 2, 77, true);
    expect([none.lookup(1, at(1, 2, 3)), none.outcome]).toEqual([0, UNCACHED]);
  });

  it.each([2, 3, 4] as const)('with level %i alone finds entries of that level and no other', (level) => {
    const c = cache({ [`l${level}`]: array(4, 4) });
    expect([c.lookup(1, at(1, 2, 3)), c.outcome]).toEqual([0, CACHE_MISS]);
    for (const fill of [2, 3, 4]) c.fill(1, at(1, 2, 3), fill, 70 + fill, true);
    expect(c.lookup(1, at(1, 2, 3, 9))).toBe(level);
    expect([c.table, c.outcome]).toEqual([70 + level, CACHE_HIT]);
  });

  it('covers 2 MiB at level 2, 1 GiB at level 3 and 512 GiB at level 4', () => {
    const found = (level: 2 | 3 | 4, page: number): boolean => {
      const c = cache({ [`l${level}`]: array(4, 4) });
      c.fill(1, at(1, 2, 3), level, 7, true);
      return c.lookup(1, page) > 0;
    };
    expect([at(1, 2, 3, 511), at(1, 2, 4)].map((page) => found(2, page))).toEqual([true, false]);
    expect([at(1, 2, 511), at(1, 3, 3)].map((page) => found(3, page))).toEqual([true, false]);
    expect([at(1, 511, 0), at(2, 2, 3)].map((page) => found(4, page))).toEqual([true, false]);
  });

  it('has a level 5 in a guest of five levels only', () => {
    const wide = pageOf(va({ l5: 3, l4: 1 }));
    const five = cache({ l5: array(2, 2) }, 5);
    five.fill(1, wide, 5, 9, true);
    expect([five.lookup(1, wide), five.table]).toEqual([5, 9]);
    expect(five.lookup(1, pageOf(va({ l5: 2, l4: 1 })))).toBe(0);
    expect(cache({ l5: array(2, 2) }, 4).outcome).toBe(UNCACHED);
  });

  it('gives the deepest entry', () => {
    const c = cache({ l2: array(4, 4), l3: array(4, 4), l4: array(4, 4) });
    for (const level of [4, 3, 2]) c.fill(1, at(1, 2, 3), level, level, true);
    expect([c.lookup(1, at(1, 2, 3)), c.table]).toEqual([2, 2]);
    expect([c.lookup(1, at(1, 2, 4)), c.table]).toEqual([3, 3]);
    expect([c.lookup(1, at(1, 3, 3)), c.table]).toEqual([4, 4]);
    expect(c.lookup(1, at(2, 2, 3))).toBe(0);
  });

  it('tells owners apart', () => {
    const c = cache({ l2: array(4, 4) });
    c.fill(1, at(1, 2, 3), 2, 11, true);
    c.fill(2, at(1, 2, 3), 2, 22, true);
    expect([c.lookup(1, at(1, 2, 3)), c.table]).toEqual([2, 11]);
    expect([c.lookup(2, at(1, 2, 3)), c.table]).toEqual([2, 22]);
    expect(c.lookup(3, at(1, 2, 3))).toBe(0);
  });

  it('tells owners apart in the high half too, where both walk the same range', () => {
    const c = cache({ l2: array(4, 4), l4: array(4, 4) });
    const kernel = at(300, 2, 3);
    c.fill(1, kernel, 2, 11, true);
    c.fill(2, kernel, 4, 22, true);
    expect([c.lookup(1, kernel), c.table]).toEqual([2, 11]);
    expect([c.lookup(2, kernel), c.table]).toEqual([4, 22]);
    c.flushOwner(1);
    expect([c.lookup(1, kernel), c.lookup(2, kernel)]).toEqual([0, 4]);
  });

  it('remembers whether the path may be written', () => {
    const c = cache({ l2: array(4, 4) });
    c.fill(1, at(0, 0, 1), 2, 5, false);
    c.fill(1, at(0, 0, 2), 2, 6, true);
    c.lookup(1, at(0, 0, 1));
    expect([c.table, c.writable]).toEqual([5, false]);
    c.lookup(1, at(0, 0, 2));
    expect([c.table, c.writable]).toEqual([6, true]);
    c.fill(1, at(0, 0, 1), 2, 5, true); // the same entry with more rights
    c.lookup(1, at(0, 0, 1));
    expect(c.writable).toBe(true);
  });

  it('indexes sets by the low bits of the address above the level', () => {
    const c = cache({ l2: array(2, 1) }); // 2 sets by vpn >> 9
    c.fill(1, at(0, 0, 4), 2, 1, true);
    c.fill(1, at(0, 0, 5), 2, 2, true); // the other set
    expect(c.lookup(1, at(0, 0, 4))).toBe(2);
    c.fill(1, at(0, 0, 6), 2, 3, true); // set 0: drops 4
    expect([c.lookup(1, at(0, 0, 4)), c.lookup(1, at(0, 0, 5))]).toEqual([0, 2]);
  });

  it('counts a look-up as a use', () => {
    const c = cache({ l3: array(2, 2) });
    c.fill(1, at(0, 1, 0), 3, 1, true);
    c.fill(1, at(0, 2, 0), 3, 2, true);
    c.lookup(1, at(0, 1, 5));
    c.fill(1, at(0, 3, 0), 3, 3, true); // drops 2
    expect([1, 2, 3].map((l3) => c.lookup(1, at(0, l3, 0)))).toEqual([3, 0, 3]);
  });

  it('drops the entries of every level that cover a faulting address, of its owner only', () => {
    const c = cache({ l2: array(4, 4), l3: array(4, 4), l4: array(4, 4) });
    for (const owner of [1, 2]) for (const level of [2, 3, 4]) c.fill(owner, at(1, 2, 3), level, level, true);
    c.fill(1, at(1, 2, 4), 2, 2, true);
    c.invalidate(1, at(1, 2, 3, 77));
    expect(c.lookup(1, at(1, 2, 3))).toBe(0);
    expect(c.lookup(1, at(1, 2, 4))).toBe(2); // another PDE stays
    expect(c.lookup(1, at(1, 2, 5))).toBe(0); // its L3 entry is gone
    expect(c.lookup(2, at(1, 2, 3))).toBe(2);
  });

  it('drops all of one owner, or all', () => {
    const c = cache({ l2: array(8, 8), l4: array(4, 4) });
    for (const owner of [1, 2]) for (const level of [2, 4]) c.fill(owner, at(1, 2, 3), level, level, true);
    c.flushOwner(1);
    expect([c.lookup(1, at(1, 2, 3)), c.lookup(2, at(1, 2, 3))]).toEqual([0, 2]);
    c.flush();
    expect(c.lookup(2, at(1, 2, 3))).toBe(0);
  });
});

describe('a host walk cache', () => {
  const levels = { l5: absent, l4: absent, l3: array(4, 4), l2: array(2, 1) };

  it('covers 512 frames at level 2 and 262,144 at level 3, the deepest entry first', () => {
    const c = new HostWalkCache(levels, 4, new Prng(1));
    expect([c.missed, c.lookup(700)]).toEqual([CACHE_MISS, 0]);
    c.insert(700, 3);
    c.insert(700, 2);
    // 700 >> 9 = 1023 >> 9 = 1
    expect([1023, 1024, 262144].map((gfn) => c.lookup(gfn))).toEqual([2, 3, 0]);
    c.invalidate(600);
    expect([c.lookup(700), c.lookup(1024)]).toEqual([0, 0]);
  });

  it('picks sets by the low bits of the range', () => {
    const c = new HostWalkCache(levels, 4, new Prng(1));
    for (const range of [0, 1, 2]) c.insert(range * 512, 2); // 2 sets of one way: 2 drops 0
    expect([0, 1, 2].map((range) => c.lookup(range * 512))).toEqual([0, 2, 2]);
  });

  it('enters on the way down what it did not find, as look-up and insertions do', () => {
    const [steps, once] = [1, 2].map(() => new HostWalkCache(levels, 4, new Prng(1))) as [
      HostWalkCache,
      HostWalkCache,
    ];
    const inSteps = (gfn: number): number => {
      const hit = steps.lookup(gfn);
      for (let level = hit === 0 ? 4 : hit - 1; level > 1; level--) steps.insert(gfn, level);
      return hit;
    };
    // Ranges of 2 MiB 0, 1, 2, 0 (dropped by 2), of another GiB, 1 again.
    const gfns = [0, 512, 1024, 0, 1 << 18, 512, 5 << 18, 1 << 18];
    expect(gfns.map((gfn) => once.enter(gfn))).toEqual(gfns.map(inSteps));
    expect(gfns.map((gfn) => once.lookup(gfn))).toEqual(gfns.map((gfn) => steps.lookup(gfn)));
  });
});
