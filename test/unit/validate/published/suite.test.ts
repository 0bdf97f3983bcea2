/**
 * The published suite, part by part: every row agrees, or is explained. The parts that take many seconds
 * (GUPS in closed form and on 8 GiB, vMitosis, big memory) are run by `p2msim validate`.
 */
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../../src/validate/cell.js';
import {
  coldWalkCells,
  nestingCells,
  walkCacheCells,
} from '../../../../src/validate/published/closed-walks.js';
import { crossoverCells, measureCurve, RATES } from '../../../../src/validate/published/crossover.js';
import { smokeCells } from '../../../../src/validate/published/sagepte-smoke.js';
import {
  nestedCacheCells,
  plainAccessRun,
  splinteringCells,
  splinteringRun,
} from '../../../../src/validate/published/statements.js';
import { p2mCells, poolCells, recyclingCells } from '../../../../src/validate/published/table-memory.js';
import { countsAsDifferent } from '../../../../src/validate/summary.js';
import { explanationOf } from '../../../../src/validate/explanations.js';
import { initialisation } from '../../../../src/validate/published/vmitosis.js';

const PARTS: readonly (readonly [string, () => Cell[], number])[] = [
  ['cold walks', coldWalkCells, 6 * 7], // six guests, native and six hosts each
  ['degrees of nesting', nestingCells, 3 * 6 + 3 * 5 + 3 * 4], // by guest leaf: degrees 0 to g, and full
  ['walk caches', walkCacheCells, 4 * 5 + 4 * 4 + 4 + 4 + 3],
  ['p2m', p2mCells, 6 * 3],
  ['pool', poolCells, 2],
  ['recycling', recyclingCells, 2],
  ['smoke fixture', smokeCells, 1 + 24 + 2], // walks; 4 * (4 + 1) + 4 slots; total; the slowest
  ['splintering', splinteringCells, 3],
  ['nested caches', nestedCacheCells, 4],
  ['crossover', crossoverCells, 4],
];

describe('a part of the published suite', { timeout: 120_000 }, () => {
  it.each(PARTS)('%s', (_name, part, rows) => {
    const cells = part();
    expect(cells.length).toBe(rows);
    expect(cells.filter((cell) => !cell.equal)).toEqual([]);
    // Every row says where its number is from, and is told from all others.
    expect(cells.filter(({ note }) => note.length < 15)).toEqual([]);
    const names = cells.map(({ scenario, params, mode, phase, quantity }) =>
      JSON.stringify([scenario, params, mode, phase, quantity]),
    );
    expect(new Set(names).size).toBe(rows);
  });

  it('gives the same rows again', () => {
    expect(smokeCells()).toEqual(smokeCells());
  });
});

describe('a difference', () => {
  const cell: Cell = {
    suite: 'published',
    scenario: 'big_memory',
    params: { guest: '2m', host: '2m' },
    mode: 'hap/native',
    phase: 'steady',
    kind: 'shape',
    quantity: 'run time added, %',
    measured: 4.2,
    modelled: 13,
    tolerance: 0.25,
    equal: false,
    note: '',
  };

  it('is explained for 2M pages in both dimensions of a big memory, and for nothing else there', () => {
    expect(explanationOf(cell)).toContain('not met');
    expect(countsAsDifferent(cell)).toBe(false);
    expect(countsAsDifferent({ ...cell, params: { guest: '4k', host: '2m' } })).toBe(true);
    expect(countsAsDifferent({ ...cell, quantity: 'walks cost less than 3 times native, not 6' })).toBe(true);
  });

  it('is explained for a first touch of memory that the host has to find, and not where it is in place', () => {
    const init = {
      ...cell,
      scenario: 'vmitosis_gups',
      phase: 'init',
      params: { page: '4k', scale: '1/16', hostMemory: 'absent' },
      quantity: 'time of initialisation, ratio',
      measured: 3.212,
      modelled: 1.568,
    };
    expect(explanationOf(init)).toContain('not met');
    expect(countsAsDifferent({ ...init, params: { ...init.params, hostMemory: 'in place' } })).toBe(true);
    expect(countsAsDifferent({ ...init, params: { ...init.params, page: '2m' } })).toBe(true);
    expect(countsAsDifferent({ ...init, phase: 'steady' })).toBe(true);
  });

  it('counts beyond the bound of its explanation', () => {
    expect(countsAsDifferent({ ...cell, modelled: 14.2 })).toBe(false);
    expect(countsAsDifferent({ ...cell, modelled: 14.3 })).toBe(true);
  });
});

describe('runs behind the rows', { timeout: 60_000 }, () => {
  it('make the accesses and table stores that the rows are about', () => {
    const plain = plainAccessRun(10_000);
    expect([plain['accesses'], plain['vmexit.total']]).toEqual([10_000, 0]);
    const stores = measureCurve('hap').map(({ stores: each }) => each);
    expect(stores).toEqual([...RATES]);
  });

  it('enter a splintered page in the TLB as 4K, once per walk', () => {
    const counters = splinteringRun('2m', '4k');
    expect(counters['tlb.fill.4k']).toBe(counters['walk.count']);
    expect(counters['walk.count']!).toBeGreaterThan(40_000);
  });

  it('first touch under shadow paging exits at least twice a page, under HAP never if memory is in place', () => {
    const pages = 2 ** 12;
    // KVM: a fault reflected and a fill for each page.
    expect(initialisation('shadow', '4k', 'in place')['vmexit.total']!).toBeGreaterThan(2 * pages);
    expect(initialisation('hap', '4k', 'in place')['vmexit.total']).toBe(0);
    // One nested fault for each page of data, and few for tables.
    const absent = initialisation('hap', '4k', 'absent')['vmexit.npf']!;
    expect([absent >= pages, absent < 1.02 * pages]).toEqual([true, true]);
  });
});
