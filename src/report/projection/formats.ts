/** What a projection is written as: one entry each. */
import { Registry } from '../../util/registry.js';
import type { MeanInterval } from '../../util/student-t.js';
import { csvText } from '../csv-text.js';
import { type Align, gridLines, visibleWidth, wrap } from '../grid.js';
import { type GroupedHead, groupedHeads } from '../grouped-heads.js';
import { escaped, markdownTable } from '../markdown-table.js';
import { grouped } from '../numbers.js';
import { failedNote } from '../saved/failed-points.js';
import type { Section } from '../section.js';
import type { Projection, ProjectionTable } from './projection.js';

export interface ProjectionFormat {
  readonly name: string;
  /** One line, for `--help`. */
  readonly summary: string;
  readonly extensions: readonly string[];
  /** True if it has no place for points that failed. */
  readonly failedElsewhere?: boolean;
  /** @param columns width that text for people stays within */
  render(projection: Projection, bold: (text: string) => string, columns: number): string;
}

/** With two decimals and separators. */
function decimal(value: number): string {
  const [whole = '', decimals = ''] = value.toFixed(2).split('.');
  return `${grouped(Number(whole))}.${decimals}`;
}

/** A count, a mean, a ratio; with the half-width of its interval if there is one. */
export function cellText(cell: MeanInterval | null, ratio: boolean): string {
  if (cell === null) return '-';
  const { mean, halfWidth } = cell;
  const whole = !ratio && Number.isInteger(mean) && (halfWidth ?? 0) === 0;
  const number = `${whole ? grouped(mean) : decimal(mean)}${ratio ? 'x' : ''}`;
  if (halfWidth === null) return number;
  return `${number} \u00b1${halfWidth === 0 ? '0' : decimal(halfWidth)}`;
}

/** With one metric it stands over all columns, with several over each what it is a metric of. */
function headsOf({ metrics, columnDimensions }: Projection, { columns }: ProjectionTable): GroupedHead[] {
  return columns.map(({ values, metric }) => {
    if (columnDimensions.length === 0) return { group: '', head: metric };
    const label = values.join(' ');
    return metrics.length === 1 ? { group: metric, head: label } : { group: label, head: metric };
  });
}

function titleOf({ values }: ProjectionTable): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join('  ');
}

/** What is not there, or not whole; before the numbers. */
export function projectionCautions({ incomplete, failed }: Projection): string[] {
  return [
    ...incomplete.map(({ place, reason }) => `INCOMPLETE: ${place}: ${reason}`),
    ...failed.map(failedNote),
  ];
}

/** What the numbers are, and over how many seeds. */
function notesOf({ tables, normalize, confidence }: Projection): string[] {
  const cells = tables.flatMap(({ rows }) => rows.flatMap((row) => row.cells));
  const seeds = cells.flatMap((cell) => (cell === null || cell.halfWidth === null ? [] : [cell.n]));
  const [least, most] = [Math.min(...seeds), Math.max(...seeds)];
  const of = least === most ? String(least) : `${least} to ${most}`;
  return [
    ...(normalize === null
      ? []
      : [`x: divided by ${normalize.dimension}=${normalize.value} of the same row, run by run`]),
    ...(seeds.length === 0
      ? []
      : [
          `mean \u00b1 half the width of its ${Math.round(confidence * 100)}% confidence interval (Student's t) over ${of} seeds`,
        ]),
    ...(cells.includes(null) ? ['-: no run, or nothing to divide by'] : []),
  ];
}

function textLines(projection: Projection, table: ProjectionTable, bold: (text: string) => string): string[] {
  const { rowDimensions, normalize } = projection;
  const rows = table.rows.map(({ values, cells }) => [
    ...values,
    ...cells.map((cell) => cellText(cell, normalize !== null)),
  ]);
  const { heads, groups } = groupedHeads(rowDimensions, headsOf(projection, table), rows);
  const aligns: Align[] = [
    ...rowDimensions.map(() => 'left' as const),
    ...table.columns.map(() => 'right' as const),
  ];
  const [head = '', ...lines] = gridLines([heads, ...rows], aligns);
  const title = titleOf(table);
  return [
    ...(title === '' ? [] : [bold(title)]),
    ...(groups.trim() === '' ? [] : [bold(groups)]),
    bold(head),
    ...lines,
  ];
}

/** What rows are called where their own names would take too much of the width. */
const NUMBER = 'row';

