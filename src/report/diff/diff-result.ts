/**
 * DiffResult: runs against runs, metric by metric, and what can be asked of it. Counts are exact, so equal means
 * identical; there is no noise.
 */
import type { ToolInfo } from '../result.js';
import type { FailedPoints } from '../saved/failed-points.js';
import type { SavedRun } from '../saved/saved-run.js';
import type { InputDifference } from './inputs.js';
import { changedSlices } from './slices.js';

export const DIFF_SCHEMA = 'p2msim.diff/1';

/** One column: the runs that agree in the dimensions that make columns. */
export interface DiffSide {
  /** `base` and `head` for two files, else what tells it from the others. */
  readonly label: string;
  /** File of its first run. */
  readonly file: string;
  /** Versions of p2msim that counted. */
  readonly versions: readonly string[];
}

/** What one run has of one metric, by side; null where a side has no such metric. */
export interface DiffMetric {
  readonly key: string;
  readonly values: readonly (number | null)[];
}

/** Runs that belong together. */
export interface DiffGroup {
  /** By side; null where a side has no such run. */
  readonly runs: readonly (SavedRun | null)[];
  /** Every metric, changed or not, in declared order. */
  readonly metrics: readonly DiffMetric[];
}

/** Inputs of two runs that were compared although they differ. */
export interface DiffInputs {
  readonly side: number;
  readonly group: number;
  readonly differences: readonly InputDifference[];
}

export interface DiffResult {
  readonly schema: typeof DIFF_SCHEMA;
  readonly tool: ToolInfo;
  /** Dimensions that make the sides, e.g. `file`. */
  readonly columns: readonly string[];
  readonly sides: readonly DiffSide[];
  readonly groups: readonly DiffGroup[];
  readonly inputs: readonly DiffInputs[];
  /** Points that have no run, by file. */
  readonly failed: readonly FailedPoints[];
}

/** True if a metric is the same in every run of its group that there is. */
export function unchanged(metric: DiffMetric, group: DiffGroup): boolean {
  const present = metric.values.filter((_, i) => group.runs[i] !== null);
  return present.every((value) => value === present[0]);
}

/** Sides (by index) whose guest ended with other page tables than the base's, on equal inputs. */
export function otherGuests(result: DiffResult, at: number): number[] {
  const [base = null, ...others] = result.groups[at]!.runs;
  return others.flatMap((run, i) => {
    const differs = result.inputs.some(
      ({ group, side, differences }) =>
        group === at && side === i + 1 && differences.some(({ kind }) => kind !== 'cost'),
    );
    const other = base !== null && run !== null && run.guestDigest !== base.guestDigest;
    return other && !differs ? [i + 1] : [];
  });
}

/** Groups in which something was counted differently, or that lack a run; `matches` chooses the metrics that matter. */
export function changedGroups(
  result: DiffResult,
  matches: (key: string) => boolean = () => true,
): readonly DiffGroup[] {
  return result.groups.filter(
    (group, at) =>
      group.runs.includes(null) ||
      group.metrics.some((metric) => matches(metric.key) && !unchanged(metric, group)) ||
      otherGuests(result, at).length > 0,
  );
}

/** Sides (by index) with slices that counted something else than the base's, and how many. */
export function otherSlices({ runs }: DiffGroup): readonly (readonly [side: number, slices: number])[] {
  const [base = null, ...others] = runs;
  return others.flatMap((run, i): [number, number][] => {
    const changed = base === null || run === null ? 0 : changedSlices(base, run);
    return changed === 0 ? [] : [[i + 1, changed]];
  });
}

/** True if every run has its counterpart and nothing differs: no metric, no slice, no guest, no input. */
export function isSame(result: DiffResult): boolean {
  const same = result.inputs.length === 0 && changedGroups(result).length === 0;
  return same && result.groups.every((group) => otherSlices(group).length === 0);
}
