/**
 * Explanation: why measured cells differ from the model, where that is known. Cells that it covers are shown
 * when they differ and do not count against the model.
 */
import type { Cell } from './cell.js';

interface Explanation {
  readonly covers: (cell: Cell) => boolean;
  readonly reason: string;
}

/** dom0's pool, which also holds one L1 shadow for each page of the experiment. */
const POOL_PAGES = 2304;

const EXPLANATIONS: readonly Explanation[] = [
  {
    covers: (cell) =>
      cell.suite === 'xen' &&
      cell.scenario === 'shadow_pool' &&
      Number(cell.params['n']) > POOL_PAGES / 2 &&
      (cell.quantity.startsWith('counters.') || cell.quantity === 'shadowPages'),
    reason:
      'the pool of shadow pages runs dry. Every exit is equal; how many pages Xen frees and looks for on the way depends ' +
      'on what it holds in the pool for other ends (p2m, snapshots, monitor tables) and on roots of earlier experiments ' +
      'that are still pinned, of which only the sum was measured: 404 of 2,304 in use. Xen counted one fault more than ' +
      'the machine saw in the region: its counters were read after the end mark',
  },
  {
    covers: (cell) =>
      cell.suite === 'published' &&
      cell.scenario === 'big_memory' &&
      cell.params['guest'] === '2m' &&
      cell.quantity === 'run time added, %',
    reason:
      'not met: with 2M pages in both dimensions guest and host leaves are arrays of one size, so the host dimension ' +
      'costs at least what the guest dimension does and adds 10 % or more of run time where a fifth of it are TLB ' +
      'misses. 4.2 % is what guest pages of 4K on host pages of 2M give (the row beside this one); which pages the ' +
      'measured guest had is not in the abstract, and its trace is not public',
  },
];

/** The reason why `cell` may differ, or null. */
export function explanationOf(cell: Cell): string | null {
  return EXPLANATIONS.find(({ covers }) => covers(cell))?.reason ?? null;
}
