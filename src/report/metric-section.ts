/** Chosen metrics by key, one column per run: what `--metrics` and `--all` show. */
import { metricMatcher, metricValues } from './metric-values.js';
import { grouped } from './numbers.js';
import type { RunResult } from './result.js';
import { row, section, type Section } from './section.js';

/** The metrics of `runs` whose key matches one of `globs`; zeros too. */
export function metricSection(runs: readonly RunResult[], globs: string): Section {
  const values = runs.map((run) => new Map(metricValues(run)));
  const keys = [...new Set(values.flatMap((map) => [...map.keys()]))];
  const matches = metricMatcher(globs, keys);
  const rows = keys.filter(matches).map((key) =>
    row(
      0,
      key,
      ...values.map((map) => {
        const value = map.get(key);
        return value === undefined ? '-' : grouped(value);
      }),
    ),
  );
  return section(
    'metric',
    runs.map((run) => run.mode),
    rows,
  );
}
