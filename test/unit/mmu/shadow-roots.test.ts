/** Roots under shadow paging: pins, the pool. */
import { describe, expect, it } from 'vitest';
import { machineOf, map, read, switchTo, write } from '../../helpers/machine.js';
import { at, effects, withTables } from '../../helpers/shadow-stores.js';

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
