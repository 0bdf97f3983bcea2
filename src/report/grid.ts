/**
 * Lines of aligned columns without borders, and text wrapped to a width.
 *
 * cli-table3 aligns, with its own colours switched off, because it writes them into pipes too. Where all text is
 * ASCII, whose widths need no tables, as in every report of names and numbers, the same lines are made here:
 * cli-table3 takes 40 ms of CPU for one report, two thirds of what a process takes that does nothing
 * (docs/performance.md, "Start-up"). Cells may carry colour codes: widths are those of the visible text.
 */
import { createRequire } from 'node:module';
import { stripVTControlCharacters } from 'node:util';

const require = createRequire(import.meta.url);

export type Align = 'left' | 'right';

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Visible text that takes a column per character. */
const PLAIN = /^[ -~]*$/;

/** Rows as lines, columns two spaces apart; short rows are filled up. No trailing blanks. */
export function gridLines(rows: readonly (readonly string[])[], aligns: readonly Align[]): string[] {
  const plain = rows.every((row) => row.every((cell) => PLAIN.test(stripVTControlCharacters(cell))));
  return plain ? plainGrid(rows, aligns) : tableGrid(rows, aligns);
}

function plainGrid(rows: readonly (readonly string[])[], aligns: readonly Align[]): string[] {
  const widths = aligns.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, visibleWidth(row[column] ?? '')), 0),
  );
  const padded = (cell: string, column: number): string => {
    const blanks = ' '.repeat((widths[column] ?? 0) - visibleWidth(cell));
    return aligns[column] === 'right' ? blanks + cell : cell + blanks;
  };
  return rows.map((row) =>
    aligns
      .map((_, column) => padded(row[column] ?? '', column))
      .join(NO_BORDERS.middle)
      .trimEnd(),
  );
}

/** The same by cli-table3, for text of any kind. */
export function tableGrid(rows: readonly (readonly string[])[], aligns: readonly Align[]): string[] {
  if (rows.length === 0) return [];
  const Table: typeof import('cli-table3') = require('cli-table3');
  const table = new Table({
    chars: NO_BORDERS,
    colAligns: [...aligns],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push(aligns.map((_, column) => row[column] ?? ''));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** Columns that `text` takes on a terminal. */
export function visibleWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Two blocks side by side if both fit into `columns`, otherwise one below the other. */
export function besideOrBelow(left: readonly string[], right: readonly string[], columns: number): string[] {
  const gap = 3;
  const widest = (lines: readonly string[]): number => Math.max(0, ...lines.map(visibleWidth));
  const leftWidth = widest(left);
  if (right.length === 0) return [...left];
  if (leftWidth + gap + widest(right) > columns) return [...left, '', ...right];
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const start = left[i] ?? '';
    return `${start}${' '.repeat(leftWidth + gap - visibleWidth(start))}${right[i] ?? ''}`.trimEnd();
  });
}

/** Plain text broken at blanks into lines of at most `columns`, the first after `lead`. */
export function wrap(text: string, columns: number, lead = ''): string[] {
  const indent = ' '.repeat(lead.length);
  const lines: string[] = [];
  let line = lead;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      [line, empty] = [indent, true];
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
