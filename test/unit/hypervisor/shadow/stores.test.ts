/** Stores to shadowed tables: out-of-sync slots, fixups, resyncs, emulation, unshadowing. */
import { describe, expect, it } from 'vitest';
import { MFN_OFFSET } from '../../../../src/hypervisor/p2m.js';
import type { MachineConfig } from '../../../../src/config/schema.js';
import type { Machine } from '../../../../src/sim/machine.js';
import type { Word64 } from '../../../../src/trace/event.js';
import {
  counted,
  entryOf,
  machineOf,
  map,
  only,
  read,
  switchTo,
  va,
  write,
} from '../../../helpers/machine.js';

const at = (l2: number, l1 = 0): Word64 => va({ l2, l1 });
/** Present, not present: frame 0x5000 with P RW US A D, and without P. */
const PRESENT: Word64 = { hi: 0, lo: 0x5000067 };
const ABSENT: Word64 = { hi: 0, lo: 0x5000066 };
const ZERO: Word64 = { hi: 0, lo: 0 };

/** A PTW: the guest kernel stores `value` into the entry for `place` of the table in `gfn`. */
function store(m: Machine, gfn: number, place: Word64, value = PRESENT, level = 1, vcpu = 0): void {
  m.event({ kind: 'ptw', vcpu, line: 0, gfn, level, va: place, value });
}

function loadCr3(m: Machine, as = '0', vcpu = 0): void {
  m.event({ kind: 'cr3', vcpu, line: 0, as, pcid: null, noflush: false });
}

/** Exits and what the stores did. */
function effects(m: Machine, act: () => void): Record<string, number> {
  const c = counted(m, act);
  const keys = [
    'unsync',
    'unsync_evict',
    'resync',
    'resync_entries',
    'emulate',
    'emulate_fast',
    'fixed',
    'unshadow',
  ];
  const shown = keys.map((key): [string, number] => [key, c[`shadow.${key}`]!]).filter(([, n]) => n > 0);
  return { exits: c['vmexit.total']!, ...Object.fromEntries(shown) };
}

interface L1Table {
  readonly gfn: number;
  /** Level-2 index of its region. */
  readonly l2: number;
  /** Home slot: mfn mod 3. */
  readonly home: number;
}

/** A machine with `n` L1 tables that are shadowed, one page mapped in each at index 0. */
function withTables(
  n: number,
  change: (config: MachineConfig) => void = () => {},
): { m: Machine; tables: L1Table[] } {
  const m = machineOf('shadow', { change });
  for (let l2 = 1; l2 <= n; l2++) map(m, at(l2), 1);
  for (let l2 = 1; l2 <= n; l2++) read(m, at(l2));
  const tables = Array.from({ length: n }, (_, i) => {
    const gfn = entryOf(m, at(i + 1)).table;
    return { gfn, l2: i + 1, home: (gfn + MFN_OFFSET) % 3 };
  });
  return { m, tables };
}

/** Three tables of one home slot: every third, since each takes two frames. */
function sameHome(): { m: Machine; a: L1Table; b: L1Table; c: L1Table } {
  const { m, tables } = withTables(7);
  const [a, b, c] = tables.filter((table) => table.home === tables[0]!.home);
  return { m, a: a!, b: b!, c: c! };
}

/** A store that changes nothing else: entry 100 of the table becomes present. */
const edit = (m: Machine, table: L1Table, l1 = 100, value = PRESENT): void =>
  store(m, table.gfn, at(table.l2, l1), value);

