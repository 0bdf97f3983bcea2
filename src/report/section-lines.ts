/** Sections as lines of text: titles bold, depth as indentation. */
import { type Align, gridLines } from './grid.js';
import type { ReporterOptions } from './output.js';
import type { Section, SectionRow } from './section.js';

/** Sections below each other in one grid, so that their columns line up; empty ones are left out. */
export function sectionLines(sections: readonly Section[], options: ReporterOptions): string[] {
  const shown = sections.filter((s) => s.rows.length > 0);
  const widest = shown.reduce<Section | null>(
    (a, b) => (a !== null && a.aligns.length >= b.aligns.length ? a : b),
    null,
  );
  if (widest === null) return [];
  const bold = (text: string): string => (text === '' ? '' : options.color('bold', text));
  const rows = shown.flatMap((s, i) => [
    ...(i === 0 ? [] : [[]]),
    ...sectionCells(s).map((r, line) => (line === 0 ? r.map(bold) : r)),
  ]);
  return gridLines(rows, sectionAligns(widest));
}

/** Heading and rows of a section as cells. */
export function sectionCells(s: Section): string[][] {
  return [
    [s.title, ...s.heads],
    ...s.rows.map((r: SectionRow) => [`${'  '.repeat(r.depth)}${r.label}`, ...r.cells]),
  ];
}

/** Alignment of all columns, that of the labels first. */
export function sectionAligns(s: Section): Align[] {
  return ['left', ...s.aligns];
}
