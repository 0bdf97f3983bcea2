/**
 * The shape of vMitosis' logs of GUPS under EPT and under shadow paging, in a guest and a machine a sixteenth the size.
 *
 * Published: 64 GiB, 2^30 updates, KVM, Xeon Gold 6252 (L2 1 MiB, LLC 36 MiB). Here: 4 GiB, L2 64 KiB, LLC 2 MiB,
 * so that leaf entries of 4K pages (8 MiB a dimension) are out of the LLC and those of 2M pages (16 KiB) in the L2,
 * as they were. Data lines compete for the caches; walk caches of 32 cover 2 % of the regions or less.
 *
 * Times are not modelled, cycles of translation are. Two constants turn these into ratios of times: what initialising a
 * 4K page costs besides translation, derived from the time under EPT with THP, and what an update costs besides its
 * walk (the core has two page walkers), derived from the time under shadow paging with THP. So the two ratios of times
 * with THP are half calibrated: one side of each is the published number that gave the constant. They are marked so.
 * The ratios of times with 4K pages rest on the same constants, but neither of their sides gave one.
 */
import { type PageSizeName, sizeOfName } from '../../arch/paging.js';
import type { CounterValues } from '../../counters.js';
import type { Machine } from '../../sim/machine.js';
import { OP_WRITE } from '../../trace/access.js';
import { Prng } from '../../util/prng.js';
import type { Cell } from '../cell.js';
import { DataTraffic } from './data-traffic.js';
import { accessPages, AREA, during, lru, machineOf, mapArea, ramFor } from './machines.js';
import { calibrated, shape, type Subject } from './rows.js';
import { watchSlots } from './slot-costs.js';
import { translationCycles, walkCycles } from './weights.js';

type Mode = 'hap' | 'shadow';
type Leaf = Extract<PageSizeName, '4k' | '2m'>;
/** Behind the guest's memory: the host has it in place, or has to find it at the first touch. */
type HostMemory = 'in place' | 'absent';

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
export function initialisation(mode: Mode, page: Leaf, hostMemory: HostMemory): CounterValues {
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

function initCycles(mode: Mode, page: Leaf, hostMemory: HostMemory): number {
  return INIT_CYCLES + translationCycles(initialisation(mode, page, hostMemory)) / INIT_PAGES;
}

function initRatio(page: Leaf, hostMemory: HostMemory): number {
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

/** A ratio of times; with THP the published time `under` one of the modes gave the constant that is used for both. */
function timeRatio(page: Leaf, subject: Subject, published: number, modelled: number, under: string): Cell {
  if (page === '4k') return shape(subject, published, modelled, ABOUT);
  const remark = `half calibrated: the published time under ${under} gave the constant that the model adds to both`;
  return calibrated({ ...subject, remark }, published, modelled, ABOUT);
}

function initCells(): Cell[] {
  const published: readonly [Leaf, number][] = [
    ['4k', 334 / 104],
    ['2m', 26 / 24],
  ];
  const rows = published.flatMap(([page, ratio]) =>
    (['in place', 'absent'] as const).map((hostMemory) => ({ page, ratio, hostMemory })),
  );
  return rows.map(({ page, ratio, hostMemory }) => {
    const subject: Subject = {
      scenario: 'vmitosis_gups',
      params: { page, scale: '1/16', hostMemory },
      phase: 'init',
      mode: 'shadow/hap',
      quantity: 'time of initialisation, ratio',
      source: LOGS,
    };
    return timeRatio(page, subject, ratio, initRatio(page, hostMemory), 'EPT');
  });
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
    const perUpdate = { ...subject, params, quantity: 'time per update, ratio' };
    const cells = [
      timeRatio(page, perUpdate, time, updateCycles(hap) / updateCycles(shadow), 'shadow paging'),
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