describe('a table going out of sync', () => {
  it('costs one exit for 512 stores', () => {
    const { m, tables } = withTables(1);
    const done = effects(m, () => {
      for (let l1 = 0; l1 < 512; l1++) edit(m, tables[0]!, l1);
    });
    expect(done).toEqual({ exits: 1, unsync: 1, fixed: 1 });
  });

  it('in each of three slots is resynced by the next CR3 load, of any value', () => {
    const { m, tables } = withTables(3);
    expect(new Set(tables.map((table) => table.home)).size).toBe(3);
    expect(effects(m, () => tables.forEach((table) => edit(m, table)))).toEqual({
      exits: 3,
      unsync: 3,
      fixed: 3,
    });
    expect(effects(m, () => loadCr3(m))).toEqual({ exits: 1, resync: 3 });
    expect(effects(m, () => edit(m, tables[1]!))).toEqual({ exits: 1, unsync: 1, fixed: 1 });
  });

  it('moves the occupant of its home to the next slot', () => {
    const { m, a, b } = sameHome();
    // a, then b takes its home and a moves: both stay writable.
    expect(effects(m, () => [a, b, a, b].forEach((table) => edit(m, table)))).toEqual({
      exits: 2,
      unsync: 2,
      fixed: 2,
    });
  });

  it('crushes whoever is in the slot that the occupant moves to', () => {
    const { m, a, b, c } = sameHome();
    // a; b (a moves); c (b moves, a is crushed); a (c moves, b is crushed).
    expect(effects(m, () => [a, b, c, a].forEach((table) => edit(m, table)))).toEqual({
      exits: 4,
      unsync: 4,
      unsync_evict: 2,
      resync: 2,
      fixed: 4,
    });
  });

  it('crushes a guest in its home that belongs elsewhere', () => {
    const { m, tables } = withTables(7);
    const [a, b] = tables.filter((table) => table.home === 0);
    const next = tables.find((table) => table.home === 1)!;
    // a and b at 1 and 0; the table at home in 1 finds a stranger there: a is crushed.
    const done = effects(m, () => [a!, b!, next, b!].forEach((table) => edit(m, table)));
    expect(done).toEqual({ exits: 3, unsync: 3, unsync_evict: 1, resync: 1, fixed: 3 });
    expect(effects(m, () => edit(m, a!))['unsync']).toBe(1);
  });

  it('keeps a slot of its own on each vcpu', () => {
    const { m, tables } = withTables(7, (config) => (config.vcpus = 2));
    const [a, b] = tables.filter((table) => table.home === 0);
    store(m, a!.gfn, at(a!.l2, 100));
    const done = effects(m, () => store(m, b!.gfn, at(b!.l2, 100), PRESENT, 1, 1));
    expect(done).toMatchObject({ unsync: 1 });
    // The load on vcpu 0 protects its own table again; the other's stays writable.
    expect(effects(m, () => loadCr3(m))).toEqual({ exits: 1, resync: 1 });
    expect(effects(m, () => store(m, b!.gfn, at(b!.l2, 101), PRESENT, 1, 1))).toEqual({ exits: 0 });
  });
});

describe('a resync', () => {
  it('rewrites present entries that the guest changed, and no others', () => {
    const { m, tables } = withTables(1);
    edit(m, tables[0]!, 0, { hi: 0, lo: 0x6000067 }); // present in the shadow
    edit(m, tables[0]!, 300); // empty there
    expect(effects(m, () => loadCr3(m))).toEqual({ exits: 1, resync: 1, resync_entries: 1 });
    // The page is there without an exit, and maps the new frame.
    expect(effects(m, () => read(m, at(1)))).toEqual({ exits: 0 });
    expect(m.parts.translation.gfn).toBe(0x6000);
  });

  it('leaves the shadow empty where the guest unmapped', () => {
    const { m, tables } = withTables(1);
    edit(m, tables[0]!, 0, ABSENT);
    loadCr3(m);
    const c = counted(m, () => read(m, at(1)));
    expect([c['vmexit.pf.guest'], c['guest.faults.demand']]).toEqual([1, 1]);
  });

  it('does not rewrite what a fault has brought up to date', () => {
    const { m, tables } = withTables(1);
    edit(m, tables[0]!, 300);
    read(m, at(1, 300)); // the fault fills entry 300 and the snapshot
    expect(effects(m, () => loadCr3(m))).toEqual({ exits: 1, resync: 1 });
  });

  it('comes before a shadow is linked in above the table', () => {
    const { m, tables } = withTables(1);
    edit(m, tables[0]!);
    // A first touch of another 512 GiB: new upper shadows.
    map(m, va({ l4: 3 }), 1, 'rw', { gfn: 0x5000 });
    const c = counted(m, () => read(m, va({ l4: 3 })));
    expect(c['shadow.resync']).toBe(1);
  });
});

