/** Roots under shadow paging: pins, the pool. */
import { describe, expect, it } from 'vitest';
import { machineOf, map, read, switchTo, write } from '../../helpers/machine.js';
import { ABSENT, at, effects, store, withTables } from '../../helpers/shadow-stores.js';

describe('roots', () => {
  it('stay shadowed after a switch: coming back costs the CR3 exit alone', () => {
    const { m } = withTables(1);
    switchTo(m, 'b');
    switchTo(m, '0');
    switchTo(m, 'b');
    expect(effects(m, () => switchTo(m, '0'))).toEqual({ exits: 1 });
    expect(effects(m, () => read(m, at(1)))).toEqual({ exits: 0 });
  });

  it.each([
    // The third root is made while two are pinned: pinned L3s stay though no root links them.
    { others: ['b', 'c'], left: 2 },
    // The fourth is made while three are: that ends it for all.
    { others: ['b', 'c', 'd'], left: 1 },
  ])(
    'pin L3 shadows until one is made while more than two a vcpu are pinned ($left left)',
    ({ others, left }) => {
      const { m } = withTables(1);
      // The root of '0' links the L3 of the program and that of the direct map.
      expect(m.memory()['shadow.l3.pages']).toBe(2);
      for (const as of [...others, '0']) switchTo(m, as);
      expect(m.memory()['shadow.l4.pages']).toBe(1 + others.length);
      store(m, 0x1005, at(1), ABSENT, 4); // the program's L3 goes from the root
      expect(m.memory()['shadow.l3.pages']).toBe(left);
    },
  );

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
