import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D, PTE_NONE, PTE_P, PTE_PS, PTE_RW, PTE_US } from '../../../src/arch/pte.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { pageFault } from '../../../src/guest/fault.js';
import { clearBit, leaves, map, type MapRequest, protect, unmap } from '../../../src/guest/mappings.js';
import type { Word64 } from '../../../src/trace/event.js';
import { bareGuest, leafOf, pageOf, perm, usersOf, va } from '../../helpers/machine.js';

const READ_ONLY = PTE_P | PTE_US | PTE_A;
const WRITABLE = READ_ONLY | PTE_RW;

/** A guest with MAP and its kin by address and pages. Its next free frame is 0x1006. */
function setUp(change: (config: MachineConfig) => void = () => {}) {
  const { guest, log, counters } = bareGuest(change);
  const space = guest.current[0]!;
  const range = (at: Word64, pages: number) => ({ start: pageOf(at), end: pageOf(at) + pages });
  return {
    guest,
    log,
    counters,
    leaf: (at: Word64) => leafOf(guest, space, at),
    map: (at: Word64, pages: number, rights = 'rw', extra: Partial<MapRequest> = {}) =>
      map(guest, 0, space, {
        ...range(at, pages),
        perm: perm(rights),
        how: 'populate',
        gfn: null,
        pageSize: null,
        ...extra,
      }),
    unmap: (at: Word64, pages: number) => unmap(guest, 0, space, pageOf(at), pageOf(at) + pages),
    protect: (at: Word64, pages: number, rights: string) =>
      protect(guest, 0, space, pageOf(at), pageOf(at) + pages, perm(rights)),
    clear: (at: Word64, pages: number, bit: 'A' | 'D') =>
      clearBit(guest, 0, space, pageOf(at), pageOf(at) + pages, bit),
    touch: (at: Word64, write = true) => pageFault(guest, 0, at.hi, at.lo, write, false),
    /** Stores to tables that `act` makes. */
    writes: (act: () => void) => {
      const before = counters.tableWrites;
      act();
      return counters.tableWrites - before;
    },
  };
}

const REGION = va({ l2: 1 });
const at = (l1: number): Word64 => va({ l2: 1, l1 });

describe('MAP', () => {
  it('populates ascending: tables first, then per page a zeroed frame and its entry', () => {
    const t = setUp();
    expect(t.writes(() => t.map(at(3), 2))).toBe(3 + 2);
    expect([t.leaf(at(3)).frame, t.leaf(at(4)).frame]).toEqual([0x1009, 0x100a]);
    expect([t.leaf(at(3)).flags, t.leaf(at(5)).flags]).toEqual([WRITABLE, 0]);
    expect([t.counters.framesZeroed, usersOf(t.guest, 0x1009, 2)]).toEqual([3 + 2, [1, 1]]);
    expect(t.log.lines).toEqual([]);
  });

  it('without w maps read-only, without any right nothing', () => {
    const t = setUp();
    t.map(at(0), 1, 'rx');
    t.map(at(1), 1, '');
    expect([t.leaf(at(0)).flags, t.leaf(at(1)).flags]).toEqual([READ_ONLY, 0]);
    expect(t.guest.current[0]!.vmaAt(pageOf(at(1)))?.perm.read).toBe(false);
  });

  it.each(['lazy', 'file'] as const)('%s notes the mapping only', (how) => {
    const t = setUp();
    expect(t.writes(() => t.map(at(0), 9, 'rw', { how }))).toBe(0);
    expect(t.guest.current[0]!.vmas().map((vma) => vma.kind)).toEqual([how]);
  });

  it('takes frames that it is given in order, without zeroing or owning them', () => {
    const t = setUp();
    t.map(at(3), 2, 'rw', { gfn: 0x5000 });
    expect([t.leaf(at(3)).frame, t.leaf(at(4)).frame]).toEqual([0x5000, 0x5001]);
    expect([t.counters.framesZeroed, usersOf(t.guest, 0x5000, 2)]).toEqual([3, [0, 0]]);
    t.unmap(at(3), 2);
    // Only the three tables come back, in the order of their removal: the last is the L3.
    expect([t.guest.allocator.take(), t.guest.allocator.take()]).toEqual([0x1006, 0x1007]);
  });

  it('with 2m pages makes one leaf per 2 MiB over aligned runs', () => {
    const t = setUp();
    expect(t.writes(() => t.map(REGION, 1024, 'rw', { pageSize: '2m' }))).toBe(2 + 2);
    expect([t.leaf(at(7)).level, t.leaf(at(7)).frame, t.leaf(at(7)).flags]).toEqual([
      2,
      0x1200,
      WRITABLE | PTE_PS,
    ]);
    expect(t.leaf(va({ l2: 2 })).frame).toBe(0x1400);
    expect(t.counters.framesZeroed).toBe(2 + 1024);
  });

  it('unmaps what was there', () => {
    const t = setUp();
    t.map(at(0), 2);
    t.map(at(1), 2);
    expect(t.guest.current[0]!.vmas().map((vma) => vma.end - vma.start)).toEqual([1, 2]);
    // Page 1 lost its frame 0x100a, which is the next one taken: it comes back for the same page.
    expect([t.leaf(at(1)).frame, t.log.lines]).toEqual([0x100a, ['invlpg 0 201']]);
  });
});

