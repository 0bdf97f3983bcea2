/** A diff for programs: one JSON value, a JSON object a line, or CSV in long form. */
import { csvText } from '../csv-text.js';
import type { DiffReporterOptions } from '../output.js';
import type { SavedRun } from '../saved/saved-run.js';
import { type DiffGroup, type DiffResult, unchanged } from './diff-result.js';
import { METRIC } from './dimensions.js';
import {
  type DiffEntry,
  groupDimensions,
  hasCounterpart,
  shownEntries,
  unchangedCount,
} from './diff-view.js';

const DIFFERENCE_SCHEMA = 'p2msim.difference/1';

/** Everything that is shown, with the sides and inputs: `p2msim.diff/1`. Complete without a difference, too. */
export function diffJson(diff: DiffResult, options: DiffReporterOptions): string {
  const value = {
    schema: diff.schema,
    tool: diff.tool,
    columns: diff.columns,
    sides: diff.sides,
    inputs: diff.inputs.map(({ side, group, differences }) => ({
      ...placed(diff, diff.groups[group]!),
      side: diff.sides[side]!.label,
      differences,
    })),
    groups: diff.groups.map((group) => groupValue(diff, group, options)),
    unchanged: unchangedCount(diff),
    failed: diff.failed,
    ...(options.checks?.implicit === false ? { checks: options.checks.checks } : {}),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function groupValue(diff: DiffResult, group: DiffGroup, options: DiffReporterOptions): object {
  const chosen = shownEntries({ ...diff, groups: [group] }, options);
  return {
    ...placed(diff, group),
    runs: group.runs.map((run) => (run === null ? null : runValue(run))),
    unchanged: hasCounterpart(group) ? group.metrics.filter((metric) => unchanged(metric, group)).length : 0,
    metrics: chosen.map(({ dimensions, values }) => ({
      key: dimensions.get(METRIC),
      values,
      deltas: values.slice(1).map((value) => delta(values[0] ?? null, value)),
    })),
  };
}

function runValue(run: SavedRun): object {
  const { version, mode, trace, config, guestDigest, incomplete } = run;
  return {
    version,
    mode,
    trace,
    config: { sha256: config.sha256, preset: config.preset },
    guestDigest,
    incomplete,
  };
}

/** What the group is: trace, mode, swept keys. */
function placed(diff: DiffResult, group: DiffGroup): Record<string, string> {
  const left = groupDimensions(diff, group, []).filter(
    ([name]) => !['preset', 'version', 'file'].includes(name),
  );
  return Object.fromEntries(left);
}

function delta(base: number | null, value: number | null): number | null {
  return base === null || value === null ? null : value - base;
}

/** One object per changed number and side. */
export function diffNdjson(diff: DiffResult, options: DiffReporterOptions): string {
  return numberRows(diff, options)
    .map(({ entry, side, base, value }) => {
      const { metric, ...rest } = Object.fromEntries(entry.dimensions);
      const row = {
        schema: DIFFERENCE_SCHEMA,
        ...rest,
        metric,
        side,
        base,
        value,
        delta: delta(base, value),
      };
      return `${JSON.stringify(row)}\n`;
    })
    .join('');
}

/** `trace,mode,...,metric,side,base,value,delta`; nothing in the place of a number that is not there. */
export function diffCsv(diff: DiffResult, options: DiffReporterOptions): string {
  const rows = numberRows(diff, options);
  const names = [...new Set(rows.flatMap(({ entry }) => [...entry.dimensions.keys()]))].filter(
    (name) => name !== METRIC,
  );
  const text = (value: number | null): string => (value === null ? '' : String(value));
  return csvText([
    [...(rows.length === 0 ? ['trace', 'mode'] : names), METRIC, 'side', 'base', 'value', 'delta'],
    ...rows.map(({ entry, side, base, value }) => [
      ...names.map((name) => entry.dimensions.get(name) ?? ''),
      entry.dimensions.get(METRIC) ?? '',
      side,
      text(base),
      text(value),
      text(delta(base, value)),
    ]),
  ]);
}

interface NumberRow {
  readonly entry: DiffEntry;
  readonly side: string;
  readonly base: number | null;
  readonly value: number | null;
}

function numberRows(diff: DiffResult, options: DiffReporterOptions): NumberRow[] {
  return shownEntries(diff, options).flatMap((entry) =>
    entry.values.slice(1).map((value, i) => ({
      entry,
      side: diff.sides[i + 1]!.label,
      base: entry.values[0] ?? null,
      value,
    })),
  );
}
