/**
 * Budget: a condition on one metric that a run has to keep.
 *
 * `--fail-on 'walk.refs > +1%'` states when it fails; a `budgets` section states what is allowed (`max`, `min`). Both
 * become the same: a metric, an operator that fails, and a value that is absolute or relative to a baseline.
 */
import type { Excerpt } from '../../errors.js';
import { compareFractions, type Fraction, plus, times } from './fraction.js';

/** The run fails if `value OP limit` is true. */
export const BUDGET_OPERATORS = ['>', '>=', '<', '<=', '=='] as const;
export type BudgetOperator = (typeof BUDGET_OPERATORS)[number];

/** What a value is added to: nothing, the baseline, or a hundredth of the baseline as often as it says. */
export type Relation = 'absolute' | 'change' | 'percent';

export interface BudgetValue {
  readonly relation: Relation;
  readonly amount: Fraction;
}

/** Where a budget of a file stands: what is said about it later is said there. */
export interface BudgetPlace {
  readonly file: string;
  /** Of the mode, in front of the metric; of the metric if there is none. */
  readonly mode: Excerpt;
  readonly value: Excerpt;
}

export interface Budget {
  /** As a person wrote it, blanks made single: `walk.refs > +1%`, `walk.refs: max +1%`. */
  readonly text: string;
  /** `--fail-on`, or file and line. */
  readonly origin: string;
  /** The mode that it is for; null for every mode. */
  readonly mode: string | null;
  /** For every slice of --interval instead of the whole run. */
  readonly perInterval: boolean;
  readonly metric: string;
  readonly operator: BudgetOperator;
  readonly value: BudgetValue;
  /** Of a budget of a file. */
  readonly place?: BudgetPlace;
}

/** True if it cannot be checked without a baseline. */
export function isRelative({ value }: Budget): boolean {
  return value.relation !== 'absolute';
}

/** The value in numbers: of a relative one, with `base` as the baseline's. Exact. */
export function limitOf({ relation, amount }: BudgetValue, base: Fraction | null): Fraction | null {
  if (relation === 'absolute') return amount;
  if (base === null) return null;
  if (relation === 'change') return plus(base, amount);
  return plus(base, times(base, { ...amount, denominator: amount.denominator * 100n }));
}

/** True if the budget is violated. */
export function fails(value: Fraction, operator: BudgetOperator, limit: Fraction): boolean {
  const order = compareFractions(value, limit);
  switch (operator) {
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '==':
      return order === 0;
  }
}
