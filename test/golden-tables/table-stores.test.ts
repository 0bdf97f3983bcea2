/**
 * Hand-derived scenarios of stores to page tables: the exact VMEXITs under HAP and shadow paging (policy
 * `xen`), one vcpu. Out-of-sync tables, emulation, early unshadowing, demand faults.
 *
 * The slot rules (10, 11) and the zero stores (13) are the ones that real Xen was measured to follow
 * (test/validation: oos_round_robin, l2_write); so are 2n + 1 and 2n + 2 exits for n demand faults.
 */
import { describe, expect, it, vi } from 'vitest';
import { TABLE_FLAGS } from '../../src/arch/pte.js';
import type { MachineConfig } from '../../src/config/schema.js';
import { MFN_OFFSET } from '../../src/hypervisor/p2m.js';
import {
  BOTH,
  DATA,
  DIRTY,
  expectExits,
  l1Frame,
  type Mode,
  region,
  scene,
  type Scene,
  shadowedTables,
} from '../helpers/scene.js';
import { pageOf, va } from '../helpers/machine.js';
import type { Counted } from '../helpers/one-access.js';

// Quick on a quiet machine; a busy one may need longer than the default of 5 s.
vi.setConfig({ testTimeout: 60_000 });

describe('8: 512 stores to one shadowed table', () => {
  function storeAll(mode: Mode, settings?: (config: MachineConfig) => void): Counted {
    const s = scene(mode, settings);
    s.map(region(0), 512, DIRTY);
    s.read(region(0));
    return s.count(() => {
      for (let i = 0; i < 512; i++) s.rewrite(region(0) + i);
    });
  }

  it('hap: no exit', () => expectExits(storeAll('hap'), {}));

  it('shadow: the first one lets the table go out of sync, the others are free', () => {
    const c = storeAll('shadow');
    expectExits(c, { unsync: 1 });
    expect(c('shadow.unsync')).toBe(1);
  });

  it('shadow without out-of-sync tables: each is emulated', () => {
    const c = storeAll('shadow', (config) => {
      config.shadow.policy = 'xen-oos-off';
    });
    expectExits(c, { emulate: 512 });
    expect(c('shadow.validate.l1')).toBe(512);
  });
});

describe('9: three tables, one for each slot, then a CR3 load of the same value', () => {
  function run(mode: Mode): Counted {
    const s = scene(mode);
    shadowedTables(s, 3);
    const residues = [0, 1, 2].map((n) => (l1Frame(s, n) + MFN_OFFSET) % 3);
    expect([...residues].sort()).toEqual([0, 1, 2]);
    return s.count(() => {
      for (let n = 0; n < 3; n++) for (let i = 0; i < 4; i++) s.rewrite(region(n));
      s.guest.loadCr3(0, s.guest.current[0]!, false);
    });
  }

  it('hap: no exit', () => expectExits(run('hap'), {}));

  it('shadow: three unsyncs, one CR3 exit, which resyncs all three', () => {
    const c = run('shadow');
    expectExits(c, { unsync: 3, cr3: 1 });
    expect([c('shadow.resync'), c('shadow.unsync_evict')]).toEqual([3, 0]);
  });
});

describe('10 and 11: tables whose mfns have the same residue', () => {
  function run(mode: Mode, order: readonly number[]): Counted {
    const s = scene(mode);
    shadowedTables(s, 7);
    // Consecutive frames: regions 0, 3 and 6 share a residue.
    const residue = (n: number): number => (l1Frame(s, n) + MFN_OFFSET) % 3;
    expect([residue(3), residue(6)]).toEqual([residue(0), residue(0)]);
    return s.count(() => {
      for (const n of order) s.rewrite(region(n));
    });
  }

  it.each(BOTH)('10, a b a b (%s)', (mode) => {
    const c = run(mode, [0, 3, 0, 3]);
    // a takes the home slot; b takes it over and a moves to the next one, which is free. Then nothing.
    expectExits(c, mode === 'hap' ? {} : { unsync: 2 });
    expect([c('shadow.unsync_evict'), c('shadow.resync')]).toEqual([0, 0]);
  });

  it.each(BOTH)('11, a b c a (%s)', (mode) => {
    const c = run(mode, [0, 3, 6, 0]);
    // c takes the home slot, b moves next door and crushes a; a again: home, c moves, b is crushed.
    expectExits(c, mode === 'hap' ? {} : { unsync: 4 });
    const evictions = mode === 'hap' ? 0 : 2;
    expect([c('shadow.unsync_evict'), c('shadow.resync')]).toEqual([evictions, evictions]);
  });
});

describe('12: four stores of present entries to one L2 table', () => {
  it.each(BOTH)('%s', (mode) => {
    const s = scene(mode);
    shadowedTables(s, 1);
    const c = s.count(() => {
      for (let n = 1; n <= 4; n++) s.store(region(n), 2, s.guest.takeTable(), TABLE_FLAGS);
    });
    // Every store to an upper table exits; after the first one the walk is skipped.
    expectExits(c, mode === 'hap' ? {} : { emulate: 4 });
    const emulations = [c('shadow.emulate'), c('shadow.emulate_fast'), c('shadow.validate.l2')];
    expect(emulations).toEqual(mode === 'hap' ? [0, 0, 0] : [1, 3, 4]);
  });
});

