/** What became of budgets: a check for each on each run, or on each slice of one. */
import type { ConfigValue } from '../../config/keys.js';
import type { MovedMetric } from './moved.js';

export interface Check {
  readonly budget: string;
  /** Where the budget was written. */
  readonly origin: string;
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly trace: string;
  readonly mode: string;
  /** In a sweep: the swept keys with the values of this point. In a diff: what makes the side. */
  readonly point: Readonly<Record<string, ConfigValue>>;
  /** First record of the slice; null for the whole run. */
  readonly interval: number | null;
  readonly metric: string;
  readonly base: number | null;
  /** The last value that keeps the budget: of a count a whole number. */
  readonly limit: number | null;
  readonly value: number | null;
  /** By how much the value is beyond the limit. */
  readonly excess: number | null;
  /** One line: the numbers, and by how much; or why it was not judged. */
  readonly said: string;
  /** Of a violated budget with a baseline: what else changed, the nearest relatives first. */
  readonly moved: readonly MovedMetric[];
}

export interface CheckReport {
  readonly checks: readonly Check[];
  /** True if nobody wrote a budget: only reporters that show nothing else show these checks. */
  readonly implicit: boolean;
}

export function failedChecks({ checks }: CheckReport): readonly Check[] {
  return checks.filter(({ status }) => status === 'failed');
}

/** Budgets that were judged nowhere, each by the first of its checks: whether they are kept is not known. */
export function unjudgedChecks({ checks }: CheckReport): readonly Check[] {
  const budgets = new Map<string, Check>();
  const judged = new Set<string>();
  for (const check of checks) {
    const name = JSON.stringify([check.origin, check.budget]);
    if (!budgets.has(name)) budgets.set(name, check);
    if (check.status !== 'skipped') judged.add(name);
  }
  return [...budgets].flatMap(([name, check]) => (judged.has(name) ? [] : [check]));
}
