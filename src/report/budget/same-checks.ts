/** A diff as checks, one a pair of runs: is everything as it was? For reporters that show nothing but checks. */
import { type DiffGroup, type DiffResult, changedGroups, unchanged } from '../diff/diff-result.js';
import { counted } from '../numbers.js';
import type { Check, CheckReport } from './check-report.js';
import { movedMetrics } from './moved.js';
import { countedOf } from './ratios.js';

/** Which metrics matter, and how a person named them; null for all. */
export interface ChosenMetrics {
  readonly matches: (key: string) => boolean;
  readonly named: string | null;
}

const ALL: ChosenMetrics = { matches: () => true, named: null };

export function sameChecks(diff: DiffResult, chosen: ChosenMetrics = ALL): CheckReport {
  const { matches } = chosen;
  const changed = new Set(changedGroups(diff, matches));
  return {
    checks: diff.groups.map((group) => checkOf(diff, group, changed.has(group), chosen)),
    implicit: true,
  };
}

function checkOf(diff: DiffResult, group: DiffGroup, failed: boolean, chosen: ChosenMetrics): Check {
  const { matches, named } = chosen;
  const [base = null, head = null] = group.runs;
  const run = (head ?? base)!;
  const status = run.incomplete === null ? (failed ? 'failed' : 'ok') : 'skipped';
  return {
    budget: named === null ? 'as in the baseline' : `${named} as in the baseline`,
    origin: diff.sides[0]!.file,
    status,
    trace: run.trace.path,
    mode: run.mode,
    point: run.point,
    interval: null,
    metric: '',
    base: null,
    limit: null,
    value: null,
    excess: null,
    said:
      status === 'skipped'
        ? `not checked: the run is incomplete: ${run.incomplete ?? ''}`
        : said(group, failed, chosen),
    moved:
      base === null || head === null
        ? []
        : movedMetrics(countedOf(base), countedOf(head), '').filter(({ key }) => matches(key)),
  };
}

function said(group: DiffGroup, failed: boolean, { matches, named }: ChosenMetrics): string {
  if (!failed) return named === null ? 'every count is as it was' : `${named}: every count is as it was`;
  if (group.runs.includes(null)) return 'there is a run on one side only';
  const changed = group.metrics.filter((metric) => matches(metric.key) && !unchanged(metric, group)).length;
  return changed === 0 ? 'the guest ended with other page tables' : `${counted(changed, 'metric')} changed`;
}
