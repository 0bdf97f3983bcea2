/** `p2msim trace check`: every bad record, and what contradicts the trace's own events. Exit 1 if any. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Finding, TraceCheck } from '../../index.js';
import type { Context, TraceTools } from '../context.js';
import { EXIT_CHECK_FAILED } from '../exit-codes.js';
import { asJson } from '../json-text.js';
import { Given, addFlags, checkOptions } from '../options.js';
import { checkStdin } from '../run-command.js';
import { partOf } from '../selection.js';

/** `bad.csv:48213:9: error: "0x7fq0" is not a hexadecimal address`. */
function findingLine({ place, severity, message }: Finding, library: TraceTools): string {
  return `${new library.TraceError(place, message).where}: ${severity}: ${message}`;
}

function summaryLine(path: string, findings: readonly Finding[]): string {
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const warnings = findings.length - errors;
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  return findings.length === 0
    ? `${path}: ok`
    : `${path}: ${count(errors, 'error')}, ${count(warnings, 'warning')}`;
}

/** `not checked: tags: the trace has no such events`, a line for each reason. */
function scopeLines({ scope }: TraceCheck): string[] {
  const names = (rows: TraceCheck['scope']): string => rows.map(({ what }) => what).join(', ');
  const reasons = new Set(scope.flatMap(({ why }) => why ?? []));
  return [
    `checked: ${names(scope.filter(({ checked }) => checked))}`,
    ...[...reasons].map(
      (reason) => `not checked: ${names(scope.filter(({ why }) => why === reason))}: ${reason}`,
    ),
  ];
}

export function addCheck(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('check')
    .summary('list every bad record')
    .description(
      'List bad records and contradictions of a trace, and say what could not be checked. Exits with 1 if there are errors.',
    )
    .argument('<trace>', 'trace file, plain or compressed, or - for standard input')
    .option('--json', 'print the findings as JSON');
  addFlags(command, 'reading', 'first');
  command.action(async (path, values) => {
    const library = await context.loadTraceTools();
    const given = new Given(values, library);
    checkStdin([path], context, library);
    const part = partOf(given, library);
    const trace = await library.openTrace(path, {
      format: given.text('format'),
      read: checkOptions(given),
      stdin: context.stdin,
    });
    const check = await library.checkTrace(library.partOfTrace(trace, part)).finally(() => trace.close());
    const { findings } = check;
    const notes = library.partNotes(check.part);
    const lines = [
      ...findings.map((finding) => findingLine(finding, library)),
      ...notes,
      ...scopeLines(check),
      summaryLine(path, findings),
    ];
    const text = values.json === true ? asJson(library.findingList(path, check)) : `${lines.join('\n')}\n`;
    context.stdout.write(text);
    if (findings.some((finding) => finding.severity === 'error')) context.exit(EXIT_CHECK_FAILED);
  });
}
