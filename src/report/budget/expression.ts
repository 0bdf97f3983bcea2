/**
 * Reads budgets: `[MODE:][interval:]METRIC OP VALUE` as words, and the same target with `max` and `min` in a file.
 *
 * VALUE is a number; with a sign or a percent sign it is relative to the baseline. Everything is checked before
 * anything is replayed.
 */
import type { DocumentPart } from '../../config/document.js';
import { ConfigError } from '../../errors.js';
import { didYouMean } from '../../util/registry.js';
import { type Budget, BUDGET_OPERATORS, type BudgetOperator, type BudgetValue } from './budget.js';
import { decimalText, parseDecimal } from './fraction.js';
import { BUDGET_METRICS } from './ratios.js';

/** The word before a metric that asks for every slice. */
const INTERVAL = 'interval';

const METRICS_HINT = '`p2msim explain` lists the metrics and the ratios of two';
const VALUE_FORMS = 'a number such as 1200, 10k or 0.5, or a change such as +1%, -5 or +0';

/** What is wrong with a part of a budget, and where it begins in its text. */
class Mistake extends Error {
  readonly at: number;
  readonly span: number;
  readonly hint: string | undefined;

  constructor(message: string, at: number, span: number, hint?: string) {
    super(message);
    this.at = at;
    this.span = span;
    this.hint = hint;
  }
}

/** What a budget is about. */
interface Target {
  readonly mode: string | null;
  readonly perInterval: boolean;
  readonly metric: string;
}

/** The budget of `--fail-on TEXT`. Throws {@link ConfigError} with carets under what is wrong. */
export function parseBudget(text: string, origin: string): Budget {
  try {
    return parsed(text, origin);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    const excerpt = { line: 1, column: error.at + 1, text, span: error.span };
    throw new ConfigError(`${origin}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      excerpt,
    });
  }
}

function parsed(text: string, origin: string): Budget {
  const [, before = '', target = '', gap = '', operator = '', space = '', value = ''] =
    /^(\s*)([^\s<>=!]*)(\s*)([<>=!]*)(\s*)(.*?)\s*$/s.exec(text) ?? [];
  const operatorAt = before.length + target.length + gap.length;
  if (target === '') throw new Mistake('expected METRIC OP VALUE, such as walk.refs > +1%', before.length, 1);
  const about = targetOf(target, before.length);
  return {
    text: `${target} ${operator} ${value}`,
    origin,
    ...about,
    operator: operatorOf(operator, text, operatorAt),
    value: valueOf(value, operatorAt + operator.length + space.length),
  };
}

function operatorOf(operator: string, text: string, at: number): BudgetOperator {
  const found = BUDGET_OPERATORS.find((each) => each === operator);
  if (found !== undefined) return found;
  const what =
    operator === '' ? (text.slice(at).trim() === '' ? 'it ends' : 'there is none') : `it is '${operator}'`;
  throw new Mistake(
    `expected an operator after the metric, one of ${BUDGET_OPERATORS.join(' ')}; ${what}`,
    at,
    operator.length,
    'the condition is the one that fails: `walk.refs > +1%` fails if there are more',
  );
}

/** `hap:interval:walk.refs`, in its parts. */
function targetOf(text: string, at: number): Target {
  const words = text.split(':');
  const metric = words.pop() ?? '';
  const metricAt = at + text.length - metric.length;
  const perInterval = words.at(-1) === INTERVAL;
  if (perInterval) words.pop();
  const [mode = null, ...more] = words;
  if (more.length > 0 || mode === '') {
    throw new Mistake(`expected [MODE:][${INTERVAL}:]METRIC, found '${text}'`, at, text.length);
  }
  if (!BUDGET_METRICS.includes(metric)) {
    const near = didYouMean(metric, BUDGET_METRICS);
    const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
    throw new Mistake(`unknown metric '${metric}'${suggestion}`, metricAt, metric.length, METRICS_HINT);
  }
  if (perInterval && metric.startsWith('cost.')) {
    throw new Mistake(`cost is known of whole runs only, not per ${INTERVAL}`, metricAt, metric.length);
  }
  return { mode, perInterval, metric };
}

function valueOf(text: string, at: number): BudgetValue {
  const [, sign = '', digits = '', percent = ''] = /^([+-]?)(.*?)(%?)$/s.exec(text) ?? [];
  const size = parseDecimal(digits);
  if (size === null) {
    const what = text === '' ? 'it ends' : `it is '${text}'`;
    throw new Mistake(`expected a value: ${VALUE_FORMS}; ${what}`, at, text.length);
  }
  const amount = sign === '-' ? { ...size, numerator: -size.numerator } : size;
  return { relation: percent === '%' ? 'percent' : sign === '' ? 'absolute' : 'change', amount };
}

/** Which condition fails where a file says what is allowed. */
const BOUNDS = { max: '>', min: '<' } as const;
const BOUND_NAMES = Object.keys(BOUNDS);

/** The budgets of a section `{"walk.refs": {"max": "+1%"}}`. Throws {@link ConfigError} with line and column. */
export function budgetsOfSection(section: DocumentPart): Budget[] {
  return section
    .entries('a table of metrics, each with its max or min')
    .filter(([name]) => name !== '$schema')
    .flatMap(([name, part]) => sectionEntry(name, part));
}

/** Dotted keys of TOML are tables in tables: `walk.refs.max = 5` is as good as `"walk.refs" = {max = 5}`. */
function sectionEntry(name: string, part: DocumentPart): Budget[] {
  const entries = part.entries('a table with max or min, such as {"max": "+1%"}');
  const nested = entries.filter(([word]) => !BOUND_NAMES.includes(word));
  const bounds = entries.filter(([word]) => BOUND_NAMES.includes(word));
  const deeper = nested.flatMap(([word, inner]) => {
    if (inner.isTable()) return sectionEntry(`${name}.${word}`, inner);
    throw inner.mistake(`unknown name '${word}' of budget '${name}'; expected max or min`, { at: 'name' });
  });
  if (entries.length === 0) throw part.wrong('a table with max or min');
  if (bounds.length === 0) return deeper;
  const target = placed(part, 'name', () => targetOf(name, 0));
  const own = bounds.map(([word, inner]): Budget => {
    const bound = word === 'max' ? 'max' : 'min';
    const value = placed(inner, 'value', () => valueOf(boundText(inner), 0));
    return {
      text: `${name}: ${bound} ${boundText(inner)}`,
      origin: `${inner.file}:${inner.line}`,
      ...target,
      operator: BOUNDS[bound],
      value,
    };
  });
  return [...own, ...deeper];
}

/** A number of the file is absolute: no count is negative, so that a signed one was meant as a change. */
function boundText(part: DocumentPart): string {
  const { value } = part;
  if (typeof value === 'number' && value >= 0) return decimalText(value);
  if (typeof value === 'string') return value.trim();
  throw part.wrong(`${VALUE_FORMS} in quotes`);
}

function placed<T>(part: DocumentPart, at: 'name' | 'value', read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    throw part.mistake(error.message, { at, hint: error.hint });
  }
}
