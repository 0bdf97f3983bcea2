/**
 * Degrees of nesting: references of walks that begin in shadow tables and end in nested ones, worked out by hand,
 * and that these walks read the tables: the guest's, the p2m's, and the shadow's where it stands for the guest's.
 */
import { describe, expect, it } from 'vitest';
import { SIZE_1G } from '../../src/arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_RW } from '../../src/arch/pte.js';
import { createAccessCounters } from '../../src/counters.js';
import type { AddressSpace } from '../../src/guest/address-space.js';
import type { Guest } from '../../src/guest/guest.js';
import { P2m } from '../../src/hypervisor/p2m.js';
import { NestingWalk, NO_TRANSLATION } from '../../src/mmu/nesting-walk.js';
import { nestingReferences } from '../../src/validate/published/closed-walks.js';
import { machineOf, pageOf, va } from '../helpers/machine.js';

// s shadow entries, then for each of n nested levels the guest's entry and h of the host: for the next guest
// table, or for the data page at the end. Fully nested the root is found in the host tables as well: h more.
describe('references by degree of nesting', () => {
  it.each([
    // guest 4K: 4+0, 3+1*5, 2+2*5, 1+3*5, 0+4*5, and 4*5+4
    ['4k', '4k', [4, 8, 12, 16, 20], 24],
    // h = 3: 4, 3+4, 2+8, 1+12, 16, 16+3
    ['4k', '2m', [4, 7, 10, 13, 16], 19],
    // h = 2: 4, 3+3, 2+6, 1+9, 12, 12+2
    ['4k', '1g', [4, 6, 8, 10, 12], 14],
    // guest 2M, three levels: 3, 2+5, 1+10, 15, 15+4
    ['2m', '4k', [3, 7, 11, 15], 19],
    ['2m', '2m', [3, 6, 9, 12], 15], // 3, 2+4, 1+8, 12, 12+3
    ['2m', '1g', [3, 5, 7, 9], 11], // 3, 2+3, 1+6, 9, 9+2
    // guest 1G, two levels: 2, 1+5, 10, 10+4
    ['1g', '4k', [2, 6, 10], 14],
    ['1g', '2m', [2, 5, 8], 11], // 2, 1+4, 8, 8+3
    ['1g', '1g', [2, 4, 6], 8], // 2, 1+3, 6, 6+2
  ] as const)('guest %s, host %s: %s, full %s', (guest, host, byDegree, full) => {
    expect(byDegree.map((_, nested) => nestingReferences(guest, host, nested))).toEqual(byDegree);
    expect(nestingReferences(guest, host, null)).toBe(full);
  });
});

const FLAGS = PTE_P | PTE_RW | PTE_A | PTE_D;
const GFN = 0x4000;
const PAGE = pageOf(va({ l4: 1, l3: 2, l2: 3, l1: 4 }));

interface Scene {
  readonly guest: Guest;
  readonly space: AddressSpace;
  readonly p2m: P2m;
  readonly walker: NestingWalk;
}

/** Two neighbouring pages mapped, 4K throughout. */
function scene(): Scene {
  const machine = machineOf('native');
  const { guest } = machine.parts;
  const space = guest.current[0]!;
  for (let i = 0; i < 2; i++) guest.mapSilently(space.root, PAGE + i, 0, GFN + i, FLAGS);
  const p2m = new P2m(machine.config.host, [], SIZE_1G);
  p2m.setRam(guest.allocator.ram, true);
  return { guest, space, p2m, walker: new NestingWalk(guest, p2m) };
}

function walk({ walker, space }: Scene, page: number): { mfn: number; refs: number[] } {
  const c = createAccessCounters();
  const mfn = walker.walk(space, page, c);
  return { mfn, refs: [c.walkRefsShadow, c.walkRefsGuest, c.walkRefsNested] };
}

describe('a walk that switches', () => {
  it('comes to the same frame at every degree', () => {
    const s = scene();
    for (const nested of [0, 1, 2, 3]) {
      s.walker.cover(s.space, PAGE, nested);
      // 4-n shadow entries, n of the guest, 4 of the host for each of these.
      expect(walk(s, PAGE)).toEqual({ mfn: s.p2m.mfn(GFN), refs: [4 - nested, nested, 4 * nested] });
    }
    const c = createAccessCounters();
    expect(s.walker.walkNested(s.space, PAGE, true, c)).toBe(s.p2m.mfn(GFN));
    expect([c.walkRefsShadow, c.walkRefsGuest, c.walkRefsNested]).toEqual([0, 4, 16]);
  });

  it('sees a store to a guest table at once where the level is nested, else when it is shadowed again', () => {
    const s = scene();
    const at = va({ l4: 1, l3: 2, l2: 3, l1: 4 });
    const { table } = s.guest.tables.find(s.space.root, 4, at.hi, at.lo, s.guest.place);
    s.walker.cover(s.space, PAGE, 0);
    s.guest.tables.set(table, 4, GFN + 9, FLAGS);
    expect(walk(s, PAGE).mfn).toBe(s.p2m.mfn(GFN));
    s.walker.cover(s.space, PAGE, 0);
    expect(walk(s, PAGE).mfn).toBe(s.p2m.mfn(GFN + 9));
    s.walker.cover(s.space, PAGE, 1);
    s.guest.tables.set(table, 4, GFN + 11, FLAGS);
    expect(walk(s, PAGE).mfn).toBe(s.p2m.mfn(GFN + 11));
  });

  it('covers a neighbour where the shared leaf table is nested, and not where leaves are shadowed', () => {
    const s = scene();
    s.walker.cover(s.space, PAGE, 0);
    // The leaf entry of the neighbour is empty: found out with the fourth reference.
    expect(walk(s, PAGE + 1)).toEqual({ mfn: NO_TRANSLATION, refs: [4, 0, 0] });
    s.walker.cover(s.space, PAGE, 1);
    expect(walk(s, PAGE + 1)).toEqual({ mfn: s.p2m.mfn(GFN + 1), refs: [3, 1, 4] });
    // A third page of the table, which the guest does not map: its entry is read, the p2m not asked.
    expect(walk(s, PAGE + 2)).toEqual({ mfn: NO_TRANSLATION, refs: [3, 1, 0] });
  });

  it('makes shadow tables for the shadowed levels only', () => {
    const tables = [3, 2, 1, 0].map((nested) => {
      const s = scene();
      s.walker.cover(s.space, PAGE, nested);
      return s.walker.shadowTables;
    });
    // The root alone, then one table more for each level that is shadowed.
    expect(tables).toEqual([1, 2, 3, 4]);
  });

  it('finds nothing through a hole in the p2m', () => {
    const s = scene();
    const hole = new P2m({ levels: 4, pageSize: '4k', populate: 'lazy', layout: 'flat' }, [], SIZE_1G);
    hole.setRam(s.guest.allocator.ram, false);
    const c = createAccessCounters();
    const walker = new NestingWalk(s.guest, hole);
    expect(walker.walkNested(s.space, PAGE, false, c)).toBe(NO_TRANSLATION);
    // The p2m's root entry is absent: one reference.
    expect([c.walkRefsGuest, c.walkRefsNested]).toEqual([0, 1]);
  });

  it('refuses to shadow what the guest does not map, and to shadow no level', () => {
    const s = scene();
    expect(() => s.walker.cover(s.space, PAGE + 2, 1)).toThrow('invariant');
    expect(() => s.walker.cover(s.space, PAGE + 512 ** 2, 1)).toThrow('invariant');
    expect(() => s.walker.cover(s.space, PAGE, 4)).toThrow('invariant');
  });
});
