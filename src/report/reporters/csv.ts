/**
 * Long form, one line per number: `mode,trace,key,value` (RFC 4180 quoting, `\n` line ends). In a sweep the swept keys
 * are columns, too: `mode,trace,stlb.entries,key,value`.
 *
 * A run that an error ended early begins with a line `incomplete`. Long, because modes and versions differ in their keys; spreadsheets and data frames pivot it.
 */
import { formatValue } from '../../config/keys.js';
import { csvText } from '../csv-text.js';
import { diffCsv } from '../diff/diff-data.js';
import { metricMatcher, metricValues } from '../metric-values.js';
import { outputsOf, type Reporter, runsOf } from '../output.js';

export const csv = {
  name: 'csv',
  summary: 'one line per number: mode,trace,key,value',
  render(output, options) {
    const runs = outputsOf(output).flatMap(runsOf);
    const swept = [...new Set(runs.flatMap(({ point }) => Object.keys(point ?? {})))];
    const lines = runs.flatMap((run) => {
      const values = metricValues(run);
      const matches = metricMatcher(
        options.metrics ?? '*',
        values.map(([key]) => key),
      );
      const { incomplete, trace } = run.manifest;
      const named = [run.mode, trace.path, ...swept.map((key) => formatValue(run.point?.[key] ?? ''))];
      const flag = incomplete === null ? [] : [[...named, 'incomplete', incomplete]];
      const rows = values
        .filter(([key]) => matches(key))
        .map(([key, value]) => [...named, key, String(value)]);
      return [...flag, ...rows];
    });
    return csvText([['mode', 'trace', ...swept, 'key', 'value'], ...lines]);
  },
  renderDiff: diffCsv,
} satisfies Reporter;
