/** Checks as a table of GitHub-flavoured Markdown. */
import { escaped, markdownTable } from '../markdown-table.js';
import { row, type Section } from '../section.js';
import type { Check, CheckReport } from './check-report.js';
import { movedText, placesOf, summaryOf } from './check-view.js';

const MARKS: Readonly<Record<Check['status'], string>> = { ok: 'ok', failed: 'FAIL', skipped: 'not made' };

export function checkMarkdown(report: CheckReport): string {
  const { checks } = report;
  if (checks.length === 0 || report.implicit) return '';
  const places = placesOf(checks);
  const withPlaces = places.some((place) => place !== '');
  const heads = ['', ...(withPlaces ? ['run'] : []), 'what', 'moved with it'];
  const table: Section = {
    title: 'budget',
    heads,
    aligns: heads.map(() => 'left' as const),
    rows: checks.map(({ budget, status, said, moved }, i) =>
      row(0, budget, MARKS[status], ...(withPlaces ? [places[i]!] : []), said, movedText(moved)),
    ),
  };
  return `${markdownTable(table)}\n\n${escaped(summaryOf(report))}\n`;
}
