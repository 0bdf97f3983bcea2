/** The search for writable mappings of a frame. */
import { describe, expect, it } from 'vitest';
import { counted, machineOf, map, read, write } from '../../../helpers/machine.js';
import { at, effects, loadCr3, store, withTables } from '../../../helpers/shadow-stores.js';

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

  it('goes on where the last one succeeded without finding them all', () => {
    const { m } = withTables(1);
    const x = at(1, 40);
    map(m, x, 1, 'rw', { gfn: 0x5000 });
    write(m, x); // a writable mapping in an l1 shadow; the last search ended in the direct map's fl1
    // Entry 60 of the L2 table: frame 0x5000 becomes an L1 table, and is shadowed by the read.
    const { tables } = m.parts.guest;
    const l2 = tables.frame(tables.frame(0x1005, 0), 0);
    store(m, l2, at(60), { hi: 0, lo: 0x5000067 }, 2);
    read(m, at(60));
    expect(effects(m, () => write(m, x))).toEqual({ exits: 1, unsync: 1, fixed: 1 });
  });
});
