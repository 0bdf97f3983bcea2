/** The table of an experiment as lines: columns in groups with a head over each, a bar at the end, the verdict. */
import { type Align, gridLines, visibleWidth } from './grid.js';
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

/** In as many tables as it takes to stay within the width; the bars are beside the last, or below it. */
export function experimentLines(report: ExperimentReport, options: ReporterOptions): string[] {
  const all = { from: 0, to: report.columns.length };
  const whole = partLines(report, { ...all, bars: true }, options);
  if (fits(whole, options)) return whole;
  const parts = cut(report, all, options).map((part) => ({ ...part, bars: false }));
  const last = parts.pop() ?? { ...all, bars: false };
  const end = { ...last, bars: true };
  const tables = fits(partLines(report, end, options), options)
    ? [...parts, end]
    : [...parts, last, { from: 0, to: 0, bars: true }];
  return tables.flatMap((part, i) => [...(i === 0 ? [] : ['']), ...partLines(report, part, options)]);
}

/** Columns of the report from `from` up to and without `to`. */
interface Columns {
  readonly from: number;
  readonly to: number;
}

interface Part extends Columns {
  readonly bars: boolean;
}

/** Parts that fit: cut where a group ends, as near to the middle as can be; one group alone is cut in the middle. */
function cut(report: ExperimentReport, { from, to }: Columns, options: ReporterOptions): Columns[] {
  if (to - from < 2 || fits(partLines(report, { from, to, bars: false }, options), options))
    return [{ from, to }];
  const middle = (from + to) / 2;
  const { columns } = report;
  const borders = columns.flatMap(({ group }, at) =>
    at > from && at < to && group !== columns[at - 1]?.group ? [at] : [],
  );
  const at = borders.reduce(
    (best, border) => (Math.abs(border - middle) < Math.abs(best - middle) ? border : best),
    borders[0] ?? Math.ceil(middle),
  );
  return [...cut(report, { from, to: at }, options), ...cut(report, { from: at, to }, options)];
}

const fits = (lines: readonly string[], { columns }: ReporterOptions): boolean =>
  lines.every((line) => visibleWidth(line) <= columns);

function partLines(report: ExperimentReport, { from, to, bars }: Part, options: ReporterOptions): string[] {
  const { axis, rows } = report;
  const columns = report.columns.slice(from, to);
  const cells = rows.map(({ label, values }) => [
    label,
    ...values.slice(from, to).map((value, i) => experimentCell(value, columns[i]!)),
    ...(bars ? [bar(report, values[report.bars] ?? 0)] : []),
  ]);
  const { heads, groups } = groupedHeads([axis], columns, cells);
  const aligns: Align[] = [
    'left',
    ...columns.map(() => 'right' as const),
    ...(bars ? ['left' as const] : []),
  ];
  const [first = '', ...lines] = gridLines(
    [[...heads, ...(bars ? [barHead(report)] : [])], ...cells],
    aligns,
  );
  const above = groups.trim() === '' ? [] : [options.color('bold', groups)];
  return [...above, options.color('bold', first), ...lines];
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
