/** Checks for people: a line each, and below a violated one what moved with it. */
import { gridLines, wrap } from '../grid.js';
import type { ReporterOptions, Style } from '../output.js';
import type { Check, CheckReport } from './check-report.js';
import { movedText, placesOf, summaryOf } from './check-view.js';

const MARKS: Readonly<Record<Check['status'], readonly [mark: string, style: Style]>> = {
  ok: ['ok', 'green'],
  failed: ['FAIL', 'red'],
  skipped: ['skip', 'yellow'],
};
const INDENT = '      ';

export function checkText(report: CheckReport, options: ReporterOptions): string {
  const { checks } = report;
  if (checks.length === 0 || report.implicit) return '';
  const places = placesOf(checks);
  const rows = checks.map(({ status, budget, said }, i) => [MARKS[status][0], budget, places[i]!, said]);
  const kept = rows.map((row) =>
    row.filter((_, column) => column !== 2 || places.some((text) => text !== '')),
  );
  const lines = gridLines(
    kept,
    kept[0]!.map(() => 'left' as const),
  );
  const coloured = lines.flatMap((line, i) => {
    const [mark, style] = MARKS[checks[i]!.status];
    const moved = movedText(checks[i]!.moved);
    return [
      options.color(style, mark) + line.slice(mark.length),
      ...(moved === '' ? [] : wrap(`with it: ${moved}`, options.columns, INDENT)),
    ];
  });
  return `${[...coloured, summaryOf(report)].join('\n')}\n`;
}
