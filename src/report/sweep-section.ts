/** A sweep as a table: one row per point, one column per swept key, mode and metric. */
import { formatValue } from '../config/keys.js';
import { metricMatcher, metricValues } from './metric-values.js';
import { grouped } from './numbers.js';
import type { SweepResult } from './result.js';
import { row, type Section } from './section.js';

/** What is shown unless metrics are chosen; columns that are zero in every point are left out. */
export const SWEEP_METRICS = [
  'tlb.l1d.miss',
  'tlb.l1i.miss',
  'tlb.stlb.miss',
  'walk.refs',
  'vmexit.total',
  'cost.cycles',
];

/** @param globs metrics to show, zeros too; null for the report's own choice */
export function sweepSection({ axes, points }: SweepResult, globs: string | null): Section {
  const values = points.map((point) => new Map(metricValues(point)));
  const known = [...new Set(values.flatMap((map) => [...map.keys()]))];
  const matches = metricMatcher(globs ?? SWEEP_METRICS.join(','), known);
  const seen = (key: string): boolean => globs !== null || values.some((map) => (map.get(key) ?? 0) !== 0);
  const keys = known.filter((key) => matches(key) && seen(key));
  const [first, ...others] = axes.map(({ key }) => key);
  const swept = (at: number, key: string): string => formatValue(points[at]!.point?.[key] ?? '');
  const rows = points.map(({ mode }, at) => {
    const inputs = others.map((key) => swept(at, key));
    const numbers = keys.map((key) => grouped(values[at]!.get(key) ?? 0));
    return row(0, first === undefined ? mode : swept(at, first), ...inputs, mode, ...numbers);
  });
  return {
    title: first ?? 'mode',
    heads: [...others, 'mode', ...keys],
    aligns: [...others.map(() => 'right' as const), 'left', ...keys.map(() => 'right' as const)],
    rows,
  };
}
