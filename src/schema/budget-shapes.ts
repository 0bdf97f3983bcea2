/** Budgets: the section of a configuration file, and a line of `-r ndjson` for each that was checked. */
import { CHECK_SCHEMA } from '../report/budget/check-data.js';
import type { Check } from '../report/budget/check-report.js';
import type { MovedMetric } from '../report/budget/moved.js';
import { BUDGET_METRICS } from '../report/budget/ratios.js';
import { configValue } from './config-value.js';
import {
  type AnyShape,
  count,
  fromJson,
  list,
  named,
  literal,
  nullable,
  number,
  object,
  oneOf,
  record,
  text,
} from './shape.js';

/** `1200`, `10k`, `+1%`, `-5` (report/budget/expression.ts). */
const VALUE_WORD = '^\\s*[+-]?(\\d+|\\d{1,3}(,\\d{3})+)(\\.\\d+)?[kMG]?%?\\s*$';

/** `[MODE:][interval:]METRIC`; cost is known of whole runs only. */
function targetPattern(): string {
  const words = (cost: boolean): string =>
    BUDGET_METRICS.filter((metric) => metric.startsWith('cost.') === cost)
      .join('|')
      .replaceAll('.', '\\.');
  return `^((?!interval:)[^:]+:)?((interval:)?(${words(false)})|(${words(true)}))$`;
}

const value = {
  anyOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: VALUE_WORD },
  ],
};

/** What is allowed, by target; metrics spelt whole, as JSON has them. */
export const budgets: AnyShape = fromJson({
  type: 'object',
  properties: { $schema: { type: 'string' } },
  patternProperties: {
    [targetPattern()]: {
      type: 'object',
      properties: { max: value, min: value },
      minProperties: 1,
      additionalProperties: false,
    },
  },
  additionalProperties: false,
});

const checkFields = {
  budget: text,
  origin: text,
  status: oneOf(['ok', 'failed', 'skipped'] as const),
  trace: text,
  mode: text,
  point: record(configValue),
  interval: nullable(count),
  metric: text,
  base: nullable(number),
  limit: nullable(number),
  value: nullable(number),
  excess: nullable(number),
  said: text,
  moved: list(object<MovedMetric>({ key: text, base: number, value: number })),
};

/** What became of a budget, in a value that holds several. */
export const check = named('check', object<Check>(checkFields));

interface CheckLine extends Check {
  readonly schema: typeof CHECK_SCHEMA;
}

export const checkLine = object<CheckLine>({ schema: literal(CHECK_SCHEMA), ...checkFields });