describe('UNMAP', () => {
  it('clears leaves ascending, unlinks tables, flushes, then frees leaves before tables', () => {
    const t = setUp();
    t.map(at(0), 2); // tables 0x1006 to 0x1008, frames 0x1009 and 0x100a
    const order: string[] = [];
    t.guest.port.access = (_vcpu, _hi, lo, write) => {
      order.push(`${write ? 'W' : 'R'} ${(lo >>> 12).toString(16)}[${(lo & 4095) >> 3}]`);
      return true;
    };
    t.guest.port.invlpg = (_vcpu, _hi, lo) => order.push(`INVLPG ${lo.toString(16)}`);
    t.unmap(at(0), 2);
    expect(order).toEqual([
      'W 1008[0]',
      'W 1008[1]',
      'W 1007[1]', // the L1 table's entry in the L2
      'W 1006[0]', // the L2 table's
      'W 1005[0]', // the L3 table's, in the root
      'INVLPG 200000',
      'INVLPG 201000',
    ]);
    expect(t.guest.tables.inUse).toBe(6);
    // Freed in the order 1009 100a 1008 1007 1006; taken last first.
    const next = Array.from({ length: 6 }, () => t.guest.allocator.take());
    expect(next).toEqual([0x1006, 0x1007, 0x1008, 0x100a, 0x1009, 0x100b]);
  });

  it('keeps tables that hold anything else', () => {
    const t = setUp();
    t.map(at(0), 3);
    expect(t.writes(() => t.unmap(at(0), 2))).toBe(2);
    expect(t.guest.tables.inUse).toBe(9);
    t.map(va({ l2: 2 }), 1);
    // The last leaf, then the L1 table; the L2 holds region 2.
    expect(t.writes(() => t.unmap(at(2), 1))).toBe(2);
    expect(t.guest.tables.inUse).toBe(9);
  });

  it('of a range without pages does nothing', () => {
    const t = setUp();
    t.map(at(0), 100, 'rw', { how: 'lazy' });
    expect(t.writes(() => t.unmap(at(0), 100))).toBe(0);
    expect([t.log.lines, t.guest.current[0]!.vmas().length]).toEqual([[], 0]);
  });

  it('frees a frame only when nobody else uses it', () => {
    const t = setUp();
    t.map(at(0), 1);
    t.guest.addUsers(0x1009, 1);
    t.unmap(at(0), 1);
    expect(t.guest.users.get(0x1009)).toBe(1);
    expect(Array.from({ length: 4 }, () => t.guest.allocator.take())).toEqual([
      0x1006, 0x1007, 0x1008, 0x100a,
    ]);
  });

  it('splits a superpage that it covers in part, at both borders', () => {
    const t = setUp();
    t.map(REGION, 1024, 'rw', { pageSize: '2m' });
    // Two splits of 512 entries and a link, then 412 + 100 leaves.
    expect(t.writes(() => t.unmap(at(100), 512))).toBe(2 * 513 + 512);
    expect([t.leaf(at(99)).frame, t.leaf(at(100)).flags]).toEqual([0x1200 + 99, 0]);
    expect([t.leaf(va({ l2: 2, l1: 99 })).flags, t.leaf(va({ l2: 2, l1: 100 })).frame]).toEqual([
      0,
      0x1400 + 100,
    ]);
    expect(usersOf(t.guest, 0x1200 + 99, 2)).toEqual([1, 0]);
  });

  it('takes a superpage that it covers whole in one store', () => {
    const t = setUp();
    t.map(REGION, 1024, 'rw', { pageSize: '2m' });
    expect(t.writes(() => t.unmap(REGION, 512))).toBe(1);
    expect(usersOf(t.guest, 0x1200, 512)).toEqual(Array(512).fill(0));
    // 512 pages are more than the ceiling.
    expect(t.log.lines).toEqual(['cr3 0 0 non-global']);
  });

  it('stays below its ends in tables of every level', () => {
    const t = setUp();
    for (const l1 of [0, 1, 2]) t.map(va({ l4: 1, l3: 1, l2: 1, l1 }), 1);
    t.unmap(va({ l4: 1, l3: 1, l2: 1, l1: 1 }), 1);
    expect([0, 1, 2].map((l1) => t.leaf(va({ l4: 1, l3: 1, l2: 1, l1 })).flags)).toEqual([
      WRITABLE,
      0,
      WRITABLE,
    ]);
  });
});

