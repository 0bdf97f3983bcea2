/**
 * The limit of a budget as it is shown: the last value that keeps it.
 *
 * `walk.refs > +1%` of 3,550,944 fails above 3,586,453.44. A count cannot be between whole numbers, so that 3,586,453 is
 * the most that passes, and what is over is counted from there. Whether a budget fails is never decided with it.
 */
import type { Budget } from './budget.js';
import { ceiling, floor, type Fraction } from './fraction.js';
import { isRatio } from './ratios.js';

export function bestKept({ metric, operator }: Budget, limit: Fraction): Fraction {
  if (isRatio(metric)) return limit;
  const whole = (numerator: bigint): Fraction => ({ numerator, denominator: 1n });
  switch (operator) {
    case '>':
      return whole(floor(limit));
    case '>=':
      return whole(ceiling(limit) - 1n);
    case '<':
      return whole(ceiling(limit));
    case '<=':
      return whole(floor(limit) + 1n);
    case '==':
      return limit;
  }
}
