/** A diff as GitHub-flavoured Markdown: what diff-text.ts says, with pipe tables. */
import type { DiffReporterOptions } from '../output.js';
import { escaped, markdownTable } from '../markdown-table.js';
import type { DiffResult } from './diff-result.js';
import { cautions, inputLines, sideLines, unchangedLine } from './diff-notes.js';
import { diffSection } from './diff-section.js';
import { showsNothing, tablesOf } from './diff-view.js';

export function diffMarkdown(diff: DiffResult, options: DiffReporterOptions): string {
  if (showsNothing(diff, options)) return '';
  const list = (lines: readonly string[]): string => lines.map((line) => `- ${escaped(line)}`).join('\n');
  const paragraphs = [
    list(sideLines(diff)),
    ...inputLines(diff).map(({ title, keys }) =>
      [escaped(title), '', list(keys.map(({ key, base, head }) => `${key}: ${base} -> ${head}`))].join('\n'),
    ),
    ...cautions(diff).map((note) => `> **${escaped(note)}**`),
    ...tablesOf(diff, options).flatMap((table) => [
      ...(table.title.length === 0
        ? []
        : [`**${escaped(table.title.map(([name, value]) => `${name} ${value}`).join(', '))}**`]),
      markdownTable(diffSection(table, diff.sides, options.rows)),
    ]),
    ...unchangedLine(diff, options),
  ];
  return `${paragraphs.filter((text) => text !== '').join('\n\n')}\n`;
}
