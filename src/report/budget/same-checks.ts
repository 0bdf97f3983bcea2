/** A diff as checks, one a pair of runs: is everything as it was? For reporters that show nothing but checks. */
import { type DiffGroup, type DiffResult, changedGroups, unchanged } from '../diff/diff-result.js';
import { counted } from '../numbers.js';
import type { Check, CheckReport } from './check-report.js';
import { movedMetrics } from './moved.js';
import { countedOf } from './ratios.js';

/** @param matches the metrics that matter */
export function sameChecks(diff: DiffResult, matches: (key: string) => boolean = () => true): CheckReport {
  const changed = new Set(changedGroups(diff, matches));
  return {
    checks: diff.groups.map((group) => checkOf(diff, group, changed.has(group), matches)),
    implicit: true,
  };
}

function checkOf(
  diff: DiffResult,
  group: DiffGroup,
  failed: boolean,
  matches: (key: string) => boolean,
): Check {
  const [base = null, head = null] = group.runs;
  const run = (head ?? base)!;
  const status = run.incomplete === null ? (failed ? 'failed' : 'ok') : 'skipped';
  return {
    budget: 'as in the baseline',
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
        : said(group, failed, matches),
    moved:
      base === null || head === null
        ? []
        : movedMetrics(countedOf(base), countedOf(head), '').filter(({ key }) => matches(key)),
  };
}

function said(group: DiffGroup, failed: boolean, matches: (key: string) => boolean): string {
  if (!failed) return 'every count is as it was';
  if (group.runs.includes(null)) return 'there is a run on one side only';
  const changed = group.metrics.filter((metric) => matches(metric.key) && !unchanged(metric, group)).length;
  return changed === 0 ? 'the guest ended with other page tables' : `${counted(changed, 'metric')} changed`;
}
