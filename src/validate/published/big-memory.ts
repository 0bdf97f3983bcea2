/**
 * A database of 475 GB: what virtualization adds to the run time of a program that a fifth of its time waits for
 * TLB misses.
 *
 * Merrifield and Taheri measured TPC-C on ESX: 20 % of the time of the guest in TLB misses, 4.2 % more time than on
 * bare metal. Their trace cannot be had: accesses here are skewed towards a hot fifth. The share of 20 % scales
 * walk cycles to run time; what is modelled is how much of them the host dimension is.
 */
import { type PageSizeName, sizeOfName } from '../../arch/paging.js';
import type { CounterValues } from '../../counters.js';
import { Prng } from '../../util/prng.js';
import type { Cell } from '../cell.js';
import { accessPages, AREA, during, machineOf, mapArea, ramFor } from './machines.js';
import { holds, shape, type Subject } from './rows.js';
import { walkCycles } from './weights.js';

const SEED = 17;
/** Pages of 4K. */
const DATABASE = (475 * 2 ** 30) / 4096;
const WARM_UP = 80_000;
const SAMPLE = 50_000;
/** Share of run time in TLB misses, in the guest. */
const SHARE = 0.2;

interface Setting {
  readonly guest: Extract<PageSizeName, '4k' | '2m'>;
  /** Memory and last-level cache are divided by this. */
  readonly scale: number;
  /** First frame of the data: below it are the tables. */
  readonly data: number;
}

export function bigMemoryRun(mode: 'native' | 'hap', { guest, scale, data }: Setting): CounterValues {
  const size = sizeOfName(guest);
  const pages = DATABASE / scale - ((DATABASE / scale) % 512);
  const machine = machineOf(mode, {
    preset: 'haswell',
    change: (config) => {
      config.guest.ram = ramFor(data, pages);
      config.guest.directMap = '1g';
      config.host.pageSize = '2m';
      // Haswell-EP: 2.5 MiB a core, 16 of the 18 cores of a E5-2699 v3, so that the sets are a power of two.
      config.cache.llc = { bytes: (40 * 2 ** 20) / scale, ways: 20 };
      if (scale > 1) config.cache.l2 = { bytes: 32 * 1024, ways: 8 };
    },
  });
  mapArea(machine, AREA, pages / 512 ** size, size, data);
  const prng = new Prng(SEED);
  const hot = Math.floor(pages / 5);
  const next = (): number => AREA + prng.below(prng.below(10) < 8 ? hot : pages);
  accessPages(machine, WARM_UP, next);
  return during(machine, () => accessPages(machine, SAMPLE, next));
}

const SETTINGS: readonly Setting[] = [
  { guest: '2m', scale: 1, data: 0x4000 },
  { guest: '4k', scale: 16, data: 0x8000 },
];

export function bigMemoryCells(): Cell[] {
  return SETTINGS.flatMap((setting) => {
    const { guest, scale } = setting;
    const native = walkCycles(bigMemoryRun('native', setting)) / SAMPLE;
    const hap = walkCycles(bigMemoryRun('hap', setting)) / SAMPLE;
    const added = SHARE * (1 - native / hap);
    const subject: Subject = {
      scenario: 'big_memory',
      params: { guest, host: '2m', scale: `1/${scale}` },
      mode: 'hap/native',
      quantity: '',
      source: 'Merrifield and Taheri, VEE 2016',
      remark: `${native.toFixed(1)} and ${hap.toFixed(1)} walk cycles per access, guest pages of ${guest}`,
    };
    return [
      holds({ ...subject, quantity: 'walks cost less than 3 times native, not 6' }, hap / native < 3),
      shape({ ...subject, quantity: 'run time added, %' }, 4.2, (100 * added) / (1 - added), 0.25),
    ];
  });
}
