import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fails, limitOf } from '../../../../src/report/budget/budget.js';
import { parseBudget } from '../../../../src/report/budget/expression.js';
import { fraction } from '../../../../src/report/budget/fraction.js';
import { bestKept } from '../../../../src/report/budget/kept-limit.js';

/** Counts are whole and below 2^53. */
const counts = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.maxSafeInteger().map(Math.abs));
/** Percentages with up to three decimals, in thousandths. */
const thousandths = fc.integer({ min: -100_000, max: 300_000 });

describe('the limit that is shown', () => {
  it('is kept, and one count beyond it is not, whatever the baseline and the percentage', () => {
    fc.assert(
      fc.property(counts, thousandths, fc.constantFrom('>', '>=', '<', '<='), (base, parts, operator) => {
        const size = `${Math.floor(Math.abs(parts) / 1000)}.${String(Math.abs(parts) % 1000).padStart(3, '0')}`;
        const budget = parseBudget(`walk.refs ${operator} ${parts < 0 ? '-' : '+'}${size}%`, 'test');
        const limit = limitOf(budget.value, fraction(base))!;
        const kept = bestKept(budget, limit);
        const beyond = { ...kept, numerator: kept.numerator + (operator.startsWith('>') ? 1n : -1n) };
        expect(kept.denominator).toBe(1n);
        expect(fails(kept, budget.operator, limit)).toBe(false);
        expect(fails(beyond, budget.operator, limit)).toBe(true);
        // The same by hand, in whole numbers: count x 100,000 against base x (100,000 + thousandths of a percent).
        const over = kept.numerator * 100_000n - BigInt(base) * BigInt(100_000 + parts);
        expect(operator.startsWith('>') ? over <= 0n : over >= 0n).toBe(true);
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
