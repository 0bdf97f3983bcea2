/** What the published suite is made of: weights, rows, mappings, data traffic, costs by place in the walk. */
import { describe, expect, it } from 'vitest';
import { pageHi, pageLo } from '../../../../src/arch/paging.js';
import { estimateCost } from '../../../../src/cost/model.js';
import { DEFAULT_COST_TABLE } from '../../../../src/cost/table.js';
import { COUNTERS } from '../../../../src/counters.js';
import { DataTraffic } from '../../../../src/validate/published/data-traffic.js';
import { expectedRates, measuredRates } from '../../../../src/validate/published/gups-closed-form.js';
import {
  accessPages,
  AREA,
  during,
  lru,
  machineOf,
  mapArea,
} from '../../../../src/validate/published/machines.js';
import { calibrated, exact, holds, near, shape } from '../../../../src/validate/published/rows.js';
import { watchSlots } from '../../../../src/validate/published/slot-costs.js';
import { EXIT_CYCLES, translationCycles, walkCycles } from '../../../../src/validate/published/weights.js';

const KIB = 1024;

describe('weights', () => {
  const zero = Object.fromEntries(COUNTERS.map(({ key }) => [key, 0]));

  // Each counter that a walk term of the default cost table reads, at a count of 1: validate/ may not import cost/.
  it.each(
    DEFAULT_COST_TABLE.rows
      .filter(({ group, term }) => group === 'walk' && term !== 'walk.ref.flat')
      .flatMap(({ counters, cyclesEach }) => counters.map((key) => [key, cyclesEach] as const)),
  )('charge %s as the default cost table does: %s', (key, cycles) => {
    const counters = { ...zero, [key]: 1 };
    expect(walkCycles(counters) + walkCycles(counters, 'kernel.')).toBe(cycles);
    expect(estimateCost(counters, DEFAULT_COST_TABLE).cycles).toBe(cycles);
  });

  it('charge an exit as the transition and the fix-up of the default cost table', () => {
    const each = (term: string): number =>
      DEFAULT_COST_TABLE.rows.find((row) => row.term === term)!.cyclesEach;
    expect(EXIT_CYCLES).toEqual({ transition: each('exit.transition'), handler: each('exit.pf.fixup') });
    expect(translationCycles({ ...zero, 'vmexit.total': 3 })).toBe(3 * (1200 + 2000));
  });
});

describe('rows', () => {
  const subject = { scenario: 's', quantity: 'q', source: 'paper', remark: 'why' };

  it('pass within their tolerance, both ends included, and not beyond', () => {
    expect(near(subject, 100, 101, 0.01).equal).toBe(true);
    expect(near(subject, 100, 98.9, 0.01).equal).toBe(false);
    expect(exact(subject, 24, 24).equal).toBe(true);
    expect(exact(subject, 24, 24.0001).equal).toBe(false);
    expect([holds(subject, true).equal, holds(subject, false).equal]).toEqual([true, false]);
  });

  it('say of what kind they are, and their source', () => {
    const rows = [exact(subject, 1, 1), holds(subject, true)];
    for (const row of [near, shape, calibrated]) rows.push(row(subject, 1, 1, 0));
    expect(rows.map(({ kind }) => kind)).toEqual(['exact', 'statement', 'near', 'shape', 'calibrated']);
    for (const row of rows)
      expect(row).toMatchObject({ suite: 'published', note: 'paper; why', tolerance: 0 });
  });

  it('round to four digits', () => {
    expect(near(subject, 2, 1.99163, 0.01).modelled).toBe(1.992);
  });
});

describe('a mapped area', () => {
  it.each([
    [0, 1030, 0, 1029],
    [1, 3, 512, 2 * 512 + 511],
  ])('has leaves of size %s from the first page to the last', (size, count, second, last) => {
    const machine = machineOf('native');
    mapArea(machine, AREA, count, size, 0x8000);
    const { guest } = machine.parts;
    const find = (page: number): { frame: number; leaf: boolean; level: number } => ({
      ...guest.tables.find(guest.current[0]!.root, 4, pageHi(page), pageLo(page), guest.place),
    });
    expect(find(AREA)).toMatchObject({ leaf: true, level: size + 1, frame: 0x8000 });
    expect(find(AREA + second)).toMatchObject({ leaf: true, frame: 0x8000 + second });
    expect(find(AREA + last)).toMatchObject({ leaf: true, frame: 0x8000 + last - (last % 512 ** size) });
    expect(find(AREA + last + 1).level === size + 1 && find(AREA + last + 1).frame !== 0).toBe(false);
    // Mapped before the first access: the guest's kernel has nothing to do.
    const counters = during(machine, () => accessPages(machine, last + 1, (i) => AREA + i));
    expect([counters['accesses'], counters['guest.faults']]).toEqual([last + 1, 0]);
  });
});

