/**
 * Ratios that reports show, as metrics of budgets. A result stores their two counts and never the ratio.
 */
import { metricOf, type SavedRun } from '../saved/saved-run.js';
import { METRIC_KEYS } from '../metric-values.js';
import { type Fraction, fraction } from './fraction.js';

/** One count by the sum of others. */
export interface Ratio {
  readonly key: string;
  readonly meaning: string;
  readonly part: string;
  readonly whole: readonly string[];
}

const perAccess = (part: string, meaning: string): Ratio => ({
  key: `${part}.ratio`,
  meaning,
  part,
  whole: ['accesses'],
});
const perWalk = (part: string, meaning: string): Ratio => ({
  key: `${part}.ratio`,
  meaning,
  part,
  whole: ['walk.count'],
});

/** Stands for the records of the trace that were counted, of which one that crosses a page border is two accesses. */
export const RECORDS = 'records';

const perRecord = (part: string, meaning: string): Ratio => ({
  key: `${part}.ratio`,
  meaning,
  part,
  whole: [RECORDS],
});

export const RATIOS: readonly Ratio[] = [
  perAccess('tlb.l1d.hit', 'share of accesses that hit in the L1 DTLB'),
  perAccess('tlb.l1i.hit', 'share of accesses that hit in the L1 ITLB'),
  perAccess('tlb.stlb.hit', 'share of accesses that hit in the STLB'),
  perAccess('tlb.stlb.miss', 'share of accesses that miss every TLB'),
  perWalk('walk.refs', 'references of a walk'),
  perWalk('walk.refs.guest', 'references of a walk to guest tables'),
  perWalk('walk.refs.nested', 'references of a walk to the p2m'),
  perWalk('walk.refs.shadow', 'references of a walk to shadow tables'),
  {
    key: 'ntlb.hit.ratio',
    meaning: 'share of look-ups in the nested TLB that hit',
    part: 'ntlb.hit',
    whole: ['ntlb.hit', 'ntlb.miss'],
  },
  perRecord('vmexit.total', 'VMEXITs of a record of the trace'),
  perRecord('guest.faults', 'guest page faults of a record of the trace'),
  perRecord('cost.cycles', 'cycles of a record of the trace'),
];

/** Every metric that a budget may name. */
export const BUDGET_METRICS: readonly string[] = [...METRIC_KEYS, ...RATIOS.map(({ key }) => key)];

/** What a run, or a slice of it, has counted. */
export interface Counted extends Pick<SavedRun, 'metrics' | 'zerosLeftOut'> {
  readonly records: number;
}

/** A whole run. */
export function countedOf({ metrics, zerosLeftOut, trace }: SavedRun): Counted {
  return { metrics, zerosLeftOut, records: trace.accesses };
}

/** A metric or ratio of a run; null if it has no such metric, or nothing to divide by. */
export function budgetMetric(run: Counted, key: string): Fraction | null {
  const ratio = RATIOS.find((each) => each.key === key);
  if (ratio === undefined) {
    const value = countOf(run, key);
    return value === null ? null : fraction(value);
  }
  const part = countOf(run, ratio.part);
  const whole = wholeOf(run, ratio);
  return part === null || whole === 0 ? null : fraction(part, whole);
}

/** What a ratio would be divided by if that is zero: `ntlb.hit + ntlb.miss`; null for all else. */
export function zeroWhole(run: Counted, key: string): string | null {
  const ratio = RATIOS.find((each) => each.key === key);
  return ratio === undefined || wholeOf(run, ratio) !== 0 ? null : ratio.whole.join(' + ');
}

function countOf(run: Counted, name: string): number | null {
  return name === RECORDS ? run.records : metricOf(run, name);
}

function wholeOf(run: Counted, { whole }: Ratio): number {
  return whole.reduce((sum, name) => sum + (countOf(run, name) ?? 0), 0);
}

/** True if the metric is a ratio, which may lie between whole numbers. */
export function isRatio(key: string): boolean {
  return RATIOS.some((ratio) => ratio.key === key);
}
