/**
 * Annotations of GitHub Actions: workflow commands on standard output, one a violated check (`::error`) and one a check
 * that could not be made (`::warning`).
 *
 * `%`, CR and LF end or change a command, `:` and `,` end a property: they are escaped as the runner undoes it
 * (actions/toolkit, "problem matchers and commands": %25 %0D %0A, and in properties %3A %2C).
 */
import { movedText, placeOf } from '../budget/check-view.js';
import type { Check } from '../budget/check-report.js';
import type { Reporter } from '../output.js';

export const github = {
  name: 'github',
  summary: 'checks as annotations of GitHub Actions; all of it as Markdown into the step summary',
  checksOnly: true,
  appendix: { variable: 'GITHUB_STEP_SUMMARY', reporter: 'markdown' },
  render: () => '',
  renderDiff: () => '',
  renderChecks: ({ checks }) => checks.flatMap(annotation).join(''),
} satisfies Reporter;

function annotation(check: Check): string[] {
  if (check.status === 'ok') return [];
  const { budget, origin, said, moved } = check;
  const place = /^(?<file>.*):(?<line>\d+)$/.exec(origin)?.groups ?? {};
  const properties = Object.entries({ ...place, title: `p2msim: ${budget}` }).map(
    ([name, value]) => `${name}=${property(value)}`,
  );
  const with_ = moved.length === 0 ? '' : `\nwith it: ${movedText(moved)}`;
  const command = check.status === 'failed' ? 'error' : 'warning';
  return [`::${command} ${properties.join(',')}::${data(`${placeOf(check)}: ${said}${with_}`)}\n`];
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
