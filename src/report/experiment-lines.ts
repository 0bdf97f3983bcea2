/** The table of an experiment as lines: columns in groups with a head over each, a bar at the end, the verdict. */
import { type Align, gridLines } from './grid.js';
import { grouped } from './numbers.js';
import type { ReporterOptions } from './output.js';
import type { ExperimentColumn, ExperimentReport } from './result.js';
import { section, type Section } from './section.js';

const BAR_WIDTH = 20;
const GAP = 2;

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
  const { heads, groups } = headLines(axis, columns, cells);
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

/** Heads wide enough for the names of their groups, and the line of these names, each ending where its group does. */
function headLines(
  axis: string,
  columns: readonly ExperimentColumn[],
  cells: readonly (readonly string[])[],
) {
  const widthOf = (head: string, at: number): number =>
    cells.reduce((widest, row) => Math.max(widest, row[at]?.length ?? 0), head.length);
  const heads = [axis, ...columns.map(({ head }) => head)];
  let groups = ' '.repeat(widthOf(axis, 0));
  for (let from = 0; from < columns.length;) {
    const { group } = columns[from]!;
    let to = from;
    while (columns[to]?.group === group) to += 1;
    const widths = columns.slice(from, to).map((column, i) => widthOf(column.head, from + i + 1));
    const span = widths.reduce((sum, width) => sum + width + GAP, -GAP);
    const missing = Math.max(0, group.length - span);
    heads[from + 1] = heads[from + 1]!.padStart(widths[0]! + missing);
    groups += ' '.repeat(GAP) + group.padStart(span + missing);
    from = to;
  }
  return { heads, groups };
}
