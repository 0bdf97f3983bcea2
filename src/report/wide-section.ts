/** A section that is wider than it may be, as several: every row in each, under the columns that say which row it is. */
import { gridLines, visibleWidth, wrap } from './grid.js';
import { row, type Section } from './section.js';
import { sectionAligns, sectionCells } from './section-lines.js';

/** What rows are called where their own columns would take too much of the width. */
const NUMBER = 'row';

/** `whole` in parts of at most `columns`, as far as that can be; its first `leads` heads say with the label which row it is. */
export function fittedSections(whole: Section, leads: number, columns: number): Section[] {
  return parts(whole, leads, columns).map((each) => withShortLabels(each, columns));
}

function parts(whole: Section, leads: number, columns: number): Section[] {
  if (widthOf(whole) <= columns) return [whole];
  const names = part(whole, 0, leads);
  if (leads === 0 || widthOf(names) <= columns / 2) return cut(whole, leads, columns);
  const values = part(whole, leads);
  return [...cut(numbered(names, true), 0, columns), ...cut(numbered(values, false), 0, columns)];
}

/** Labels shorter than this are not broken: their lines would be harder to read than long ones. */
const LEAST_LABEL = 16;

/** One column beside its labels may still be too wide: labels are then broken at blanks, numbers stand in the last line. */
function withShortLabels(whole: Section, columns: number): Section {
  const width = widthOf(whole);
  if (width <= columns) return whole;
  const labels = Math.max(...sectionCells(whole).map(([label = '']) => visibleWidth(label)));
  const room = Math.max(LEAST_LABEL, columns - (width - labels));
  const rows = whole.rows.flatMap((each) => {
    const lines = wrap(each.label, room - 2 * each.depth - 2);
    return lines.map((label, i) =>
      row(each.depth + (i > 0 ? 1 : 0), label, ...(i === lines.length - 1 ? each.cells : [])),
    );
  });
  const narrow = { ...whole, rows };
  // A column of words may be too wide by itself: then broken labels help nobody.
  return widthOf(narrow) <= columns ? narrow : whole;
}

/** Halves, and halves of those, each with the first `leads` columns. */
function cut(whole: Section, leads: number, columns: number): Section[] {
  const values = whole.heads.length - leads;
  if (values < 2 || widthOf(whole) <= columns) return [whole];
  const half = leads + Math.ceil(values / 2);
  const second = join(part(whole, 0, leads), part(whole, half));
  return [...cut(part(whole, 0, half), leads, columns), ...cut(second, leads, columns)];
}

/** Numbers in the place of the labels, which become the first column if they are kept. */
function numbered(whole: Section, kept: boolean): Section {
  const rows = whole.rows.map(({ label, cells }, at) =>
    row(0, String(at + 1), ...(kept ? [label, ...cells] : cells)),
  );
  if (!kept) return { ...whole, title: NUMBER, rows };
  return { title: NUMBER, heads: [whole.title, ...whole.heads], aligns: ['left', ...whole.aligns], rows };
}

function part(whole: Section, from: number, to?: number): Section {
  return {
    ...whole,
    heads: whole.heads.slice(from, to),
    aligns: whole.aligns.slice(from, to),
    rows: whole.rows.map((each) => ({ ...each, cells: each.cells.slice(from, to) })),
  };
}

function join(left: Section, right: Section): Section {
  return {
    ...left,
    heads: [...left.heads, ...right.heads],
    aligns: [...left.aligns, ...right.aligns],
    rows: left.rows.map((each, at) => ({
      ...each,
      cells: [...each.cells, ...(right.rows[at]?.cells ?? [])],
    })),
  };
}

function widthOf(whole: Section): number {
  const lines = gridLines(sectionCells(whole), sectionAligns(whole));
  return lines.reduce((widest, line) => Math.max(widest, visibleWidth(line)), 0);
}
