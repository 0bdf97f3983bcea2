/** The search for writable mappings of a frame. */
import { describe, expect, it } from 'vitest';
import { counted, machineOf, map, read } from '../../../helpers/machine.js';
import { at, loadCr3, withTables } from '../../../helpers/shadow-stores.js';

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
