import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_NONE, PTE_P, PTE_PS, PTE_RW, TABLE_FLAGS } from '../../../src/arch/pte.js';
import { createPlace, GuestTables } from '../../../src/guest/page-table.js';
import { va } from '../../helpers/machine.js';

const LEAF = PTE_P | PTE_RW | PTE_A;

/** Root in frame 1, then tables 2, 3, 4 for l4=1, l3=2, l2=3, and a leaf to 99 at l1=4. */
function path(): GuestTables {
  const tables = new GuestTables();
  tables.set(1, 1, 2, TABLE_FLAGS);
  tables.set(2, 2, 3, TABLE_FLAGS);
  tables.set(3, 3, 4, TABLE_FLAGS);
  tables.set(4, 4, 99, LEAF);
  return tables;
}

const find = (tables: GuestTables, at: { hi: number; lo: number }, levels = 4) =>
  tables.find(1, levels, at.hi, at.lo, createPlace());

describe('guest tables', () => {
  it('make a frame a table when an entry is stored, and keep what it holds', () => {
    const tables = new GuestTables();
    expect(tables.isTable(7)).toBe(false);
    tables.set(7, 511, 12, LEAF);
    expect(tables.isTable(7)).toBe(true);
    expect([tables.frame(7, 511), tables.flags(7, 511), tables.flags(7, 510)]).toEqual([12, LEAF, 0]);
    tables.setFlags(7, 511, PTE_P);
    expect([tables.frame(7, 511), tables.flags(7, 511)]).toEqual([12, PTE_P]);
  });

  it('keep more tables than one slab of 64 apart', () => {
    const tables = new GuestTables();
    for (let gfn = 0; gfn < 200; gfn++) tables.set(gfn, gfn, gfn + 1000, LEAF);
    for (const gfn of [0, 63, 64, 127, 128, 199]) expect(tables.frame(gfn, gfn)).toBe(gfn + 1000);
    expect(tables.flags(64, 63)).toBe(0);
  });

  it('walk down to the leaf', () => {
    expect(find(path(), va({ l4: 1, l3: 2, l2: 3, l1: 4 }))).toEqual({
      level: 1,
      table: 4,
      index: 4,
      frame: 99,
      flags: LEAF,
      leaf: true,
      writable: true,
    });
  });

  it('stop at the first entry that is absent', () => {
    const place = find(path(), va({ l4: 1, l3: 2, l2: 9 }));
    expect([place.level, place.table, place.index, place.leaf]).toEqual([2, 3, 9, false]);
  });

  it('take level 1 for a leaf whatever it holds', () => {
    const place = find(path(), va({ l4: 1, l3: 2, l2: 3, l1: 5 }));
    expect([place.level, place.leaf, place.flags]).toEqual([1, true, 0]);
  });

  it('end at a superpage, which needs P', () => {
    const tables = path();
    tables.set(3, 5, 512, LEAF | PTE_PS);
    tables.set(3, 6, 512, PTE_PS | PTE_NONE);
    const at = (l2: number) => find(tables, va({ l4: 1, l3: 2, l2, l1: 7 }));
    expect([at(5).level, at(5).leaf, at(5).frame]).toEqual([2, true, 512]);
    expect([at(6).level, at(6).leaf]).toEqual([2, false]);
  });

  it('take PS at level 4 for nothing', () => {
    const tables = path();
    tables.setFlags(1, 1, TABLE_FLAGS | PTE_PS);
    expect(find(tables, va({ l4: 1, l3: 2, l2: 3, l1: 4 })).frame).toBe(99);
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
  ])('lose the right to write when table %i lacks RW', (table, index) => {
    const tables = path();
    tables.setFlags(table, index, tables.flags(table, index) & ~PTE_RW);
    expect(find(tables, va({ l4: 1, l3: 2, l2: 3, l1: 4 })).writable).toBe(false);
  });

  it('have a fifth level where the guest has', () => {
    const tables = path();
    tables.set(50, 6, 1, TABLE_FLAGS);
    const at = va({ l5: 6, l4: 1, l3: 2, l2: 3, l1: 4 });
    expect(tables.find(50, 5, at.hi, at.lo, createPlace()).frame).toBe(99);
  });

  it('are empty when no entry is present or remembered', () => {
    const tables = new GuestTables();
    tables.slot(5);
    expect(tables.isEmpty(5)).toBe(true);
    tables.set(5, 511, 1, PTE_NONE);
    expect(tables.isEmpty(5)).toBe(false);
    tables.set(5, 511, 1, 0);
    expect(tables.isEmpty(5)).toBe(true);
    tables.set(5, 0, 1, PTE_P);
    expect(tables.isEmpty(5)).toBe(false);
  });

  it('remember the most pages in use at once', () => {
    const tables = new GuestTables();
    for (const delta of [1, 1, 1, -1, -1, 1]) tables.use(delta);
    expect([tables.inUse, tables.peak]).toEqual([2, 3]);
  });
});