describe('13: four stores of zero to one L2 table', () => {
  it('hap: no exit', () => {
    const s = scene('hap');
    shadowedTables(s, 4);
    expectExits(
      s.count(() => [0, 1, 2, 3].forEach((n) => s.store(region(n), 2, 0, 0))),
      {},
    );
  });

  it('shadow: emulated; emulated and unshadowed; fixup of the read-only alias; free', () => {
    const s = scene('shadow');
    shadowedTables(s, 4);
    const zero = (n: number): Counted => s.count(() => s.store(region(n), 2, 0, 0));
    expectExits(zero(0), { emulate: 1 });
    const before = s.pages();
    const second = zero(1);
    expectExits(second, { emulate: 1 });
    expect([second('shadow.early_unshadow'), second('shadow.unshadow_up')]).toEqual([1, 1]);
    // The first zero freed one sL1 already; the sL2 goes now with the three that are left.
    expect(s.pages() - before).toBe(-4);
    expectExits(zero(2), { fixup: 1 });
    expectExits(zero(3), {});
  });
});

describe('15: demand faults (writes) of n = 8 pages in one table, no CR3 load between', () => {
  /** Every frame's alias in the direct map has been written, so that zeroing and table stores hit a shadow. */
  function touchDirectMap(s: Scene): void {
    for (let gfn = 0x1000; gfn < 0x1400; gfn++)
      s.guest.port.access(0, s.guest.directHi(gfn), ((gfn & 0xfffff) << 12) >>> 0, true);
  }

  function run(mode: Mode, firstPage: number): Counted {
    const s = scene(mode);
    touchDirectMap(s);
    s.map(region(0), 1, DIRTY);
    s.read(region(0));
    return s.count(() => {
      for (let i = 0; i < 8; i++) s.write(firstPage + i);
    });
  }

  it.each(BOTH)('the table shadowed and in sync (%s)', (mode) => {
    const c = run(mode, region(0) + 1);
    expect([c('guest.faults.demand'), c('guest.frames.zeroed')]).toEqual([8, 8]);
    // Each page: the guest's fault, and the fill of the retry; the first store to the table unsyncs it: 2n + 1.
    expectExits(c, mode === 'hap' ? {} : { guest: 8, fixup: 8, unsync: 1 });
  });

  it.each(BOTH)('a new table, linked by one store to its L2 (%s)', (mode) => {
    const c = run(mode, region(1));
    expect([c('guest.faults.demand'), c('guest.frames.zeroed')]).toEqual([8, 9]);
    // Page 1: fault, emulated link, fill (the table's own store is free: it has no shadow yet). Page 2: fault,
    // unsync, fill. The others: fault, fill. 2n + 2.
    expectExits(c, mode === 'hap' ? {} : { guest: 8, fixup: 8, unsync: 1, emulate: 1 });
  });
});

describe('an out-of-sync table with three writable mappings', () => {
  it('keeps two; a third makes the oldest read-only, which costs a fixup when it is used again', () => {
    const s = scene('shadow');
    shadowedTables(s, 1);
    // The table's frame is also mapped at two user pages, a and b, of another table under the same L2.
    const [a, b] = [region(1), region(1) + 100];
    for (const page of [a, b]) s.map(page, 1, DIRTY, l1Frame(s, 0));
    const steps = [
      { step: () => s.rewrite(region(0)), exits: { unsync: 1 }, evicted: 0 }, // recorded: direct map
      { step: () => s.write(a), exits: { fixup: 1 }, evicted: 0 }, // direct map, a
      { step: () => s.write(b), exits: { fixup: 1 }, evicted: 1 }, // b, a: the direct map's is read-only now
      { step: () => s.rewrite(region(0)), exits: { fixup: 1 }, evicted: 1 }, // b, direct map
      { step: () => s.write(b), exits: {}, evicted: 0 },
      { step: () => s.write(a), exits: { fixup: 1 }, evicted: 1 }, // a, direct map
    ];
    for (const { step, exits, evicted } of steps) {
      const c = s.count(step);
      expectExits(c, exits);
      expect(c('shadow.fixup_evict')).toBe(evicted);
      expect(c('shadow.fixup_add')).toBe(Object.keys(exits).length);
    }
    // A CR3 load protects all of them; reading is still free.
    const c = s.count(() => s.guest.loadCr3(0, s.guest.current[0]!, false));
    expect(c('shadow.resync')).toBe(1);
    expectExits(
      s.count(() => [a, b].forEach(s.read)),
      {},
    );
    expectExits(
      s.count(() => s.write(b)),
      { unsync: 1 },
    );
  });
});

describe('linking a shadow above the L1 level', () => {
  it.each([
    ['a new L4 slot: sL3 and sL2 are linked', { l4: 2 }, 1],
    ['a new L3 slot: sL2 is linked', { l4: 1, l3: 3 }, 1],
    ['a new L2 slot: only an sL1 is linked', { l4: 1, l3: 2, l2: 9 }, 0],
  ])('%s', (_, indices, resyncs) => {
    const s = scene('shadow');
    shadowedTables(s, 1);
    s.rewrite(region(0));
    const page = pageOf(va(indices));
    s.map(page, 1, DIRTY, DATA + 8);
    const c = s.count(() => s.read(page));
    // Above an sL1 every table must be in sync first: the next store to it exits again.
    expectExits(c, { fixup: 1 });
    expect(c('shadow.resync')).toBe(resyncs);
    expectExits(
      s.count(() => s.rewrite(region(0))),
      resyncs === 1 ? { unsync: 1 } : {},
    );
  });
});
