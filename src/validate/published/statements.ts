/**
 * Statements of publications that one small run decides: accesses that do not exit, splintering, what each
 * nested-walk cache is worth.
 */
import type { MachineConfig } from '../../config/schema.js';
import type { CounterValues } from '../../counters.js';
import { Prng } from '../../util/prng.js';
import type { Cell } from '../cell.js';
import { accessPages, AREA, during, lru, machineOf, mapArea, ramFor } from './machines.js';
import { exact, holds, type Subject } from './rows.js';
import { walkCycles } from './weights.js';

const SEED = 3;
const DATA = 0x8000;

const PLAIN_ACCESSES = 1_000_000;
const PLAIN_PAGES = 2 ** 14;

/** Random accesses under HAP with the p2m in place. */
export function plainAccessRun(accesses: number): CounterValues {
  const machine = machineOf('hap', {
    preset: 'skylake',
    change: (config) => {
      config.guest.ram = ramFor(DATA, PLAIN_PAGES);
    },
  });
  mapArea(machine, AREA, PLAIN_PAGES, 0, DATA);
  const prng = new Prng(SEED);
  return during(machine, () => accessPages(machine, accesses, () => AREA + prng.below(PLAIN_PAGES)));
}

export function plainAccessCells(): Cell[] {
  const counters = plainAccessRun(PLAIN_ACCESSES);
  const subject: Subject = {
    scenario: 'plain_accesses',
    params: { accesses: counters['accesses']!, pages: PLAIN_PAGES },
    quantity: 'exits',
    source: 'Intel SDM vol. 3C: nothing but an EPT violation exits on an access',
    remark: 'exits per operation are held against measurements in the suites xen and kvm',
  };
  return [exact(subject, 0, counters['vmexit.total']!)];
}

const SPLINTER_PAGES = 2 ** 15;
const SPLINTER_ACCESSES = 50_000;

/** Random accesses to 128 MiB with the leaf sizes given. */
export function splinteringRun(guest: '4k' | '2m', host: '4k' | '2m'): CounterValues {
  const machine = machineOf('hap', {
    preset: 'skylake',
    change: (config) => {
      config.guest.ram = ramFor(DATA, SPLINTER_PAGES);
      config.host.pageSize = host;
    },
  });
  const size = guest === '4k' ? 0 : 1;
  mapArea(machine, AREA, SPLINTER_PAGES / 512 ** size, size, DATA);
  const prng = new Prng(SEED);
  const next = (): number => AREA + prng.below(SPLINTER_PAGES);
  accessPages(machine, SPLINTER_ACCESSES, next);
  return during(machine, () => accessPages(machine, SPLINTER_ACCESSES, next));
}

export function splinteringCells(): Cell[] {
  const subject: Subject = { scenario: 'splintering', quantity: '', source: 'GLUE, Pham et al., MICRO 2015' };
  const small = splinteringRun('4k', '4k');
  const splintered = splinteringRun('2m', '4k');
  const large = splinteringRun('2m', '2m');
  const params = { guest: '2m', host: '4k' };
  return [
    exact({ ...subject, params, quantity: 'TLB entries of 2M' }, 0, splintered['tlb.fill.2m']!),
    holds(
      {
        ...subject,
        params,
        quantity: 'walks within 1 % of those with 4K pages throughout',
        remark: `${splintered['walk.count']} walks against ${small['walk.count']}`,
      },
      Math.abs(splintered['walk.count']! / small['walk.count']! - 1) <= 0.01,
    ),
    holds(
      {
        ...subject,
        params: { guest: '2m', host: '2m' },
        quantity: 'unsplintered pages walk less than a tenth as often',
        remark: `${large['walk.count']} walks against ${splintered['walk.count']}`,
      },
      large['walk.count']! * 10 < splintered['walk.count']!,
    ),
  ];
}

const SERVER_PAGES = 2 ** 16;
const SERVER_ACCESSES = 40_000;

/** Three in four accesses go to a sixteenth of the pages: some locality, as server programs have. */
function skewed(prng: Prng): number {
  return AREA + (prng.below(4) > 0 ? prng.below(SERVER_PAGES / 16) : prng.below(SERVER_PAGES));
}

function serverWalkCycles(change: (config: MachineConfig) => void): number {
  const machine = machineOf('hap', {
    preset: 'zen2',
    change: (config) => {
      config.guest.ram = ramFor(DATA, SERVER_PAGES);
      config.npwc = { l5: lru(0), l4: lru(0), l3: lru(0), l2: lru(0) };
      config.ntlb = lru(0);
      change(config);
    },
  });
  mapArea(machine, AREA, SERVER_PAGES, 0, DATA);
  const prng = new Prng(SEED);
  accessPages(machine, SERVER_ACCESSES, () => skewed(prng));
  return (
    walkCycles(during(machine, () => accessPages(machine, SERVER_ACCESSES, () => skewed(prng)))) /
    SERVER_ACCESSES
  );
}

/** Walk cycles per access: one-dimensional walk cache, and one improvement added after the other. */
function nestedCacheSteps(): readonly { readonly name: string; readonly cycles: number }[] {
  const nestedEntries = (config: MachineConfig): void => {
    config.npwc = { l5: lru(0), l4: lru(16), l3: lru(16), l2: lru(32, 4) };
  };
  const nestedTlb = (config: MachineConfig): void => {
    nestedEntries(config);
    config.ntlb = lru(16);
  };
  const steps: readonly [string, (config: MachineConfig) => void][] = [
    ['one-dimensional walk cache', () => {}],
    ['nested entries in the walk cache', nestedEntries],
    ['nested TLB', nestedTlb],
    [
      'large nested pages',
      (config): void => {
        nestedTlb(config);
        config.host.pageSize = '2m';
      },
    ],
  ];
  return steps.map(([name, change]) => ({ name, cycles: serverWalkCycles(change) }));
}

export function nestedCacheCells(): Cell[] {
  const subject: Subject = {
    scenario: 'nested_caches',
    params: { pages: SERVER_PAGES },
    quantity: '',
    source: 'Bhargava et al., ASPLOS 2008: +15-38 %, +3-7 %, +3-22 % of run time',
  };
  const steps = nestedCacheSteps();
  const text = steps.map(({ name, cycles }) => `${name} ${cycles.toFixed(1)}`).join(', ');
  const remark = `walk cycles per access: ${text}`;
  const gains = steps.slice(1).map(({ name, cycles }, i) => ({ name, gain: steps[i]!.cycles - cycles }));
  const [nested, tlb, large] = gains.map(({ gain }) => gain);
  return [
    ...gains.map(({ name, gain }) => holds({ ...subject, quantity: `${name}: a gain`, remark }, gain > 0)),
    holds(
      { ...subject, quantity: 'nested entries in the walk cache gain most', remark },
      nested! > tlb! && nested! > large!,
    ),
  ];
}
