/**
 * The estimated cost of one run by term. Terms that rest on nothing published carry an asterisk;
 * terms that did not occur are left out.
 */
import { isAssumption } from '../cost/table.js';
import { grouped, per, percent } from './numbers.js';
import type { RunResult } from './result.js';
import { labelled, labelledSection } from './row-labels.js';
import { row, type Section } from './section.js';

export function costSection(run: RunResult): Section {
  const { terms, cycles, low, high } = run.cost;
  const records = run.manifest.trace.accesses;
  const rows = terms
    .filter((term) => term.count > 0)
    .map((term) =>
      row(
        1,
        `${term.what}${isAssumption(term.source) ? ' *' : ''}`,
        grouped(term.count),
        grouped(term.cyclesEach),
        grouped(term.cycles),
        per(term.cycles, records),
        percent(term.cycles, cycles),
      ),
    );
  const total = labelled(1, 'total', '', '', grouped(cycles), per(cycles, records), percent(cycles, cycles));
  // One number would be read as a prediction: what nobody has published may be half or twice as much.
  const range =
    low === high
      ? []
      : [
          labelled(
            2,
            'assumed figures halved',
            '',
            '',
            grouped(low),
            per(low, records),
            percent(low, cycles),
          ),
          labelled(
            2,
            'assumed figures doubled',
            '',
            '',
            grouped(high),
            per(high, records),
            percent(high, cycles),
          ),
        ];
  return labelledSection(
    'Estimated cost',
    ['count', 'each', 'cycles', '/record', 'share'],
    [...rows, total, ...range],
  );
}

/** The guest kernel's accesses have walked, which is priced as if the trace had. */
function priced({ counters }: RunResult): boolean {
  return (counters['kernel.walk.count'] ?? 0) + (counters['kernel.tlb.stlb.hit'] ?? 0) > 0;
}

/** What to know about the figures of a cost table, in sentences; `mark` is the mark of an assumption. */
export function costNotes(runs: readonly RunResult[], mark: string): string[] {
  const terms = runs[0]?.cost.terms ?? [];
  const assumed = terms.filter((term) => isAssumption(term.source)).length;
  const share = `${assumed} of the ${terms.length} figures of the cost table`;
  const note =
    mark === '' ? `${share} are assumptions` : `${mark} assumption: nothing was published for ${share}`;
  return [
    'cost is a model, not a measurement: counts times cycles, nothing overlaps (p2msim explain cost)',
    ...(runs.some(priced)
      ? ["counts and cycles of it include the page walks of the guest kernel's own accesses"]
      : []),
    ...(assumed > 0 ? [note] : []),
  ];
}
