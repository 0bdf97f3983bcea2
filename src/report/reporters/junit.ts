/**
 * Checks as a JUnit report, for GitLab, Jenkins and others: a test suite per run, a test case per budget.
 *
 * There is no time in it: the same checks give the same bytes.
 */
import { movedText, placeOf } from '../budget/check-view.js';
import type { Check } from '../budget/check-report.js';
import type { Reporter } from '../output.js';

export const junit = {
  name: 'junit',
  summary: 'checks as a JUnit report (XML)',
  checksOnly: true,
  render: () => '',
  renderDiff: () => '',
  renderChecks({ checks }) {
    const suites = new Map<string, Check[]>();
    for (const check of checks) {
      const name = placeOf({ ...check, interval: null });
      suites.set(name, [...(suites.get(name) ?? []), check]);
    }
    const lines = [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<testsuites name="p2msim"${counts(checks)}>`,
      ...[...suites].flatMap(([name, some]) => suite(name, some)),
      '</testsuites>',
    ];
    return `${lines.join('\n')}\n`;
  },
} satisfies Reporter;

/** Of the whole report the number of skipped cases is no attribute. */
function counts(checks: readonly Check[]): string {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  return ` tests="${checks.length}" failures="${count('failed')}" errors="0"`;
}

function suite(name: string, checks: readonly Check[]): string[] {
  const skipped = checks.filter(({ status }) => status === 'skipped').length;
  return [
    `  <testsuite name="${escaped(name)}"${counts(checks)} skipped="${skipped}">`,
    ...checks.flatMap((check) => testCase(name, check)),
    '  </testsuite>',
  ];
}

function testCase(suiteName: string, check: Check): string[] {
  const { budget, interval, status, said, moved, origin } = check;
  const slice = interval === null ? '' : `, records from ${interval}`;
  const open = `    <testcase classname="${escaped(suiteName)}" name="${escaped(budget + slice)}"`;
  if (status === 'ok') return [`${open}/>`];
  if (status === 'skipped')
    return [`${open}>`, `      <skipped message="${escaped(said)}"/>`, '    </testcase>'];
  const text = [`${said} (${origin})`, ...(moved.length === 0 ? [] : [`with it: ${movedText(moved)}`])];
  return [
    `${open}>`,
    `      <failure type="budget" message="${escaped(said)}">${escaped(text.join('\n'))}</failure>`,
    '    </testcase>',
  ];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text or attribute; characters that XML 1.0 cannot hold become U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}');
}
