/**
 * Explanation: why measured cells differ from the model, where that is known, and by how much they may. Cells that it
 * covers are shown when they differ and do not count against the model; beyond its bound they count.
 */
import { type Cell, distance } from './cell.js';

interface Explanation {
  readonly covers: (cell: Cell) => boolean;
  /** Largest difference that it accounts for, in the unit of the cells: a little more than is seen. */
  readonly most: number;
  readonly reason: string;
}

/** dom0's pool, and how much of it was in use before the first experiment: measured. */
const POOL_PAGES = 2304;
const IN_USE = 404;

const EXPLANATIONS: readonly Explanation[] = [
  {
    // Each page of this scenario takes an L1 shadow.
    covers: (cell) =>
      cell.suite === 'xen' &&
      cell.scenario === 'shadow_pool' &&
      Number(cell.params['n']) + IN_USE > POOL_PAGES &&
      (cell.quantity.startsWith('counters.') || cell.quantity === 'shadowPages'),
    most: 20,
    reason:
      'the pool of shadow pages runs dry. Every exit is equal, with one fitted number: 2,299 of the 2,304 pages can hold ' +
      'shadows. How many pages Xen frees and looks for on the way depends on what else is in the pool, of which only the ' +
      'sum was measured (404 of 2,304 in use): it recycled two roots more, which the boot before the first experiment ' +
      'had left pinned. Xen counted one fault more than the machine saw in the region: its counters were read after ' +
      'the end mark',
  },
  {
    covers: (cell) =>
      cell.suite === 'published' &&
      cell.scenario === 'big_memory' &&
      cell.params['guest'] === '2m' &&
      cell.quantity === 'run time added, %',
    most: 10,
    reason:
      'not met: with 2M pages in both dimensions guest and host leaves are arrays of one size, so the host dimension ' +
      'costs at least what the guest dimension does and adds 10 % or more of run time where a fifth of it are TLB ' +
      'misses. 4.2 % is what guest pages of 4K on host pages of 2M give (the row beside this one); which pages the ' +
      'measured guest had is not in the abstract, and its trace is not public',
  },
  {
    covers: (cell) =>
      cell.suite === 'published' &&
      cell.scenario === 'vmitosis_gups' &&
      cell.phase === 'init' &&
      cell.params['page'] === '4k' &&
      cell.params['hostMemory'] === 'absent',
    most: 1.8,
    reason:
      'not met: if the host has to find each page too, HAP takes a nested fault per page, which costs as much as any ' +
      'exit here, while shadow paging finds it in the faults that it takes anyway; the ratio halves. 3.2 is what ' +
      'host memory in place gives (the row beside this one); whether it was is not in the logs',
  },
];

/** The reason why `cell` may differ as much as it does, or null. */
export function explanationOf(cell: Cell): string | null {
  const found = EXPLANATIONS.find(({ covers }) => covers(cell));
  return found === undefined || distance(cell) > found.most ? null : found.reason;
}

/** What was run. */
interface RunName {
  readonly suite: string;
  readonly scenario: string;
  readonly mode: string;
}

/**
 * What is missing when a scenario runs by itself that it had when it was measured, so that its numbers may differ
 * from the measured ones; null: nothing.
 */
export function missingHistory({ suite, scenario, mode }: RunName): string | null {
  if (suite !== 'xen' || scenario !== 'shadow_pool' || mode === 'hap') return null;
  return (
    'by itself this finds in the pool what the boot left there. Measured, it came after some 320 other experiments, ' +
    'which had recycled part of that. Once the pool runs dry, what is recycled and a few exits differ'
  );
}
