/**
 * The estimated cost of one run by term. Terms that rest on nothing published carry an asterisk;
 * terms that did not occur are left out.
 */
import { isAssumption } from '../cost/table.js';
import type { CostTerm } from '../cost/types.js';
import { grouped, per, percent } from './numbers.js';
import type { RunResult } from './result.js';
import { row, section, type Section } from './section.js';

export function costSection(run: RunResult): Section {
  const { terms, cycles, low, high } = run.cost;
  const accesses = run.manifest.trace.accesses;
  const rows = terms
    .filter((term) => term.count > 0)
    .map((term) =>
      row(
        1,
        `${term.what}${isAssumption(term.source) ? ' *' : ''}`,
        grouped(term.count),
        grouped(term.cyclesEach),
        grouped(term.cycles),
        per(term.cycles, accesses),
        percent(term.cycles, cycles),
      ),
    );
  const total = row(1, 'total', '', '', grouped(cycles), per(cycles, accesses), percent(cycles, cycles));
  // One number would be read as a prediction: what nobody has published may be half or twice as much.
  const range =
    low === high
      ? []
      : [
          row(2, 'assumed figures halved', '', '', grouped(low), per(low, accesses), percent(low, cycles)),
          row(
            2,
            'assumed figures doubled',
            '',
            '',
            grouped(high),
            per(high, accesses),
            percent(high, cycles),
          ),
        ];
  return section(
    'Estimated cost',
    ['count', 'each', 'cycles', '/access', 'share'],
    [...rows, total, ...range],
  );
}

/** What to know about the figures of a cost table, in sentences; `mark` is the mark of an assumption. */
export function costNotes(terms: readonly CostTerm[], mark: string): string[] {
  const assumed = terms.filter((term) => isAssumption(term.source)).length;
  const share = `${assumed} of the ${terms.length} figures of the cost table`;
  const note =
    mark === '' ? `${share} are assumptions` : `${mark} assumption: nothing was published for ${share}`;
  return [
    'cost is a model, not a measurement: counts times cycles, nothing overlaps (p2msim explain cost)',
    ...(assumed > 0 ? [note] : []),
  ];
}
