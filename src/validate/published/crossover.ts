/**
 * The crossover of HAP and shadow paging: one knob, table stores per 1,000 accesses.
 *
 * Random accesses to memory that no TLB covers make two-dimensional walks dear; changes of a page's rights make
 * the hypervisor of a shadow pager work. Below some rate of changes shadow paging is cheaper, above it HAP; near
 * it they are comparable, as Wang et al. found for more than half of SPEC CPU.
 */
import { pageHi, pageLo } from '../../arch/paging.js';
import type { Machine } from '../../sim/machine.js';
import type { TraceEvent } from '../../trace/event.js';
import { Prng } from '../../util/prng.js';
import type { Cell } from '../cell.js';
import { accessPages, AREA, during, machineOf, mapArea, per, ramFor } from './machines.js';
import { holds, type Subject } from './rows.js';
import { translationCycles } from './weights.js';

const SEED = 13;
const PAGES = 2 ** 15;
const DATA = 0x8000;
const WARM_UP = 4 * PAGES;
const ROUNDS = 30;
const ROUND = 1000;

/** Table stores per 1,000 accesses: the settings of the knob. */
export const RATES = [0, 1, 2, 4, 8, 16, 32, 64] as const;

/** Takes the right to write from a page: one table store and the flush that goes with it. */
function forbidWrites(machine: Machine, page: number): void {
  const event: TraceEvent = {
    kind: 'protect',
    vcpu: 0,
    line: 0,
    va: { hi: pageHi(page), lo: pageLo(page) },
    bytes: 4096,
    perm: { read: true, write: false, exec: false },
  };
  machine.event(event);
}

export interface CrossoverPoint {
  /** Per 1,000 accesses. */
  readonly stores: number;
  /** Translation cycles per access. */
  readonly cycles: number;
}

/** The points of one mode, measured one after the other on one machine. */
export function measureCurve(mode: string): readonly CrossoverPoint[] {
  const machine = machineOf(mode, {
    preset: 'skylake',
    change: (config) => {
      config.guest.ram = ramFor(DATA, PAGES);
    },
  });
  mapArea(machine, AREA, PAGES, 0, DATA);
  const prng = new Prng(SEED);
  const next = (): number => AREA + prng.below(PAGES);
  accessPages(machine, WARM_UP, next);
  // Every page changes once at most, so that every change is a store.
  const targets = Int32Array.from({ length: PAGES }, (_, i) => i);
  new Prng(SEED + 1).shuffle(targets);
  let taken = 0;
  return RATES.map((rate) => {
    const counters = during(machine, () => {
      for (let round = 0; round < ROUNDS; round++) {
        for (let i = 0; i < rate; i++) forbidWrites(machine, AREA + targets[taken++]!);
        accessPages(machine, ROUND, next);
      }
    });
    const stores = per(counters, 'guest.pt.writes', 'accesses') * 1000;
    return { stores, cycles: translationCycles(counters) / counters['accesses']! };
  });
}

export function crossoverCells(): Cell[] {
  const hap = measureCurve('hap');
  const shadow = measureCurve('shadow');
  const ratios = RATES.map((_, i) => shadow[i]!.cycles / hap[i]!.cycles);
  const turns = ratios.filter((ratio, i) => i > 0 && ratio > 1 !== ratios[i - 1]! > 1).length;
  const nearest = Math.min(...ratios.map((ratio) => Math.abs(Math.log(ratio))));
  const text = RATES.map((rate, i) => `${rate}: ${ratios[i]!.toFixed(2)}`).join(', ');
  const subject: Subject = {
    scenario: 'crossover',
    mode: 'shadow/hap',
    params: { pages: PAGES },
    quantity: '',
    source: 'Wang et al., VEE 2011',
    remark: `cycles of translation, shadow / hap, by table stores per 1,000 accesses: ${text}`,
  };
  return [
    holds({ ...subject, quantity: 'shadow paging wins below' }, ratios[0]! < 1),
    holds({ ...subject, quantity: 'HAP wins above' }, ratios[ratios.length - 1]! > 1),
    holds({ ...subject, quantity: 'one threshold' }, turns === 1),
    holds({ ...subject, quantity: 'comparable near it: within 20 %' }, nearest < Math.log(1.2)),
  ];
}
