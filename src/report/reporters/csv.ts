/**
 * Long form, one line per number: `mode,trace,key,value` (RFC 4180 quoting, `\n` line ends).
 *
 * A run that an error ended early begins with a line `incomplete`. Long, because modes and versions differ in their keys; spreadsheets and data frames pivot it.
 */
import { metricMatcher, metricValues } from '../metric-values.js';
import { outputsOf, type Reporter, runsOf } from '../output.js';

export const csv = {
  name: 'csv',
  summary: 'one line per number: mode,trace,key,value',
  render(output, options) {
    const lines = outputsOf(output)
      .flatMap(runsOf)
      .flatMap((run) => {
        const values = metricValues(run);
        const matches = metricMatcher(
          options.metrics ?? '*',
          values.map(([key]) => key),
        );
        const { incomplete, trace } = run.manifest;
        const flag = incomplete === null ? [] : [[run.mode, trace.path, 'incomplete', incomplete]];
        const rows = values
          .filter(([key]) => matches(key))
          .map(([key, value]) => [run.mode, trace.path, key, String(value)]);
        return [...flag, ...rows];
      });
    return [['mode', 'trace', 'key', 'value'], ...lines]
      .map((cells) => `${cells.map(quoted).join(',')}\n`)
      .join('');
  },
} satisfies Reporter;

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
