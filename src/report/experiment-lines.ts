/** The table of an experiment as lines: columns in groups with a head over each, a bar at the end, the verdict. */
import { type Align, gridLines } from './grid.js';
import { groupedHeads } from './grouped-heads.js';
import { grouped } from './numbers.js';
import type { ReporterOptions } from './output.js';
import type { ExperimentColumn, ExperimentReport } from './result.js';
import { section, type Section } from './section.js';

const BAR_WIDTH = 20;

/** A number as its column shows it. */
export function experimentCell(value: number | null, { unit }: Pick<ExperimentColumn, 'unit'>): string {
  if (value === null) return '-';
  if (unit === 'count') return grouped(Math.round(value));
  const [whole = '', decimals = ''] = value.toFixed(2).split('.');
  return `${grouped(Number(whole))}.${decimals}${unit === 'ratio' ? 'x' : ''}`;
}

/** The same as a section, for Markdown: each head says its group. */
export function experimentSection({ axis, columns, rows }: ExperimentReport): Section {
  const heads = columns.map(({ group, head }) => `${group}, ${head}`);
  const cells = rows.map(({ label, values }) => ({
    depth: 0,
    label,
    cells: values.map((value, i) => experimentCell(value, columns[i]!)),
  }));
  return section(axis, heads, cells);
}

export function experimentLines(report: ExperimentReport, options: ReporterOptions): string[] {
  const { axis, columns, rows } = report;
  const cells = rows.map(({ label, values }) => [
    label,
    ...values.map((value, i) => experimentCell(value, columns[i]!)),
    bar(report, values[report.bars] ?? 0),
  ]);
  const { heads, groups } = groupedHeads([axis], columns, cells);
  const aligns: Align[] = ['left', ...columns.map(() => 'right' as const), 'left'];
  const [first = '', ...lines] = gridLines([[...heads, barHead(report)], ...cells], aligns);
  return [options.color('bold', groups), options.color('bold', first), ...lines];
}

function barHead({ columns, bars }: ExperimentReport): string {
  const drawn = columns[bars];
  return drawn === undefined ? '' : `${drawn.head} ${drawn.group}`;
}

/** The largest value is a whole bar; what is not nothing is at least one mark. */
function bar({ rows, bars }: ExperimentReport, value: number): string {
  const most = rows.reduce((largest, { values }) => Math.max(largest, values[bars] ?? 0), 0);
  return most === 0 ? '' : '#'.repeat(Math.ceil((value / most) * BAR_WIDTH));
}
