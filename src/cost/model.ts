/**
 * Counters to cycles, term by term: each row of the cost table is a sum of counters times cycles.
 *
 * A model, not a measurement: nothing overlaps, nothing is hidden by out-of-order execution. What
 * each term leaves out is said where the table is (cost/table.ts).
 */
import type { CounterValues } from '../counters.js';
import { isAssumption } from './table.js';
import type { Cost, CostGroup, CostRow, CostTable, CostTerm } from './types.js';

/** The estimated cycles of one run: every row of `costs`, in its order. Integers throughout. */
export function estimateCost(counters: CounterValues, costs: CostTable): Cost {
  const terms = costs.rows.map((row) => costTerm(row, counters));
  const byGroup: Record<CostGroup, number> = { tlb: 0, walk: 0, exit: 0, hypervisor: 0 };
  for (const term of terms) byGroup[term.group] += term.cycles;
  return { cycles: sum(terms, (term) => term.cycles), ...costRange(terms), byGroup, terms };
}

/** The sums with every figure that is an assumption halved, and doubled. */
export function costRange(terms: readonly CostTerm[]): Pick<Cost, 'low' | 'high'> {
  return {
    low: sum(terms, ({ source, cycles }) => (isAssumption(source) ? Math.floor(cycles / 2) : cycles)),
    high: sum(terms, ({ source, cycles }) => (isAssumption(source) ? 2 * cycles : cycles)),
  };
}

function sum(terms: readonly CostTerm[], cycles: (term: CostTerm) => number): number {
  return terms.reduce((all, term) => all + cycles(term), 0);
}

function costTerm(row: CostRow, counters: CounterValues): CostTerm {
  // A counter that a user's backend does not keep has not happened.
  const count = row.counters.reduce((sum, key) => sum + (counters[key] ?? 0), 0);
  const { term, what, cyclesEach, group, source } = row;
  return { term, what, count, cyclesEach, cycles: count * cyclesEach, group, source };
}
