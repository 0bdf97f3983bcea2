/** Out-of-sync tables: slots, resyncs, fixups. */
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../../src/sim/machine.js';
import type { Word64 } from '../../../../src/trace/event.js';
import { counted, entryOf, map, only, read, va, write } from '../../../helpers/machine.js';
import {
  at,
  PRESENT,
  ABSENT,
  store,
  loadCr3,
  effects,
  withTables,
  sameHome,
  edit,
} from '../../../helpers/shadow-stores.js';

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

describe('a resync of everything', () => {
  it('reaches the tables of other vcpus', () => {
    const { m, tables } = withTables(1, (config) => (config.vcpus = 2));
    store(m, tables[0]!.gfn, at(1, 100), PRESENT, 1, 1);
    map(m, va({ l4: 3 }), 1, 'rw', { gfn: 0x5000 });
    expect(counted(m, () => read(m, va({ l4: 3 })))['shadow.resync']).toBe(1);
    expect(effects(m, () => store(m, tables[0]!.gfn, at(1, 101), PRESENT, 1, 1))).toMatchObject({
      unsync: 1,
    });
  });

  it('leaves a table that is used at a second level protected for good', () => {
    const { m, tables } = withTables(1);
    const { gfn } = tables[0]!;
    edit(m, tables[0]!);
    loadCr3(m);
    // Entry 5 of the L3 table takes the L1 table for an L2 table: what it maps at index 0 is an L1 table then.
    const l3 = m.parts.guest.tables.frame(0x1005, 0);
    store(m, l3, va({ l3: 5 }), { hi: 0, lo: gfn * 4096 + 0x67 }, 3);
    read(m, va({ l3: 5 }));
    expect(m.memory()['shadow.l2.pages']).toBe(3);
    // No unsync: each store is emulated.
    expect(effects(m, () => [200, 201].forEach((l1) => edit(m, tables[0]!, l1)))).toEqual({
      exits: 2,
      emulate: 1,
      emulate_fast: 1,
    });
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

  it('are recorded once, however often the entry is set', () => {
    const { m, tables } = withTables(1);
    const [x, y] = aliases(m, tables[0]!.gfn, 2);
    write(m, x!);
    // Out of sync too, the table that holds x loses its entry by INVLPG; the next write sets it again.
    store(m, entryOf(m, x!).table, at(9, 300), ABSENT);
    m.event({ kind: 'invlpg', vcpu: 0, line: 0, va: x! });
    const c = counted(m, () => [x!, y!].forEach((place) => write(m, place)));
    expect([c['vmexit.pf.fixup'], c['shadow.fixup_add'], c['shadow.fixup_evict']]).toEqual([2, 2, 0]);
    expect([x!, y!].map((place) => effects(m, () => write(m, place))['exits'])).toEqual([0, 0]);
  });
});