/** L2 of 64 lines in 64 sets: a line is pushed out by any other of its column. */
function tinyCaches(mode: string): ReturnType<typeof machineOf> {
  const machine = machineOf(mode, {
    change: (config) => {
      config.cache = {
        enabled: true,
        enter: 'l2',
        l1: { bytes: 0, ways: 0 },
        l2: { bytes: 4 * KIB, ways: 1 },
        llc: { bytes: 0, ways: 0 },
      };
    },
  });
  mapArea(machine, AREA, 64, 0, 0x8000);
  return machine;
}

describe('data traffic', () => {
  // Page 8 has its leaf entry in line 1, the other entries of its path (256, 0, 0... of their tables) elsewhere.
  const leafHit = (line: number, prefetch: boolean): boolean => {
    const machine = tinyCaches('native');
    const traffic = new DataTraffic(machine, prefetch);
    traffic.update(AREA + 8, line);
    let served = '';
    const c = machine.parts.origin.counters;
    let before = c.pteL2;
    machine.parts.watch.observer = {
      reference: (_dimension, level): void => {
        if (level === 1) served = c.pteL2 > before ? 'cache' : 'memory';
        before = c.pteL2;
      },
      translating: (): void => {},
      note: (): void => {},
    };
    traffic.update(AREA + 8, line);
    return served === 'cache';
  };

  it('pushes a table entry out of its line, and only out of that', () => {
    expect(leafHit(5, false)).toBe(true);
    expect(leafHit(1, false)).toBe(false);
  });

  it('brings in the next line with a prefetcher', () => {
    expect(leafHit(0, false)).toBe(true);
    expect(leafHit(0, true)).toBe(false);
  });

  it('is in no counter of the machine but the access itself', () => {
    const machine = tinyCaches('native');
    const counters = during(machine, () => new DataTraffic(machine, true).update(AREA, 3));
    expect([counters['accesses'], counters['walk.refs'], counters['pte.mem']! + counters['pte.l2']!]).toEqual(
      [1, 4, 4],
    );
  });
});

describe('costs by place in the walk', () => {
  it('name the 24 references of a walk and add up to its cycles', () => {
    const machine = tinyCaches('hap');
    let slots = new Map<string, number>() as ReadonlyMap<string, number>;
    let sides = { guest: 0, nested: 0 };
    const counters = during(machine, () => {
      const costs = watchSlots(machine, () => accessPages(machine, 1, () => AREA));
      slots = costs.means();
      sides = costs.byDimension();
    });
    const expected = [1, 2, 3, 4].flatMap((k) => [...[1, 2, 3, 4].map((h) => `G${k}H${h}`), `G${k}`]);
    expect([...slots.keys()]).toEqual([...expected, 'UDH1', 'UDH2', 'UDH3', 'UDH4']);
    const total = [...slots.values()].reduce((sum, cycles) => sum + cycles, 0);
    expect(total).toBe(walkCycles(counters));
    expect(sides.guest + sides.nested).toBe(total);
    expect(machine.parts.watch.observer).toBeNull();
  });
});

describe('the closed form of GUPS', () => {
  it('gives the rates worked out by hand', () => {
    // 2^15 pages, 1,024 TLB entries: 31/32 miss. 32 of 64 PDEs are cached: 1 + 1/2.
    const setup = { mode: 'native', page: '4k', exponent: 15, pwc: [32, 32, 32] } as const;
    expect(expectedRates(setup)).toEqual({ walksPerAccess: 31 / 32, refsPerWalk: 1.5 });
    // Each of them costs 1 + 4 under HAP.
    expect(expectedRates({ ...setup, mode: 'hap' }).refsPerWalk).toBe(7.5);
    // 64 GiB: 32 of 32,768 PDEs, 32 of 64 PDPTEs: 1 + 1023/1024 * (1 + 1/2).
    expect(expectedRates({ ...setup, exponent: 24 }).refsPerWalk).toBe(1 + (1023 / 1024) * 1.5);
    // 2M leaves: the walk begins below the PDPTE; 32 of 64 of these are cached.
    expect(expectedRates({ ...setup, page: '2m' }).refsPerWalk).toBe(1.5);
    expect(expectedRates({ ...setup, page: '2m', mode: 'hap' }).refsPerWalk).toBe(1.5 * 4);
  });

  it('is what a run gives, and not what it gives with half the entries', () => {
    const setup = { mode: 'native', page: '4k', exponent: 15, pwc: [32, 32, 32] } as const;
    const found = measuredRates(setup);
    expect(Math.abs(found.refsPerWalk / 1.5 - 1)).toBeLessThan(0.01);
    const halved = measuredRates({ ...setup, change: (config) => (config.pwc.l2 = lru(16, 4)) });
    // 16 of 64 PDEs: 1 + 3/4.
    expect(Math.abs(halved.refsPerWalk / 1.75 - 1)).toBeLessThan(0.01);
  });
});