describe('writable mappings of an out-of-sync table', () => {
  /** Maps frame `gfn` at `n` user pages, dirty, in region 9; the table of it is another one. */
  function aliases(m: Machine, gfn: number, n: number): Word64[] {
    const places = Array.from({ length: n }, (_, i) => at(9, i * 40));
    for (const place of places) map(m, place, 1, 'rw', { gfn });
    return places;
  }

  it('are two: a third takes the place of the oldest', () => {
    const { m, tables } = withTables(1);
    const [x, y, z] = aliases(m, tables[0]!.gfn, 3);
    const c = counted(m, () => [x!, y!, z!].forEach((place) => write(m, place)));
    // The first store unsyncs, the others find it out of sync: a fixup each; z evicts x.
    expect(only(c, 'shadow.fixup')).toEqual({ 'shadow.fixup_add': 3, 'shadow.fixup_evict': 1 });
    expect([c['vmexit.pf.unsync'], c['vmexit.pf.fixup']]).toEqual([1, 2]);
    expect([y!, z!].map((place) => effects(m, () => write(m, place))['exits'])).toEqual([0, 0]);
    expect(effects(m, () => write(m, x!))['exits']).toBe(1);
  });

  it('are all made read-only by the resync', () => {
    const { m, tables } = withTables(1);
    const [x, y] = aliases(m, tables[0]!.gfn, 2);
    write(m, x!);
    write(m, y!);
    loadCr3(m);
    expect(effects(m, () => write(m, y!))).toMatchObject({ exits: 1, unsync: 1 });
    expect(effects(m, () => write(m, x!))).toMatchObject({ exits: 1, fixed: 1 });
  });
});

describe('an emulated store', () => {
  /** The L2 table of regions 1.. and the level-2 address of index `l2`. */
  const l2Of = (m: Machine): number => m.parts.guest.tables.frame(m.parts.guest.tables.frame(0x1005, 0), 0);

  it('to an upper table is one exit each, the later ones without a walk', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    const done = effects(m, () => [50, 51, 52, 53].forEach((l2) => store(m, gfn, at(l2), ABSENT, 2)));
    expect(done).toEqual({ exits: 4, emulate: 1, emulate_fast: 3 });
    expect(m.parts.guest.tables.frame(gfn, 53)).toBe(0x5000);
  });

  it('elsewhere ends the fast path', () => {
    const { m } = withTables(1);
    const [l2, l3] = [l2Of(m), m.parts.guest.tables.frame(0x1005, 0)];
    const done = effects(m, () => {
      store(m, l2, at(50), ABSENT, 2);
      store(m, l3, va({ l3: 50 }), ABSENT, 3);
      store(m, l3, va({ l3: 51 }), ABSENT, 3);
    });
    expect(done).toEqual({ exits: 3, emulate: 2, emulate_fast: 1 });
  });

  it('revalidates the entry unless it was and stays absent', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    const validated = (value: Word64): number =>
      counted(m, () => store(m, gfn, at(50), value, 2))['shadow.validate.l2']!;
    expect([ABSENT, { hi: 0, lo: 0x7000067 }, ABSENT, ABSENT].map(validated)).toEqual([0, 1, 1, 0]);
  });

  it('that unmaps a region drops its shadow and flushes', () => {
    const { m } = withTables(
      2,
      (config) => (config.stlb = { entries: 64, ways: 4, policy: 'lru', sizes: '4k' }),
    );
    read(m, at(2));
    const c = counted(m, () => store(m, l2Of(m), at(2), ABSENT, 2));
    expect([c['shadow.free'], c['shadow.validate.l2']]).toEqual([1, 1]);
    expect(c['tlb.flush.all']).toBeGreaterThan(0);
  });

  it('of zero twice in a row to a table drops its shadow', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    // Store 1 emulated; 2 emulated, then unshadowed; 3 fixes the mapping up to writable; 4 is free.
    const done = effects(m, () => [50, 51, 52, 53].forEach((l2) => store(m, gfn, at(l2), ZERO, 2)));
    expect(done).toEqual({ exits: 3, emulate: 1, emulate_fast: 1, unshadow: 1, fixed: 1 });
    expect(m.counters()['shadow.early_unshadow']).toBe(1);
  });

  it('of zero with another store in between does not', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    const values = [ZERO, ABSENT, ZERO];
    expect(effects(m, () => values.forEach((value, i) => store(m, gfn, at(50 + i), value, 2)))).toEqual({
      exits: 3,
      emulate: 1,
      emulate_fast: 2,
    });
  });

  it('of zero drops no shadow of another table', () => {
    const { m } = withTables(1);
    const [l2, l3] = [l2Of(m), m.parts.guest.tables.frame(0x1005, 0)];
    const done = effects(m, () => {
      store(m, l2, at(50), ZERO, 2);
      store(m, l3, va({ l3: 50 }), ZERO, 3);
      store(m, l2, at(51), ZERO, 2);
    });
    expect(done['unshadow']).toBeUndefined();
  });

  it('of a trace’s own write leaves the entry as it is', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    map(m, at(9), 1, 'rw', { gfn });
    const before = entryOf(m, at(1));
    expect(effects(m, () => write(m, va({ l2: 9, offset: 8 })))).toMatchObject({ exits: 1, emulate: 1 });
    expect(entryOf(m, at(1))).toEqual(before);
  });
});

