/**
 * GUPS on 8 GiB with the geometry of EMT's logs: references per walk, cycles, where leaf entries come from.
 *
 * The published trace cannot be had; uniform random updates of the same table stand in. Their simulator is
 * drcachesim, whose data prefetcher is next-line unless told otherwise: two data lines per update compete with
 * the 16 MiB of leaf entries for a last level of 16 MiB, which is what puts most leaf reads in memory.
 */
import { sizeOfName } from '../../arch/paging.js';
import type { CounterValues } from '../../counters.js';
import type { Machine } from '../../sim/machine.js';
import { Prng } from '../../util/prng.js';
import type { Cell } from '../cell.js';
import { DataTraffic } from './data-traffic.js';
import { AREA, during, lru, machineOf, mapArea, per, ramFor } from './machines.js';
import { shape, type Subject } from './rows.js';
import { walkCycles } from './weights.js';
import type { WalkCacheSizes } from './gups-closed-form.js';

const SEED = 11;
const PAGES = 2 ** 21;
/** Several times what it takes to fill the last-level cache. */
const WARM_UP = 200_000;
const SAMPLE = 100_000;
const DATA = 0x4000;
const MIB = 2 ** 20;

export interface EmtRun {
  readonly refsPerWalk: number;
  readonly cyclesPerWalk: number;
  /** Leaf entries read from memory, and PDE (THP: PDPTE) hits, in percent of walks. */
  readonly leafFromMemory: number;
  readonly pdeHits: number;
}

function build(page: '4k' | '2m', pwc: WalkCacheSizes): Machine {
  const machine = machineOf('native', {
    change: (config) => {
      config.guest.ram = ramFor(DATA, PAGES);
      config.l1d = { ...lru(64, 4), sizes: '4k' };
      // One TLB of 4K and 2M entries, as printed in the log.
      config.stlb = { ...lru(2048, 8), sizes: '4k+2m' };
      const [l2, l3, l4] = pwc;
      config.pwc.l2 = lru(l2, Math.min(4, l2));
      config.pwc.l3 = lru(l3, Math.min(4, l3));
      config.pwc.l4 = lru(l4, Math.min(4, l4));
      config.cache = {
        enabled: true,
        enter: 'l2',
        l1: { bytes: 32 * 1024, ways: 8 },
        l2: { bytes: 512 * 1024, ways: 8 },
        llc: { bytes: 16 * MIB, ways: 16 },
      };
    },
  });
  const size = sizeOfName(page);
  mapArea(machine, AREA, PAGES / 512 ** size, size, DATA);
  return machine;
}

/** Updates at random; counts the walks whose last read came from memory. */
function update(machine: Machine, traffic: DataTraffic, prng: Prng, n: number): { leavesFromMemory: number } {
  let leavesFromMemory = 0;
  const c = machine.parts.origin.counters;
  for (let i = 0; i < n; i++) {
    let last = false;
    let before = c.pteMem;
    machine.parts.watch.observer = {
      reference: (): void => {
        last = c.pteMem !== before;
        before = c.pteMem;
      },
      translating: (): void => {},
      note: (): void => {},
    };
    traffic.update(AREA + prng.below(PAGES), prng.below(64));
    if (last) leavesFromMemory += 1;
  }
  machine.parts.watch.observer = null;
  return { leavesFromMemory };
}

export function runEmt(page: '4k' | '2m', pwc: WalkCacheSizes): EmtRun {
  const machine = build(page, pwc);
  const traffic = new DataTraffic(machine, true);
  const prng = new Prng(SEED);
  update(machine, traffic, prng, WARM_UP);
  let leaves = 0;
  const counters: CounterValues = during(machine, () => {
    leaves = update(machine, traffic, prng, SAMPLE).leavesFromMemory;
  });
  const walks = counters['walk.count']!;
  return {
    refsPerWalk: per(counters, 'walk.refs', 'walk.count'),
    cyclesPerWalk: walkCycles(counters) / walks,
    leafFromMemory: (100 * leaves) / walks,
    pdeHits: (100 * counters[page === '4k' ? 'pwc.guest.l2.hit' : 'pwc.guest.l3.hit']!) / walks,
  };
}

const LOG = 'EMT radix logs (xlab-uiuc/dynamorio, results/radix, gups_8G, asplos_config)';

export function emtCells(): Cell[] {
  const subject: Subject = { scenario: 'gups_8gib', mode: 'native', quantity: '', source: LOG };
  const small = runEmt('4k', [32, 32, 32]);
  const large = runEmt('2m', [32, 32, 32]);
  const tiny = runEmt('4k', [32, 4, 2]);
  const in4k = { ...subject, params: { page: '4k', pwc: '32/32/32' } };
  const in2m = { ...subject, params: { page: '2m', pwc: '32/32/32' } };
  const inTiny = { ...subject, params: { page: '4k', pwc: '2/4/32' } };
  return [
    shape({ ...in4k, quantity: 'references per walk' }, 1.99, small.refsPerWalk, 0.02 / 1.99),
    shape({ ...in4k, quantity: 'leaf entries from memory, %' }, 71, small.leafFromMemory, 5 / 71),
    shape({ ...in4k, quantity: 'cycles per walk' }, 173.9, small.cyclesPerWalk, 0.05),
    shape({ ...in2m, quantity: 'references per walk' }, 1, large.refsPerWalk, 0.001),
    shape({ ...in2m, quantity: 'cycles per walk' }, 15.8, large.cyclesPerWalk, 0.1),
    shape(
      {
        ...inTiny,
        quantity: 'references per walk, closed form',
        source: '1 + miss(PDE) + miss(PDE) miss(PDPTE) for 8 GiB and 2, 4, 32 entries',
      },
      2.49,
      tiny.refsPerWalk,
      0.01,
    ),
    shape(
      {
        ...inTiny,
        quantity: 'references per walk',
        remark: 'their PDPTE cache is one set of 4 that serves code and kernel pages too; tolerance ours',
      },
      2.519,
      tiny.refsPerWalk,
      0.02,
    ),
  ];
}
