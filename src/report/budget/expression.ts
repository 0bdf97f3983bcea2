/**
 * Reads budgets: `[MODE:][interval:]METRIC OP VALUE` as words, and the same target with `max` and `min` in a file.
 *
 * VALUE is a number; with a sign or a percent sign it is relative to the baseline. Everything is checked before
 * anything is replayed.
 */
import { type DocumentPart, mistakeAt } from '../../config/document.js';
import { ConfigError, type Excerpt, InternalError } from '../../errors.js';
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
function sectionEntry(name: string, part: DocumentPart, above: readonly DocumentPart[] = []): Budget[] {
  const entries = part.entries('a table with max or min, such as {"max": "+1%"}');
  const parts = [...above, part];
  const nested = entries.filter(([word]) => !BOUND_NAMES.includes(word));
  const bounds = entries.filter(([word]) => BOUND_NAMES.includes(word));
  const deeper = nested.flatMap(([word, inner]) => {
    if (inner.isTable()) return sectionEntry(`${name}.${word}`, inner, parts);
    const excerpt = inner.excerpt('name', { at: 0, length: word.length });
    throw mistakeAt(inner.file, excerpt, `unknown name '${word}' of budget '${name}'; expected max or min`);
  });
  if (entries.length === 0) throw part.mistake(`budget '${name}' has neither max nor min`, { at: 'name' });
  if (bounds.length === 0) return deeper;
  const target = placed(
    part,
    (at, length) => nameExcerpt(parts, at, length),
    () => targetOf(name, 0),
  );
  const mode = nameExcerpt(parts, 0, target.mode?.length ?? name.length);
  return [
    ...bounds.map(([word, inner]) => boundOf(name, word === 'max' ? 'max' : 'min', inner, target, mode)),
    ...deeper,
  ];
}

function boundOf(
  name: string,
  bound: 'max' | 'min',
  part: DocumentPart,
  target: Target,
  mode: Excerpt,
): Budget {
  const text = boundText(part);
  const value = placed(
    part,
    (at, length) => valueExcerpt(part, at, length),
    () => valueOf(text, 0),
  );
  return {
    text: `${name}: ${bound} ${text}`,
    origin: `${part.file}:${part.line}`,
    ...target,
    operator: BOUNDS[bound],
    value,
    place: { file: part.file, mode, value: part.excerpt() },
  };
}

/** Part of the text of a bound, which counts without the blanks around it. */
function valueExcerpt(part: DocumentPart, at: number, length: number): Excerpt {
  const { value } = part;
  const blanks = typeof value === 'string' ? value.length - value.trimStart().length : 0;
  return part.excerpt('value', { at: blanks + at, length });
}

/** Part of a name whose words are the names of `parts` with dots between them. */
function nameExcerpt(parts: readonly DocumentPart[], at: number, length: number): Excerpt {
  const words = wordsOf(parts);
  const end = at + length;
  const within = words.filter(({ from, to }) => from < end && to > at);
  const [first, ...more] = (within.length === 0 ? words.slice(-1) : within).map(({ part, from, to }) => {
    const start = Math.max(at, from);
    return part.excerpt('name', { at: start - from, length: Math.min(end, to) - start });
  });
  const last = more.at(-1) ?? first;
  if (first === undefined || last === undefined) throw new InternalError('a budget without a name');
  const span = last.column + last.span - first.column;
  // `[walk.refs]` is underlined as one; of {"walk": {"refs": ...}} the last word is.
  const between = first.text.slice(first.column - 1 + first.span, last.column - 1);
  return first.line === last.line && /^["'\s.\w-]*$/.test(between) ? { ...first, span } : last;
}

interface NameWord {
  readonly part: DocumentPart;
  readonly from: number;
  readonly to: number;
}

function wordsOf(parts: readonly DocumentPart[]): NameWord[] {
  const words: NameWord[] = [];
  for (const part of parts) {
    const from = (words.at(-1)?.to ?? -1) + 1;
    words.push({ part, from, to: from + String(part.path.at(-1)).length });
  }
  return words;
}

/** A number of the file is absolute: no count is negative, so that a signed one was meant as a change. */
function boundText(part: DocumentPart): string {
  const { value } = part;
  if (typeof value === 'number' && value >= 0) return decimalText(value);
  if (typeof value === 'string') return value.trim();
  throw part.wrong(`${VALUE_FORMS} in quotes`);
}

/** What `read` gives; what it finds wrong is said at its place in the file. */
function placed<T>(
  { file }: DocumentPart,
  excerpt: (at: number, length: number) => Excerpt,
  read: () => T,
): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    throw mistakeAt(file, excerpt(error.at, error.span), error.message, { hint: error.hint });
  }
}