describe('the flush after an edit', () => {
  it('is an INVLPG for each of 33 pages, a CR3 load for 34', () => {
    for (const [pages, invlpgs, loads] of [
      [33, 33, 0],
      [34, 0, 1],
    ] as const) {
      const t = setUp();
      t.map(at(0), pages);
      t.unmap(at(0), pages);
      expect([t.counters.invlpgs, t.counters.cr3Loads], `${pages} pages`).toEqual([invlpgs, loads]);
    }
  });

  it('counts the pages from the first changed to the last', () => {
    const t = setUp();
    t.map(at(0), 100, 'rw', { how: 'lazy' });
    t.touch(at(40));
    t.touch(at(72)); // 33 pages with those between
    t.unmap(at(0), 100);
    expect([t.counters.invlpgs, t.log.lines[0], t.log.lines.at(-1)]).toEqual([
      33,
      'invlpg 0 228',
      'invlpg 0 248',
    ]);
    t.map(at(0), 100, 'rw', { how: 'lazy' });
    t.touch(at(40));
    t.touch(at(73));
    t.unmap(at(0), 100);
    expect([t.counters.invlpgs, t.counters.cr3Loads]).toEqual([33, 1]);
  });

  it('is made on every vcpu that runs the space, the acting one first', () => {
    const { guest, log } = bareGuest((config) => (config.vcpus = 3));
    guest.switchTo(1, guest.space('other'));
    const space = guest.space('0');
    guest.flushRange(2, space, 5, 6);
    expect(log.lines.slice(1)).toEqual(['invlpg 2 5', 'invlpg 2 6', 'invlpg 0 5', 'invlpg 0 6']);
    log.lines.length = 0;
    guest.flushRange(0, space, 0, 33);
    expect(log.lines).toEqual(['cr3 0 0 non-global', 'cr3 2 0 non-global']);
  });

  it('has the ceiling of the configuration', () => {
    const t = setUp((config) => (config.guest.flushCeiling = 1));
    t.map(at(0), 2);
    t.unmap(at(0), 2);
    expect([t.counters.invlpgs, t.counters.cr3Loads]).toEqual([0, 1]);
  });
});

