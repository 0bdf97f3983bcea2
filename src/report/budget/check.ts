/**
 * Check: what became of one budget on one run, or on one slice of it.
 *
 * Runs that ended early are not judged: what they counted is not what was asked for.
 */
import type { ConfigValue } from '../../config/keys.js';
import type { SavedRun, SavedSlice } from '../saved/saved-run.js';
import { type Budget, fails, isRelative, limitOf } from './budget.js';
import { type Fraction, fractionText, minus, toNumber } from './fraction.js';
import type { Check } from './check-report.js';
import { bestKept } from './kept-limit.js';
import { movedMetrics } from './moved.js';
import { budgetMetric, type Counted, countedOf, zeroWhole } from './ratios.js';

/** A run to be judged, and the run of the baseline that belongs to it. One of them may be missing. */
export interface Candidate {
  readonly base: SavedRun | null;
  readonly head: SavedRun | null;
  /** What else tells it from the others: dimensions that make the sides of a diff. */
  readonly labels?: Readonly<Record<string, ConfigValue>> | undefined;
}

/** Judges every budget on every run that it is for, in the order of the budgets. */
export function judgeBudgets(budgets: readonly Budget[], candidates: readonly Candidate[]): Check[] {
  return budgets.flatMap((budget) =>
    candidates
      .filter(({ head, base }) => budget.mode === null || budget.mode === (head ?? base)?.mode)
      .flatMap(({ base, head, labels }) => {
        if (head === null) return base === null ? [] : [skipped(budget, base, null, 'there is no such run')];
        const candidate = { base, head: labelled(head, labels) };
        return budget.perInterval ? slices(budget, candidate) : [whole(budget, candidate)];
      }),
  );
}

interface Pair {
  readonly base: SavedRun | null;
  readonly head: SavedRun;
}

function whole(budget: Budget, { base, head }: Pair): Check {
  const counted = { base: base === null ? null : countedOf(base), head: countedOf(head) };
  return judge(budget, head, null, counted);
}

function labelled(run: SavedRun, labels: Candidate['labels']): SavedRun {
  return labels === undefined ? run : { ...run, point: { ...run.point, ...labels } };
}

/** A check for every slice that is violated or not judged; if none is violated, one for all that keep it. */
function slices(budget: Budget, { base, head }: Pair): Check[] {
  if (head.incomplete !== null) return [whole(budget, { base, head })];
  if (head.slices.length === 0) return [skipped(budget, head, null, 'the run has no slices (--interval)')];
  const of = (run: SavedRun, slice: SavedSlice): Counted => ({
    metrics: slice.metrics,
    zerosLeftOut: run.zerosLeftOut,
    records: slice.accesses,
  });
  const checks = head.slices.map((slice, i) => {
    const before = base?.slices[i];
    const other = base === null || before?.from !== slice.from ? null : of(base, before);
    return judge(budget, head, slice.from, { base: other, head: of(head, slice) });
  });
  const listed = checks.filter(({ status }) => status !== 'ok');
  const kept = checks.find(({ status }) => status === 'ok');
  if (kept === undefined || listed.some(({ status }) => status === 'failed')) return listed;
  const all = { ...kept, interval: null, base: null, value: null };
  return [...listed, { ...all, said: `${keeping(checks.length, listed.length)} it` }];
}

/** Of so many slices some are not judged. */
function keeping(slices: number, skipped: number): string {
  if (skipped > 0) return `${slices - skipped} of ${slices} slices keep`;
  return slices === 1 ? '1 slice keeps' : `each of ${slices} slices keeps`;
}

function judge(
  budget: Budget,
  run: SavedRun,
  interval: number | null,
  counted: { readonly base: Counted | null; readonly head: Counted },
): Check {
  if (run.incomplete !== null)
    return skipped(budget, run, interval, `the run is incomplete: ${run.incomplete}`);
  const value = budgetMetric(counted.head, budget.metric);
  if (value === null) return skipped(budget, run, interval, missing(counted.head, budget.metric, 'this run'));
  const base = counted.base === null ? null : budgetMetric(counted.base, budget.metric);
  const limit = limitOf(budget.value, base);
  if (limit === null) {
    const why =
      counted.base === null
        ? `there is no ${budget.metric} in the baseline`
        : missing(counted.base, budget.metric, 'the baseline');
    return skipped(budget, run, interval, why);
  }
  const failed = fails(value, budget.operator, limit);
  const kept = bestKept(budget, limit);
  const shownBase = isRelative(budget) ? base : null;
  return {
    ...about(budget, run, interval),
    status: failed ? 'failed' : 'ok',
    base: shownBase === null ? null : toNumber(shownBase),
    limit: toNumber(kept),
    value: toNumber(value),
    excess: failed ? Math.abs(toNumber(minus(value, kept))) : null,
    said: sentence(budget, { base: shownBase, value, kept, failed }),
    moved: failed && counted.base !== null ? movedMetrics(counted.base, counted.head, budget.metric) : [],
  };
}

/** Why there is no such number: a ratio may have nothing to divide by. */
function missing(counted: Counted, metric: string, where: string): string {
  const none = zeroWhole(counted, metric);
  return `there is no ${metric} in ${where}${none === null ? '' : `: ${none} is 0`}`;
}

interface Numbers {
  readonly base: Fraction | null;
  readonly value: Fraction;
  readonly kept: Fraction;
  readonly failed: boolean;
}

/** `base 100, limit 101, found 103: over by 2`; `100 -> 101, limit 101`. */
function sentence({ operator }: Budget, { base, value, kept, failed }: Numbers): string {
  const text = fractionText;
  if (!failed) {
    const limit = operator === '==' ? `may not be ${text(kept)}` : `limit ${text(kept)}`;
    return `${base === null ? '' : `${text(base)} -> `}${text(value)}, ${limit}`;
  }
  const before = base === null ? '' : `base ${text(base)}, `;
  if (operator === '==') return `${before}found ${text(value)}, which it may not be`;
  const excess = minus(value, kept);
  const size = { ...excess, numerator: excess.numerator < 0n ? -excess.numerator : excess.numerator };
  const side = operator.startsWith('>') ? 'over' : 'under';
  const by = size.numerator === 0n ? 'which it may not reach' : `${side} by ${text(size)}`;
  return `${before}limit ${text(kept)}, found ${text(value)}: ${by}`;
}

function about(budget: Budget, run: SavedRun, interval: number | null) {
  return {
    budget: budget.text,
    origin: budget.origin,
    trace: run.trace.path,
    mode: run.mode,
    point: run.point,
    interval,
    metric: budget.metric,
  };
}

function skipped(budget: Budget, run: SavedRun, interval: number | null, why: string): Check {
  return {
    ...about(budget, run, interval),
    status: 'skipped',
    base: null,
    limit: null,
    value: null,
    excess: null,
    said: `not checked: ${why}`,
    moved: [],
  };
}