/** A table as one block, or as several that are each at most `columns` wide, as far as that can be. */
function fittedBlocks(
  projection: Projection,
  table: ProjectionTable,
  bold: (text: string) => string,
  columns: number,
): string[][] {
  const lines = textLines(projection, table, bold);
  if (widthOf(lines) <= columns) return [lines];
  const names = textLines(projection, part(table, 0, 0), bold);
  if (projection.rowDimensions.length === 0 || widthOf(names) <= columns / 2)
    return halves(projection, table, bold, columns);
  const numbers = table.rows.map((row, at) => ({ ...row, values: [String(at + 1)] }));
  const named = table.rows.map((row, at) => ({ values: [String(at + 1), ...row.values], cells: [] }));
  const withNumbers = { ...projection, rowDimensions: [NUMBER, ...projection.rowDimensions] };
  return [
    textLines(withNumbers, { ...table, columns: [], rows: named }, bold),
    ...halves({ ...projection, rowDimensions: [NUMBER] }, { ...table, rows: numbers }, bold, columns),
  ];
}

/** Halves of the columns, and halves of those, each behind the names of the rows. */
function halves(
  projection: Projection,
  table: ProjectionTable,
  bold: (text: string) => string,
  columns: number,
): string[][] {
  const lines = textLines(projection, table, bold);
  const count = table.columns.length;
  if (count < 2 || widthOf(lines) <= columns) return [lines];
  const half = Math.ceil(count / 2);
  return [part(table, 0, half), part(table, half, count)].flatMap((each) =>
    halves(projection, each, bold, columns),
  );
}

function part(table: ProjectionTable, from: number, to: number): ProjectionTable {
  return {
    ...table,
    columns: table.columns.slice(from, to),
    rows: table.rows.map((row) => ({ ...row, cells: row.cells.slice(from, to) })),
  };
}

function widthOf(lines: readonly string[]): number {
  return lines.reduce((widest, line) => Math.max(widest, visibleWidth(line)), 0);
}

const text: ProjectionFormat = {
  name: 'table',
  summary: 'aligned columns for people (default)',
  extensions: ['.txt'],
  render(projection, bold, columns) {
    const blocks = projection.tables
      .flatMap((table) => fittedBlocks(projection, table, bold, columns))
      .map((lines) => lines.join('\n'));
    const wrapped = (notes: readonly string[]): string =>
      notes.flatMap((note) => wrap(note, columns)).join('\n');
    const all = [wrapped(projectionCautions(projection)), ...blocks, wrapped(notesOf(projection))];
    return `${all.filter((block) => block !== '').join('\n\n')}\n`;
  },
};

function section(projection: Projection, table: ProjectionTable): Section {
  const { rowDimensions, normalize } = projection;
  const [first = '', ...others] = rowDimensions;
  const heads = headsOf(projection, table).map(({ group, head }) =>
    group === '' ? head : `${group}, ${head}`,
  );
  return {
    title: first,
    heads: [...others, ...heads],
    aligns: [...others.map(() => 'left' as const), ...heads.map(() => 'right' as const)],
    rows: table.rows.map(({ values: [label = '', ...more], cells }) => ({
      depth: 0,
      label,
      cells: [...more, ...cells.map((cell) => cellText(cell, normalize !== null))],
    })),
  };
}

const markdown: ProjectionFormat = {
  name: 'markdown',
  summary: 'tables in GitHub-flavoured Markdown',
  extensions: ['.md'],
  render(projection) {
    const blocks = projection.tables.flatMap((table) => {
      const title = titleOf(table);
      return [...(title === '' ? [] : [`**${title}**`]), markdownTable(section(projection, table))];
    });
    const cautions = projectionCautions(projection).map((note) => `> **${escaped(note)}**`);
    return `${[...cautions, ...blocks, ...notesOf(projection)].join('\n\n')}\n`;
  },
};

const NUMBER_COLUMNS = ['n', 'mean', 'half_width', 'incomplete'];

/** One number a line: what it is of, the metric, how many seeds, mean and half-width, and why it is not whole. */
const csv: ProjectionFormat = {
  name: 'csv',
  summary: 'one line per number: dimensions, metric, n, mean, half-width, why it is incomplete',
  failedElsewhere: true,
  extensions: ['.csv'],
  render({ tables, rowDimensions, columnDimensions }) {
    const others = Object.keys(tables[0]?.values ?? {});
    const head = [...others, ...rowDimensions, ...columnDimensions, 'metric', ...NUMBER_COLUMNS];
    const lines = tables.flatMap(({ values, columns, rows }) =>
      rows.flatMap((row) =>
        row.cells.flatMap((cell, i) => {
          const { values: column = [], metric = '' } = columns[i] ?? {};
          if (cell === null) return [];
          const numbers = [cell.n, cell.mean, cell.halfWidth ?? '', cell.incomplete ?? ''].map(String);
          return [
            [...others.map((name) => values[name] ?? ''), ...row.values, ...column, metric, ...numbers],
          ];
        }),
      ),
    );
    return csvText([head, ...lines]);
  },
};

const json: ProjectionFormat = {
  name: 'json',
  summary: 'one JSON value, p2msim.table/1',
  extensions: ['.json'],
  render: (projection) => `${JSON.stringify(projection, null, 2)}\n`,
};

export const PROJECTION_FORMATS = new Registry<ProjectionFormat>('table format', [text, csv, markdown, json]);
