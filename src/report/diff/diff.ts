/**
 * How runs become a {@link DiffResult}.
 *
 * The first side is the base. Sides are files unless told otherwise (`columns`): then runs of one file can be compared,
 * by mode or by a configuration key.
 */
import { UsageError } from '../../errors.js';
import { METRIC_KEYS } from '../metric-values.js';
import { metricOf, type SavedFile, type SavedRun } from '../saved/saved-run.js';
import type { ToolInfo } from '../result.js';
import {
  DIFF_SCHEMA,
  type DiffInputs,
  type DiffMetric,
  type DiffResult,
  type DiffSide,
} from './diff-result.js';
import { dimensionOf, INTERVAL } from './dimensions.js';
import { type InputDifference, inputDifferences, type InputKind, refusal } from './inputs.js';
import { matchRuns } from './match.js';
import { slicedFiles } from './slices.js';

export interface DiffOptions {
  /** Dimensions whose values make the sides (default: `file`). */
  readonly columns?: readonly string[] | undefined;
  /** Compare slice by slice instead of run by run; so are dimensions that name the interval. */
  readonly slices?: boolean | undefined;
  /** Inputs that may differ. What makes the sides may always. */
  readonly allow?: readonly InputKind[] | undefined;
}

/**
 * Compares the runs of some files. Throws {@link UsageError} if there are not at least two sides, if nothing of a side belongs to the base,
 * or if traces, configurations or cost tables differ that may not; it names each key with both values.
 */
export function diffSaved(
  files: readonly SavedFile[],
  tool: ToolInfo,
  options: DiffOptions = {},
): DiffResult {
  const { columns = ['file'], allow = [] } = options;
  const sliced = options.slices === true || columns.includes(INTERVAL);
  const runs = distinct(sliced ? slicedFiles(files) : files).flatMap((file) => file.runs);
  const sides = sidesOf(runs, columns);
  const groups = groupRuns([...sides.values()], columns);
  const inputs = groups.flatMap((group, at) => groupInputs(group, at, columns));
  refuse(inputs, groups, allow);
  return {
    schema: DIFF_SCHEMA,
    tool,
    columns,
    sides: labelled(sides, columns),
    groups: groups.map((group) => ({ runs: group, metrics: metricsOf(group) })),
    inputs,
    failed: files.flatMap(({ failed }) => failed ?? []),
  };
}

/** A file that is named twice is two sides. */
function distinct(inputs: readonly SavedFile[]): readonly SavedFile[] {
  return inputs.map((input, i) => {
    const earlier = inputs.slice(0, i).filter((other) => other.file === input.file).length;
    if (earlier === 0) return input;
    const file = `${input.file} (${earlier + 1})`;
    return { ...input, file, runs: input.runs.map((run) => ({ ...run, file })) };
  });
}

function sidesOf(runs: readonly SavedRun[], columns: readonly string[]): Map<string, SavedRun[]> {
  const sides = new Map<string, SavedRun[]>();
  for (const run of runs) {
    const key = columns.map((name) => dimensionOf(run, name)).join(' ');
    sides.set(key, [...(sides.get(key) ?? []), run]);
  }
  if (sides.size >= 2) return sides;
  const only = [...sides.keys()].join('');
  throw new UsageError(`there is nothing to compare with: ${columns.join(', ')} is ${only} in every run`, {
    hint: 'name two results, or what the runs of one differ in, such as `--col mode`',
  });
}

function labelled(sides: ReadonlyMap<string, readonly SavedRun[]>, columns: readonly string[]): DiffSide[] {
  const baseAndHead = sides.size === 2 && columns.join() === 'file';
  return [...sides].map(([key, runs], i) => ({
    label: baseAndHead ? (['base', 'head'][i] ?? key) : key,
    file: runs[0]!.file,
    versions: [...new Set(runs.map((run) => run.version))],
  }));
}

/** The runs of all sides that belong to one of the base, then those that belong to none. */
function groupRuns(
  sides: readonly (readonly SavedRun[])[],
  columns: readonly string[],
): (SavedRun | null)[][] {
  const [base = [], ...others] = sides;
  const alone = (run: SavedRun, at: number): (SavedRun | null)[] =>
    sides.map((_, i) => (i === at ? run : null));
  const groups = base.map((run) => alone(run, 0));
  const unmatched: (SavedRun | null)[][] = [];
  for (const [i, side] of others.entries()) {
    for (const [run, other] of matchRuns(base, side, columns)) {
      if (run !== null) groups[base.indexOf(run)]![i + 1] = other;
      else if (other !== null) unmatched.push(alone(other, i + 1));
    }
  }
  return [...groups, ...unmatched];
}

function groupInputs(
  group: readonly (SavedRun | null)[],
  at: number,
  columns: readonly string[],
): DiffInputs[] {
  const base = group[0] ?? null;
  return group.flatMap((run, side) => {
    if (base === null || run === null || side === 0) return [];
    const differences = inputDifferences(base, run).filter((each) => !expected(each, columns));
    return differences.length === 0 ? [] : [{ side, group: at, differences }];
  });
}

/** What makes the sides differs on purpose. */
function expected({ kind, key }: InputDifference, columns: readonly string[]): boolean {
  return columns.includes(key) || columns.includes(kind) || (kind === 'config' && columns.includes('preset'));
}

function refuse(
  inputs: readonly DiffInputs[],
  groups: readonly (readonly (SavedRun | null)[])[],
  allow: readonly InputKind[],
): void {
  for (const { side, group, differences } of inputs) {
    const refused = differences.filter(({ kind }) => !allow.includes(kind));
    const [base, head] = [groups[group]![0]!, groups[group]![side]!];
    if (refused.length > 0) throw refusal(base, head, refused);
  }
}

function metricsOf(group: readonly (SavedRun | null)[]): DiffMetric[] {
  const present = new Set(group.flatMap((run) => [...(run?.metrics.keys() ?? [])]));
  // A baseline leaves zeros out: its order is not that of results.
  const keys = new Set([...METRIC_KEYS.filter((key) => present.has(key)), ...present]);
  return [...keys].map((key) => ({
    key,
    values: group.map((run) => (run === null ? null : metricOf(run, key))),
  }));
}
