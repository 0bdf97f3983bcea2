/**
 * SagePTE's smoke fixture: a region of 16 MiB at 4 GiB, three passes of one update per page, walk caches off.
 *
 * 4,096 pages taken round in a TLB of 1,536 LRU entries miss every time: 12,288 walks. The published means are
 * over the 9,548 walks after the simulator's warm-up (its TLB is LFU), so ours are over the last 9,548. No slot
 * of the published run is cheaper than an L1 hit: its walk caches never hit on neighbouring pages, hence off here.
 */
import type { Machine } from '../../sim/machine.js';
import type { Cell } from '../cell.js';
import { DataTraffic } from './data-traffic.js';
import { during, lru, machineOf, mapArea, ramFor } from './machines.js';
import { exact, holds, shape, type Subject } from './rows.js';
import { type SlotCosts, watchSlots } from './slot-costs.js';

const PAGES = 4096;
const PASSES = 3;
const REGION = 2 ** 20;
const DATA = 0x40000;
const PUBLISHED_WALKS = 9548;

/** Mean cycles by slot as the artifact's expected output prints them. */
// prettier-ignore
const PUBLISHED: Readonly<Record<string, number>> = {
  G1H1: 4.07, G1H2: 4.03, G1H3: 4.10, G1H4: 4.11, G1: 4.43,
  G2H1: 4.00, G2H2: 4.00, G2H3: 4.00, G2H4: 4.00, G2: 4.37,
  G3H1: 4.00, G3H2: 4.00, G3H3: 4.00, G3H4: 4.00, G3: 4.10,
  G4H1: 4.00, G4H2: 4.00, G4H3: 4.00, G4H4: 4.02, G4: 9.74,
  UDH1: 4.00, UDH2: 4.00, UDH3: 4.37, UDH4: 9.48,
};
const PUBLISHED_TOTAL = 108.84;

function build(): Machine {
  const machine = machineOf('hap', {
    change: (config) => {
      config.guest.ram = ramFor(DATA, PAGES);
      config.l1d = { ...lru(64, 4), sizes: '4k' };
      config.stlb = { ...lru(1536, 12), sizes: '4k' };
      config.cache = {
        enabled: true,
        enter: 'l1',
        l1: { bytes: 32 * 1024, ways: 8 },
        l2: { bytes: 2 ** 20, ways: 16 },
        llc: { bytes: 22 * 2 ** 20, ways: 11 },
      };
    },
  });
  mapArea(machine, REGION, PAGES, 0, DATA);
  return machine;
}

export interface SmokeRun {
  readonly walks: number;
  readonly slots: ReadonlyMap<string, number>;
}

export function runSmoke(): SmokeRun {
  const machine = build();
  const traffic = new DataTraffic(machine, true);
  const pass = (from: number, to: number): void => {
    for (let i = from; i < to; i++) traffic.update(REGION + (i % PAGES), 0);
  };
  const all = PASSES * PAGES;
  let costs: SlotCosts | null = null;
  const counters = during(machine, () => {
    pass(0, all - PUBLISHED_WALKS);
    costs = watchSlots(machine, () => pass(all - PUBLISHED_WALKS, all));
  });
  return { walks: counters['walk.count']!, slots: costs!.means() };
}

export function smokeCells(): Cell[] {
  const subject: Subject = {
    scenario: 'sagepte_smoke',
    params: { pages: PAGES, passes: PASSES },
    quantity: '',
    source: 'SagePTE artifact (amirmnoohi/SagePTE-AE, Simulator/example, x86 configuration)',
  };
  const { walks, slots } = runSmoke();
  const slowest = [...slots].sort((a, b) => b[1] - a[1]).slice(0, 2);
  const total = [...slots.values()].reduce((sum, cycles) => sum + cycles, 0);
  return [
    exact({ ...subject, quantity: 'walks' }, PASSES * PAGES, walks),
    ...Object.entries(PUBLISHED).map(([slot, cycles]) =>
      shape({ ...subject, quantity: `cycles of ${slot}` }, cycles, slots.get(slot) ?? 0, 0.1),
    ),
    shape({ ...subject, quantity: 'cycles per walk' }, PUBLISHED_TOTAL, total, 0.1),
    holds(
      {
        ...subject,
        quantity: 'G4 and UDH4 are the slowest',
        remark: slowest.map(([slot, cycles]) => `${slot} ${cycles.toFixed(2)}`).join(', '),
      },
      slowest.every(([slot]) => slot === 'G4' || slot === 'UDH4'),
    ),
  ];
}