describe('PROTECT', () => {
  it('takes RW from present leaves and flushes those', () => {
    const t = setUp();
    t.map(at(0), 4, 'rw', { how: 'lazy' });
    t.touch(at(1));
    t.touch(at(2), false); // the zero page is read-only already
    expect(t.writes(() => t.protect(at(0), 4, 'r'))).toBe(1);
    expect([t.leaf(at(1)).flags & PTE_RW, t.log.lines]).toEqual([0, ['invlpg 0 201']]);
    expect(t.touch(at(1))).toBe(false);
  });

  it('that gives w stores nothing: the write fault will', () => {
    const t = setUp();
    t.map(at(0), 1, 'r');
    expect(t.writes(() => t.protect(at(0), 1, 'rw'))).toBe(0);
    expect(t.leaf(at(0)).flags).toBe(READ_ONLY);
    expect(t.touch(at(0))).toBe(true);
    expect(t.leaf(at(0)).flags).toBe(WRITABLE | PTE_D);
  });

  it('none makes leaves not present but remembered, and back makes them readable', () => {
    const t = setUp();
    t.map(at(0), 1);
    expect(t.writes(() => t.protect(at(0), 1, ''))).toBe(1);
    expect(t.leaf(at(0)).flags).toBe((WRITABLE & ~PTE_P) | PTE_NONE);
    expect(t.writes(() => t.protect(at(0), 1, ''))).toBe(0);
    expect(t.writes(() => t.protect(at(0), 1, 'rw'))).toBe(1);
    expect([t.leaf(at(0)).frame, t.leaf(at(0)).flags]).toEqual([0x1009, READ_ONLY]);
  });

  it('splits a superpage that it covers in part', () => {
    const t = setUp();
    t.map(REGION, 512, 'rw', { pageSize: '2m' });
    // 512 entries, the link, the one leaf.
    expect(t.writes(() => t.protect(at(9), 1, 'r'))).toBe(514);
    expect([8, 9, 10].map((l1) => t.leaf(at(l1)).flags)).toEqual([WRITABLE, READ_ONLY, WRITABLE]);
    expect(t.counters.invlpgs).toBe(2); // one for the split, one for the page
  });

  it('splits a 1 GiB leaf into 2 MiB ones, and one of those', () => {
    const t = setUp();
    t.map(va({ l3: 1 }), 512 * 512, 'rw', { pageSize: '1g', gfn: 0x40000 });
    expect(t.writes(() => t.protect(va({ l3: 1, l2: 3, l1: 9 }), 1, 'r'))).toBe(513 + 513 + 1);
    const pieces = [va({ l3: 1, l2: 2 }), va({ l3: 1, l2: 3, l1: 8 })].map((place) => t.leaf(place));
    expect(pieces.map((leaf) => [leaf.level, leaf.frame])).toEqual([
      [2, 0x40000 + 2 * 512],
      [1, 0x40000 + 3 * 512 + 8],
    ]);
  });
});

describe('CLEARA and CLEARD', () => {
  it('store each present leaf without the bit; only CLEARD flushes', () => {
    const t = setUp();
    t.map(at(0), 2);
    t.touch(at(5)); // dirty, in the same region
    expect(t.writes(() => t.clear(at(0), 8, 'A'))).toBe(3);
    expect([t.leaf(at(0)).flags, t.log.lines]).toEqual([WRITABLE & ~PTE_A, []]);
    expect(t.writes(() => t.clear(at(0), 8, 'D'))).toBe(3);
    expect(t.leaf(at(5)).flags).toBe(WRITABLE & ~PTE_A);
    expect(t.log.lines).toEqual([0, 1, 2, 3, 4, 5].map((l1) => `invlpg 0 20${l1}`));
  });

  it('pass over PROT_NONE leaves', () => {
    const t = setUp();
    t.map(at(0), 1);
    t.protect(at(0), 1, '');
    expect(t.writes(() => t.clear(at(0), 1, 'A'))).toBe(0);
  });
});

describe('the leaves of a range', () => {
  it('come ascending with page, level and frame, across tables', () => {
    const t = setUp();
    t.map(at(511), 2);
    t.map(va({ l2: 4 }), 512, 'rw', { pageSize: '2m', gfn: 0x8000 });
    t.map(va({ l4: 1 }), 1, 'rw', { gfn: 0x9000 });
    const found = [...leaves(t.guest, t.guest.current[0]!.root, 0, 2 ** 35)].map((l) => [l.page, l.level]);
    expect(found).toEqual([
      [512 + 511, 1],
      [1024, 1],
      [2048, 2],
      [2 ** 27, 1],
    ]);
    const some = [...leaves(t.guest, t.guest.current[0]!.root, 1024, 2049)].map((l) => l.page);
    expect(some).toEqual([1024, 2048]);
  });
});
