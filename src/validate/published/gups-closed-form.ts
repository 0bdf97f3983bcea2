/**
 * GUPS in closed form: uniform random accesses to N pages against set-associative LRU arrays.
 *
 * An LRU array holds the entries used last, so a uniform access hits with probability entries / N, whatever the
 * ways are. Walk caches see regions of 512 and 262,144 pages: PDE hit = e 512 / N, PDPTE hit = e 262144 / N, at
 * most 1. References per walk are 1 + miss(PDE) + miss(PDE) miss(PDPTE) of the dimension that the cache skips;
 * under HAP without host caches each of them costs 1 + h.
 */
import { sizeOfName } from '../../arch/paging.js';
import type { MachineConfig } from '../../config/schema.js';
import type { Machine } from '../../sim/machine.js';
import { Prng } from '../../util/prng.js';
import type { Cell } from '../cell.js';
import { accessPages, AREA, during, lru, machineOf, mapArea, per, ramFor } from './machines.js';
import { exact, near, type Subject } from './rows.js';

const SEED = 7;
/** Rates near 1/2 come out with a standard error of 0.2 %. */
const SAMPLE = 60_000;
const TLB_ENTRIES = 1024;
/** Frames for the tables of up to 64 GiB in 4K pages. */
const DATA = 0x20000;

/** Entries of the PDE, PDPTE and PML4E caches. */
export type WalkCacheSizes = readonly [number, number, number];

export interface GupsRates {
  readonly walksPerAccess: number;
  readonly refsPerWalk: number;
}

export interface GupsSetup {
  readonly mode: string;
  readonly page: '4k' | '2m';
  /** log2 of the number of pages. */
  readonly exponent: number;
  readonly pwc: WalkCacheSizes;
  readonly change?: (config: MachineConfig) => void;
}

/** Shares of walks that go on above the PDE and above the PDPTE: what the publication's formula gives. */
export function expectedRates({ mode, page, exponent, pwc }: GupsSetup): GupsRates {
  const pages = 2 ** exponent;
  const miss = (entries: number, span: number): number => 1 - Math.min(1, (entries * span) / pages);
  const perPage = page === '4k' ? 1 : 512;
  const missPde = page === '4k' ? miss(pwc[0], 512) : 1;
  const missPdpte = miss(pwc[1], 262144 / perPage);
  const missPml4e = miss(pwc[2], 512 ** 3 / perPage);
  // A 2M leaf is the PDE itself: its walk begins one level higher.
  const guest =
    page === '4k' ? 1 + missPde * (1 + missPdpte * (1 + missPml4e)) : 1 + missPdpte * (1 + missPml4e);
  const hostLevels = page === '4k' ? 4 : 3;
  return {
    walksPerAccess: miss(TLB_ENTRIES, 1),
    refsPerWalk: mode === 'hap' ? guest * (1 + hostLevels) : guest,
  };
}

function build({ mode, page, exponent, pwc, change }: GupsSetup): Machine {
  const pages = 2 ** exponent * (page === '4k' ? 1 : 512);
  const machine = machineOf(mode, {
    change: (config) => {
      config.guest.ram = ramFor(DATA, pages);
      config.guest.directMap = mode === 'shadow' ? '2m' : '1g';
      // What the sample does not touch need not be in the p2m.
      config.host.populate = 'lazy';
      config.guest.memory = 'cold';
      config.host.pageSize = page;
      config.stlb = { ...lru(TLB_ENTRIES, 8), sizes: '4k+2m' };
      const [l2, l3, l4] = pwc;
      config.pwc.l2 = lru(l2, 4);
      config.pwc.l3 = lru(l3, Math.min(4, l3));
      config.pwc.l4 = lru(l4, Math.min(4, l4));
      config.shadow.pool = 0;
      change?.(config);
    },
  });
  mapArea(machine, AREA, 2 ** exponent, sizeOfName(page), DATA);
  return machine;
}

/** Numbers of the pages that are accessed. */
function sampleOf({ exponent }: GupsSetup): Int32Array {
  const prng = new Prng(SEED + exponent);
  return Int32Array.from({ length: SAMPLE }, () => prng.below(2 ** exponent));
}

export function measuredRates(setup: GupsSetup): GupsRates & { readonly exits: number } {
  const machine = build(setup);
  // The same accesses twice: the first time tables are filled, the second time nothing is new.
  const sample = sampleOf(setup);
  const step = setup.page === '4k' ? 1 : 512;
  const replay = (): void => accessPages(machine, SAMPLE, (i) => AREA + sample[i]! * step);
  replay();
  const counters = during(machine, replay);
  return {
    walksPerAccess: per(counters, 'walk.count', 'accesses'),
    refsPerWalk: per(counters, 'walk.refs', 'walk.count'),
    exits: counters['vmexit.total']!,
  };
}

/** Of 2^10 ... 2^24; what is left out saves time. 2^15 is where half of the PDEs are cached. */
const EXPONENTS_NATIVE = [10, 12, 14, 15, 16, 18, 20, 24];
const EXPONENTS_VIRTUALIZED = [10, 12, 15, 16, 20, 24];
/** 2^15 pages of 2M are the same 64 GiB; 2^24 would be 32 TiB, more than the model's guests can have. */
const EXPONENTS_2M = [10, 14, 15];

function cellsOf(setup: GupsSetup): Cell[] {
  const subject: Subject = {
    scenario: 'gups_closed_form',
    params: { pages: 2 ** setup.exponent, page: setup.page },
    mode: setup.mode,
    quantity: 'walks per access',
    source: 'closed form of uniform random access, LRU arrays of 4 ways and more',
  };
  const expected = expectedRates(setup);
  const found = measuredRates(setup);
  const always = [
    near(subject, expected.walksPerAccess, found.walksPerAccess, 0.01),
    exact({ ...subject, quantity: 'exits' }, 0, found.exits),
  ];
  if (expected.walksPerAccess === 0) return always;
  const refs = { ...subject, quantity: 'references per walk' };
  return [...always, near(refs, expected.refsPerWalk, found.refsPerWalk, 0.01)];
}

export function gupsCells(): Cell[] {
  const pwc: WalkCacheSizes = [32, 32, 32];
  const grid = (modes: readonly string[], page: '4k' | '2m', exponents: readonly number[]): GupsSetup[] =>
    modes.flatMap((mode) => exponents.map((exponent) => ({ mode, page, exponent, pwc })));
  return [
    ...grid(['native'], '4k', EXPONENTS_NATIVE),
    ...grid(['hap', 'shadow'], '4k', EXPONENTS_VIRTUALIZED),
    ...grid(['native', 'hap'], '2m', EXPONENTS_2M),
  ].flatMap(cellsOf);
}
