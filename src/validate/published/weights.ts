/**
 * Cycle weights that turn counters into the quantities of publications: walk cycles, exit cycles.
 *
 * Reads cost what the simulator behind the published walks charges (xlab-uiuc/dmt, Formula.cs): 1, 4, 14, 54,
 * 200. Prices of exits and of the guest's fault handler are those of the default cost table, which says on what
 * they rest; a test holds the two equal. No number here was fitted.
 */
import type { CounterValues } from '../../counters.js';

export const READ_CYCLES = { pwc: 1, l1: 4, l2: 14, llc: 54, mem: 200 } as const;

/** One exit: the transition (assumed, between two published round trips) and the mean handler (assumed). */
export const EXIT_CYCLES = { transition: 1200, handler: 2000 } as const;

const HITS = ['l5', 'l4', 'l3', 'l2'].flatMap((level) => [
  `pwc.guest.${level}.hit`,
  `pwc.nested.${level}.hit`,
]);

function sum(counters: CounterValues, keys: readonly string[]): number {
  return keys.reduce((total, key) => total + (counters[key] ?? 0), 0);
}

/** Cycles of the page walks of one origin: `''` is the trace, `kernel.` the guest's kernel. */
export function walkCycles(counters: CounterValues, origin: '' | 'kernel.' = ''): number {
  const of = (key: string): number => counters[origin + key] ?? 0;
  return (
    of('pte.l1') * READ_CYCLES.l1 +
    of('pte.l2') * READ_CYCLES.l2 +
    of('pte.llc') * READ_CYCLES.llc +
    of('pte.mem') * READ_CYCLES.mem +
    sum(
      counters,
      HITS.map((key) => origin + key),
    ) *
      READ_CYCLES.pwc +
    of('ntlb.hit') * READ_CYCLES.pwc
  );
}

export function exitCycles(counters: CounterValues): number {
  return (counters['vmexit.total'] ?? 0) * (EXIT_CYCLES.transition + EXIT_CYCLES.handler);
}

/** Walks of program and kernel, and exits. */
export function translationCycles(counters: CounterValues): number {
  return walkCycles(counters) + walkCycles(counters, 'kernel.') + exitCycles(counters);
}
