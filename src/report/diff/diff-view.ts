/**
 * A diff laid out: which numbers are shown, in which tables and rows. What reporters of all kinds share.
 *
 * As in benchstat: dimensions named by `--row` make the rows of a table, the sides its columns; every combination of
 * the dimensions that are left is a table of its own.
 */
import { formatValue } from '../../config/keys.js';
import { metricMatcher } from '../metric-values.js';
import type { DiffReporterOptions } from '../output.js';
import type { SavedRun } from '../saved/saved-run.js';
import { type DiffGroup, type DiffResult, isSame, unchanged } from './diff-result.js';
import { dimensionOf, INTERVAL, METRIC, RUN_DIMENSIONS } from './dimensions.js';

/** One number of a metric on every side, with its place in all dimensions. */
export interface DiffEntry {
  readonly dimensions: ReadonlyMap<string, string>;
  readonly values: readonly (number | null)[];
}

/** Entries that agree in `title`. */
export interface DiffTable {
  /** Dimensions that tell this table from the others. */
  readonly title: readonly (readonly [name: string, value: string])[];
  readonly entries: readonly DiffEntry[];
}

/** The numbers to show: chosen metrics, all, or those that changed. Groups without a counterpart have none. */
export function shownEntries(diff: DiffResult, options: DiffReporterOptions): DiffEntry[] {
  const keys = [...new Set(diff.groups.flatMap(({ metrics }) => metrics.map(({ key }) => key)))];
  const matches = options.metrics === null ? null : metricMatcher(options.metrics, keys);
  return diff.groups.filter(hasCounterpart).flatMap((group) => {
    const named = groupDimensions(diff, group, options.rows);
    return group.metrics
      .filter((metric) => (matches === null ? options.all || !unchanged(metric, group) : matches(metric.key)))
      .map(({ key, values }) => ({ dimensions: new Map([...named, [METRIC, key]]), values }));
  });
}

/** Reports for people are empty where nothing differs and nothing was asked for. */
export function showsNothing(diff: DiffResult, options: DiffReporterOptions): boolean {
  if (options.all || diff.failed.length > 0) return false;
  return options.nothing === true || (isSame(diff) && options.metrics === null);
}

/** Numbers that were compared and are the same. */
export function unchangedCount(diff: DiffResult): number {
  return diff.groups
    .filter(hasCounterpart)
    .reduce((sum, group) => sum + group.metrics.filter((metric) => unchanged(metric, group)).length, 0);
}

export function hasCounterpart(group: DiffGroup): boolean {
  return group.runs.filter((run) => run !== null).length > 1;
}

/** Where a group stands in the dimensions that make no side. A pair that differs in one is `hap -> shadow`. */
export function groupDimensions(
  diff: DiffResult,
  group: DiffGroup,
  rows: readonly string[],
): [name: string, value: string][] {
  const runs = group.runs.filter((run) => run !== null);
  const swept = runs.flatMap((run) => Object.keys(run.point));
  const sliced = runs.some(({ slice }) => slice !== null) ? [INTERVAL] : [];
  const names = [...RUN_DIMENSIONS, ...sliced, ...swept, ...rows.filter((name) => name !== METRIC)];
  return [...new Set(names)]
    .filter((name) => !diff.columns.includes(name))
    .map((name) => [name, [...new Set(runs.map((run) => valueIn(run, name)))].join(' -> ')]);
}

function valueIn(run: SavedRun, name: string): string {
  const swept = run.point[name];
  return swept === undefined ? dimensionOf(run, name) : formatValue(swept);
}

/** The tables, in the order of their first entries. A title names what is not the same in all groups, shown or not. */
export function tablesOf(diff: DiffResult, { rows, ...options }: DiffReporterOptions): DiffTable[] {
  const entries = shownEntries(diff, { ...options, rows });
  const groups = diff.groups
    .filter(hasCounterpart)
    .map((group) => new Map(groupDimensions(diff, group, rows)));
  const names = [...new Set(entries.flatMap(({ dimensions }) => [...dimensions.keys()]))];
  const titled = names.filter((name) => !rows.includes(name) && (name === METRIC || varies(groups, name)));
  const tables = new Map<string, DiffEntry[]>();
  for (const entry of entries) {
    const key = JSON.stringify(titled.map((name) => entry.dimensions.get(name)));
    tables.set(key, [...(tables.get(key) ?? []), entry]);
  }
  return [...tables.values()].map((some) => ({
    title: titled.map((name) => [name, some[0]!.dimensions.get(name) ?? '']),
    entries: inRows(some, rows),
  }));
}

/** Rows that agree in their first dimension below each other, and so on; else in the order of the results. */
function inRows(entries: readonly DiffEntry[], rows: readonly string[]): DiffEntry[] {
  const orders = rows.map((name) => {
    const values = [...new Set(entries.map(({ dimensions }) => dimensions.get(name)))];
    return new Map(values.map((value, i) => [value, i]));
  });
  const rank = (entry: DiffEntry, at: number): number =>
    orders[at]!.get(entry.dimensions.get(rows[at]!)) ?? 0;
  return [...entries].sort((a, b) => {
    const at = rows.findIndex((_, i) => rank(a, i) !== rank(b, i));
    return at < 0 ? 0 : rank(a, at) - rank(b, at);
  });
}

function varies(groups: readonly ReadonlyMap<string, string>[], name: string): boolean {
  return new Set(groups.map((group) => group.get(name))).size > 1;
}
