/** A diff for people: sides, what else differs, one table per combination, and how much is unchanged. */
import { gridLines, wrap } from '../grid.js';
import type { DiffReporterOptions } from '../output.js';
import { sectionLines } from '../section-lines.js';
import { fittedSections } from '../wide-section.js';
import type { DiffResult } from './diff-result.js';
import { cautions, inputLines, sideLines, unchangedLine } from './diff-notes.js';
import { diffSection } from './diff-section.js';
import { type DiffTable, showsNothing, tablesOf } from './diff-view.js';

export function diffText(diff: DiffResult, options: DiffReporterOptions): string {
  if (showsNothing(diff, options)) return '';
  const notes = cautions(diff).flatMap((note) => wrap(note, options.columns));
  const tables = tablesOf(diff, options);
  const blocks = [
    sideLines(diff),
    ...inputLines(diff).map(({ title, keys }) => [
      options.color('yellow', title),
      ...gridLines(
        keys.map((each) => [`  ${each.key}`, `${each.base} -> ${each.head}`]),
        ['left', 'left'],
      ),
    ]),
    notes.map((line) => options.color('yellow', line)),
    ...tables.map((table) => [...heading(table, options), ...tableLines(diff, table, options)]),
    unchangedLine(diff, options),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function heading({ title }: DiffTable, options: DiffReporterOptions): string[] {
  if (title.length === 0) return [];
  return [options.color('bold', title.map(([name, value]) => `${name} ${value}`).join('  '))];
}

function tableLines(diff: DiffResult, table: DiffTable, options: DiffReporterOptions): string[] {
  const whole = diffSection(table, diff.sides, options.rows);
  const parts = fittedSections(whole, options.rows.length - 1, options.columns);
  return parts.flatMap((part, i) => [...(i === 0 ? [] : ['']), ...sectionLines([part], options)]);
}
