/**
 * The shape of vMitosis' logs of GUPS under EPT and under shadow paging, in a guest and a machine a sixteenth the size.
 *
 * Published: 64 GiB, 2^30 updates, KVM, Xeon Gold 6252 (L2 1 MiB, LLC 36 MiB). Here: 4 GiB, L2 64 KiB, LLC 2 MiB,
 * so that leaf entries of 4K pages (8 MiB a dimension) are out of the LLC and those of 2M pages (16 KiB) in the L2,
 * as they were. Data lines compete for the caches; walk caches of 32 cover 2 % of the regions or less.
 *
 * Times are not modelled, cycles of translation are. Two constants turn these into the ratio of times; each is
 * derived from one published row, which is then not compared: what initialising a 4K page costs besides translation
 * (EPT, THP), and what an update costs besides its walk (shadow, THP), the core having two page walkers.
 */
import { type PageSizeName, sizeOfName } from '../../arch/paging.js';
import type { CounterValues } from '../../counters.js';
import type { Machine } from '../../sim/machine.js';
import { OP_WRITE } from '../../trace/access.js';
import { Prng } from '../../util/prng.js';
import type { Cell } from '../cell.js';
import { DataTraffic } from './data-traffic.js';
import { accessPages, AREA, during, lru, machineOf, mapArea, ramFor } from './machines.js';
import { shape, type Subject } from './rows.js';
import { watchSlots } from './slot-costs.js';
import { translationCycles, walkCycles } from './weights.js';

type Mode = 'hap' | 'shadow';
type Leaf = Extract<PageSizeName, '4k' | '2m'>;

const SEED = 5;
/** 1.43 us at 2.08 GHz: initialisation per 4K page under EPT with THP, almost no fault or walk in it. */
const INIT_CYCLES = 2974;
/** 61.5 ns at 2.08 GHz less half of 75 walk cycles: an update under shadow paging with THP, less its walk. */
const UPDATE_CYCLES = 90;
const WALKERS = 2;

const PAGES = 2 ** 20;
const DATA = 0x2000;
const INIT_PAGES = 2 ** 12;
const WARM_UP = 40_000;
const SAMPLE = 40_000;
/** What `about` is taken to mean. */
const ABOUT = 0.2;

/** Exits and walks while the pages of a table are touched for the first time, one after the other. */
export function initialisation(mode: Mode, page: Leaf, hostMemory: 'in place' | 'absent'): CounterValues {
  const machine = machineOf(mode, {
    preset: 'skylake',
    change: (config) => {
      config.guest.ram = 1024;
      config.guest.pageSize = page;
      config.host.pageSize = page;
      config.shadow.policy = 'kvm';
      config.guest.memory = hostMemory === 'absent' ? 'cold' : 'warm';
      config.host.populate = hostMemory === 'absent' ? 'lazy' : 'eager';
    },
  });
  return during(machine, () => accessPages(machine, INIT_PAGES, (i) => AREA + i, OP_WRITE));
}

function initCycles(mode: Mode, page: Leaf, hostMemory: 'in place' | 'absent'): number {
  return INIT_CYCLES + translationCycles(initialisation(mode, page, hostMemory)) / INIT_PAGES;
}

function initRatio(page: Leaf, hostMemory: 'in place' | 'absent'): number {
  return initCycles('shadow', page, hostMemory) / initCycles('hap', page, hostMemory);
}

function steadyMachine(mode: Mode, page: Leaf): Machine {
  const machine = machineOf(mode, {
    change: (config) => {
      config.guest.ram = ramFor(DATA, PAGES);
      config.host.pageSize = page;
      config.shadow.policy = 'kvm';
      config.shadow.pool = 0;
      config.stlb = { ...lru(128, 8), sizes: '4k+2m' };
      for (const cache of [config.pwc, config.npwc]) {
        cache.l2 = lru(32, 4);
        cache.l3 = lru(4);
        cache.l4 = lru(2);
      }
      config.cache = {
        enabled: true,
        enter: 'l2',
        l1: { bytes: 0, ways: 0 },
        l2: { bytes: 64 * 1024, ways: 8 },
        llc: { bytes: 2 * 2 ** 20, ways: 16 },
      };
    },
  });
  const size = sizeOfName(page);
  mapArea(machine, AREA, PAGES / 512 ** size, size, DATA);
  return machine;
}

