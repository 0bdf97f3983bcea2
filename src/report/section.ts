/** A titled block of rows: what the table and Markdown reporters share. Numbers are already text. */
import type { Align } from './grid.js';

export interface SectionRow {
  /** 1 for rows of the section, 2 and more for parts of the row above. 0 is a heading. */
  readonly depth: number;
  readonly label: string;
  readonly cells: readonly string[];
}

export interface Section {
  readonly title: string;
  /** Headings of the columns after the label. */
  readonly heads: readonly string[];
  /** Alignment of the columns after the label. */
  readonly aligns: readonly Align[];
  readonly rows: readonly SectionRow[];
}

/** A section whose columns are all numbers. */
export function section(title: string, heads: readonly string[], rows: readonly SectionRow[]): Section {
  return { title, heads, aligns: heads.map(() => 'right'), rows };
}

export function row(depth: number, label: string, ...cells: readonly string[]): SectionRow {
  return { depth, label, cells };
}
