/** The slices of a run (--interval) as a table: how translation and exits change over the trace. */
import { grouped, percent } from './numbers.js';
import type { RunResult } from './result.js';
import { labelledSection } from './row-labels.js';
import { row, type Section } from './section.js';

const COLUMNS = [
  ['page accesses', 'accesses'],
  ['TLB misses', 'tlb.stlb.miss'],
  ['walk refs', 'walk.refs'],
  ['VMEXITs', 'vmexit.total'],
  ['guest faults', 'guest.faults'],
] as const;

export function intervalSection(run: RunResult): Section {
  const rows = run.intervals.map((interval) => {
    const n = (key: string): number => interval.counters[key] ?? 0;
    const counts = COLUMNS.map(([, key]) => grouped(n(key)));
    const missShare = percent(n('tlb.stlb.miss'), n('accesses'));
    return row(1, grouped(interval.from), grouped(interval.accesses), ...counts, missShare);
  });
  return labelledSection('Intervals from', ['records', ...COLUMNS.map(([head]) => head), 'miss share'], rows);
}
