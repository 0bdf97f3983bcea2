/**
 * Every number of a result under one dotted key: counters, `memory.*` (pages), `cost.*` (cycles).
 *
 * The same keys serve `--metrics`, the CSV, budgets and `explain`.
 */
import { DEFAULT_COST_TABLE } from '../cost/table.js';
import { COST_GROUPS } from '../cost/types.js';
import { UsageError } from '../errors.js';
import { COUNTERS, type CounterValues, MEMORY_COUNTERS, type TableMemory } from '../counters.js';
import { didYouMean } from '../util/registry.js';
import type { RunResult } from './result.js';

/** A metric and its value: an integer. */
export type MetricValue = readonly [key: string, value: number];

/** All metrics of a run in declared order. */
export function metricValues(run: RunResult): MetricValue[] {
  return [
    ...countedValues(run.counters, run.memory),
    ['cost.cycles', run.cost.cycles],
    ['cost.low.cycles', run.cost.low],
    ['cost.high.cycles', run.cost.high],
    ...COST_GROUPS.map((group) => [`cost.${group}.cycles`, run.cost.byGroup[group]] as const),
    ...run.cost.terms.map((term) => [`cost.${term.term}.cycles`, term.cycles] as const),
  ];
}

/** Counters and table pages, of a run or of a slice of it. */
export function countedValues(counters: CounterValues, memory: TableMemory): MetricValue[] {
  return [
    ...Object.entries(counters),
    ...Object.entries(memory).map(([key, pages]) => [`memory.${key}`, pages] as const),
  ];
}

/** Every key that {@link metricValues} can give for a built-in mode. */
export const METRIC_KEYS: readonly string[] = [
  ...COUNTERS.map((counter) => counter.key),
  ...MEMORY_COUNTERS.map((counter) => counter.key),
  'cost.cycles',
  'cost.low.cycles',
  'cost.high.cycles',
  ...COST_GROUPS.map((group) => `cost.${group}.cycles`),
  ...DEFAULT_COST_TABLE.rows.map((row) => `cost.${row.term}.cycles`),
];

/**
 * A test for metric keys: `globs` are patterns joined by commas, in which `*` stands for any run of
 * characters and `?` for one. Throws {@link UsageError} if a pattern matches no metric, so that a
 * command can check `--metrics` before it replays anything.
 */
export function metricMatcher(
  globs: string,
  known: readonly string[] = METRIC_KEYS,
): (key: string) => boolean {
  const patterns = globs.split(',').map((glob) => glob.trim());
  const expressions = patterns.map((glob) => {
    const expression = globExpression(glob);
    if (!known.some((key) => expression.test(key))) throw noSuchMetric(glob, known);
    return expression;
  });
  return (key) => expressions.some((expression) => expression.test(key));
}

function globExpression(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
}

function noSuchMetric(glob: string, known: readonly string[]): UsageError {
  const near = didYouMean(glob, known);
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  return new UsageError(`no metric matches '${glob}'${suggestion}`, { hint: 'p2msim explain metrics' });
}