export interface SteadyState {
  readonly walkCycles: number;
  readonly exits: number;
  readonly guest: number;
  readonly nested: number;
}

/** Per update, once shadows are there and caches are full. */
export function steadyState(mode: Mode, page: Leaf): SteadyState {
  const machine = steadyMachine(mode, page);
  const traffic = new DataTraffic(machine, false);
  const touched = new Prng(SEED);
  // Whatever the updates will touch is touched before, so that nothing exits later.
  accessPages(machine, WARM_UP + SAMPLE, () => nextPage(touched).page, OP_WRITE);
  const prng = new Prng(SEED);
  const update = (n: number): void => {
    for (let i = 0; i < n; i++) {
      const { page: at, line } = nextPage(prng);
      traffic.update(at, line);
    }
  };
  update(WARM_UP);
  let dimensions = { guest: 0, nested: 0 };
  const counters = during(machine, () => {
    dimensions = watchSlots(machine, () => update(SAMPLE)).byDimension();
  });
  return {
    walkCycles: walkCycles(counters) / SAMPLE,
    exits: counters['vmexit.total']!,
    guest: dimensions.guest / SAMPLE,
    nested: dimensions.nested / SAMPLE,
  };
}

function nextPage(prng: Prng): { page: number; line: number } {
  const at = prng.below(PAGES);
  return { page: AREA + at, line: prng.below(64) };
}

function updateCycles({ walkCycles: cycles }: SteadyState): number {
  return UPDATE_CYCLES + cycles / WALKERS;
}

const LOGS = 'vMitosis logs (mitosis-project/vmitosis-asplos21-artifact, evaluation/reference/data)';

export function vmitosisCells(): Cell[] {
  return [...initCells(), ...steadyCells()];
}

function initCells(): Cell[] {
  const subject: Subject = {
    scenario: 'vmitosis_gups',
    phase: 'init',
    mode: 'shadow/hap',
    quantity: 'time of initialisation, ratio',
    source: LOGS,
  };
  const published: readonly [Leaf, number][] = [
    ['4k', 334 / 104],
    ['2m', 26 / 24],
  ];
  return published.map(([page, ratio]) =>
    shape(
      {
        ...subject,
        params: { page, scale: '1/16' },
        remark: `host memory in place; if the host has to find it too: ${initRatio(page, 'absent').toFixed(2)}`,
      },
      ratio,
      initRatio(page, 'in place'),
      ABOUT,
    ),
  );
}

function steadyCells(): Cell[] {
  const subject: Subject = { scenario: 'vmitosis_gups', mode: 'hap/shadow', quantity: '', source: LOGS };
  const published: readonly { page: Leaf; time: number; walks: number }[] = [
    { page: '4k', time: 242.1 / 124.8, walks: 875 / 394 },
    { page: '2m', time: 73.6 / 61.5, walks: 148 / 75 },
  ];
  return published.flatMap(({ page, time, walks }) => {
    const hap = steadyState('hap', page);
    const shadow = steadyState('shadow', page);
    const params = { page, scale: '1/16' };
    const row = (quantity: string, theirs: number, ours: number, within: number): Cell =>
      shape({ ...subject, params, quantity }, theirs, ours, within);
    const cells = [
      row('time per update, ratio', time, updateCycles(hap) / updateCycles(shadow), ABOUT),
      row('walk cycles per update, ratio', walks, hap.walkCycles / shadow.walkCycles, ABOUT),
      row('exits in steady state', 0, hap.exits + shadow.exits, 0),
    ];
    if (page !== '4k') return cells;
    return [
      ...cells,
      row('host dimension / guest dimension, cycles', 1.05, hap.nested / hap.guest, 0.15 / 1.05),
    ];
  });
}