describe('the search for writable mappings', () => {
  it('misses at the guessed addresses with a modern direct map, then visits every l1 shadow', () => {
    const m = machineOf('shadow');
    map(m, at(1), 1);
    const c = counted(m, () => read(m, at(1)));
    // L3, L2 and L1 tables are mapped writable by the direct map's one fl1: found by brute force first, then
    // in the shadow where the last search succeeded.
    expect([c['shadow.wr'], c['shadow.wr_guess'], c['shadow.wr_bf'], c['shadow.wr_last']]).toEqual([
      3, 0, 1, 2,
    ]);
    // 512 entries for each shadow visited: the one fl1, three times.
    expect(c['shadow.bf_entries']).toBe(3 * 512);
  });

  it('is not made for a table that is protected already', () => {
    const { m } = withTables(1);
    map(m, at(1, 5), 1, 'rw', { gfn: 0x5000 });
    loadCr3(m);
    const c = counted(m, () => read(m, at(1, 200)));
    expect(c['shadow.wr']).toBe(0);
  });

  it('succeeds at once where the direct map is at a guessed address', () => {
    const m = machineOf('shadow', { options: { layout: { directMapHi: 0xffff8800, mapsKernel: true } } });
    map(m, at(1), 1);
    const c = counted(m, () => read(m, at(1)));
    expect([c['shadow.wr'], c['shadow.wr_guess'], c['shadow.wr_bf'], c['shadow.wr_last']]).toEqual([
      3, 3, 0, 0,
    ]);
  });
});

describe('roots', () => {
  it('stay shadowed after a switch: coming back costs the CR3 exit alone', () => {
    const { m } = withTables(1);
    switchTo(m, 'b');
    switchTo(m, '0');
    switchTo(m, 'b');
    expect(effects(m, () => switchTo(m, '0'))).toEqual({ exits: 1 });
    expect(effects(m, () => read(m, at(1)))).toEqual({ exits: 0 });
  });

  it('pin L3 shadows until more than two roots a vcpu are pinned', () => {
    const { m } = withTables(1);
    const l3 = (): number => m.memory()['shadow.l3.pages'];
    // The root of '0' links the L3 of the program and that of the direct map.
    expect(l3()).toBe(2);
    switchTo(m, 'b');
    switchTo(m, 'c'); // the third root: all l3 are unpinned; linked ones stay
    expect(l3()).toBe(2);
    expect(m.memory()['shadow.l4.pages']).toBe(3);
  });

  it('are made anew for a pool without room, after the oldest were dropped', () => {
    const m = machineOf('shadow', {
      change: (config) => {
        config.host.pageSize = '2m'; // p2m: 3 pages; slots and monitor: 4
        config.shadow.pool = 3 + 4 + 8;
      },
    });
    for (const as of ['a', 'b', 'c', 'd']) {
      switchTo(m, as);
      map(m, at(1), 1);
      write(m, at(1));
      expect(m.memory()['shadow.pages']).toBeLessThanOrEqual(8);
    }
    expect(m.counters()['shadow.prealloc1']).toBeGreaterThan(0);
    expect(m.memory()['pool.free.pages']).toBe(8 - m.memory()['shadow.pages']);
  });

  it('are refused in a pool that cannot hold one walk', () => {
    expect(() => {
      const m = machineOf('shadow', {
        change: (config) => {
          config.host.pageSize = '2m';
          config.shadow.pool = 3 + 4 + 2;
        },
      });
      map(m, at(1), 1);
      read(m, at(1));
    }).toThrow(/a shadow pool of 9 pages is too small: 3 are p2m/);
  });
});
