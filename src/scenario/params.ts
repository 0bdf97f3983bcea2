/**
 * Parameters of a scenario, as text (`n=256`) or as values: named, in range, complete.
 */
import { UsageError } from '../errors.js';
import { didYouMean } from '../util/registry.js';
import type { Scenario, ScenarioParam, ScenarioParams } from './scenario.js';

/** Where every parameter is explained. */
const LIST_HINT = '`p2msim validate --list` shows scenarios, parameters and ranges';

/** Splits `k=v` words. A name given twice is a slip. */
export function splitParams(words: readonly string[]): Record<string, string> {
  const given: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at <= 0) {
      throw new UsageError(`--param is '${word}'; expected NAME=VALUE`, {
        hint: 'for example --param n=256',
      });
    }
    const name = word.slice(0, at);
    if (Object.hasOwn(given, name)) {
      throw new UsageError(`parameter ${name} is given twice: ${given[name]} and ${word.slice(at + 1)}`, {
        hint: `leave out one of the two --param ${name}`,
      });
    }
    given[name] = word.slice(at + 1);
  }
  return given;
}

/** What a parameter may be: `1 to 512`, or its words. */
export function rangeText({ range }: ScenarioParam): string {
  if (!isNumeric(range)) return range.join(', ');
  const [low, high] = range;
  return `${low} to ${high}`;
}

function isNumeric(range: ScenarioParam['range']): range is readonly [number, number] {
  return typeof range[0] === 'number';
}

/**
 * The scenario's parameters, complete and checked: given values (text or numbers), else the defaults.
 * Throws {@link UsageError} for unknown names, values out of range, and values that do not go together.
 */
export function completeParams(
  scenario: Scenario,
  given: Readonly<Record<string, number | string>>,
): ScenarioParams {
  const known = scenario.params.map(({ name }) => name);
  for (const name of Object.keys(given)) if (!known.includes(name)) throw unknownParam(scenario, name, known);
  const params = Object.fromEntries(
    scenario.params.map((param): [string, number | string] => [param.name, valueOf(scenario, param, given)]),
  );
  const objection = scenario.refuse?.(params) ?? null;
  if (objection !== null) {
    throw new UsageError(`scenario ${scenario.name}: ${objection}`, { hint: LIST_HINT });
  }
  return params;
}

function unknownParam(scenario: Scenario, name: string, known: readonly string[]): UsageError {
  const near = didYouMean(name, known);
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  const list = known.length === 0 ? 'it has none' : `parameters are ${known.join(', ')}`;
  return new UsageError(`scenario ${scenario.name} has no parameter '${name}'${suggestion}; ${list}`, {
    hint: LIST_HINT,
  });
}

function valueOf(
  scenario: Scenario,
  param: ScenarioParam,
  given: Readonly<Record<string, number | string>>,
): number | string {
  const value = Object.hasOwn(given, param.name) ? given[param.name]! : param.fallback;
  if (value === null) {
    throw new UsageError(`scenario ${scenario.name} needs parameter ${param.name} (${param.meaning})`, {
      hint: `give --param ${param.name}=VALUE, ${rangeText(param)}`,
    });
  }
  const { range } = param;
  if (!isNumeric(range)) {
    if (range.includes(String(value))) return String(value);
    const near = didYouMean(String(value), range);
    throw notInRange(scenario, param, value, near === undefined ? '' : ` (did you mean '${near}'?)`);
  }
  const number = typeof value === 'number' || /^\d{1,16}$/.test(value) ? Number(value) : NaN;
  if (Number.isSafeInteger(number) && number >= range[0] && number <= range[1]) return number;
  throw notInRange(scenario, param, value, '');
}

function notInRange(
  scenario: Scenario,
  param: ScenarioParam,
  value: number | string,
  suggestion: string,
): UsageError {
  const expected = isNumeric(param.range)
    ? `a whole number, ${rangeText(param)}`
    : `one of ${rangeText(param)}`;
  return new UsageError(
    `scenario ${scenario.name}: ${param.name} is '${value}'${suggestion}; expected ${expected}`,
    { hint: `${param.name}: ${param.meaning}; ${LIST_HINT}` },
  );
}
