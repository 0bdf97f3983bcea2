/**
 * Parameters of a generator, from words to numbers: named, in range, complete, and back to one canonical text.
 *
 * Sizes are binary (`4k`, `1GiB`), counts are decimal (`10k` is 10,000), addresses hexadecimal.
 */
import { InternalError, UsageError } from '../../errors.js';
import { didYouMean } from '../../util/registry.js';
import { parseSize } from '../../util/units.js';
import { COMMON_PARAMS, USABLE_END } from './common-params.js';
import type { GeneratorParam, NumberParam, TraceGenerator } from './generator.js';

const hint = (generator: TraceGenerator): string =>
  `\`p2msim trace generate ${generator.name} --list\` shows the parameters with units, ranges and defaults`;

/** Complete parameters of a generator. */
export class GeneratorParams {
  readonly #values: ReadonlyMap<string, number | string>;

  constructor(values: ReadonlyMap<string, number | string>) {
    this.#values = values;
  }

  /** `otherwise`: if the generator has no such parameter. */
  number(name: string, otherwise?: number): number {
    const value = this.#values.get(name) ?? otherwise;
    if (typeof value !== 'number') throw new InternalError(`no generator parameter ${name} that is a number`);
    return value;
  }

  word(name: string): string {
    const value = this.#values.get(name);
    if (typeof value !== 'string') throw new InternalError(`no generator parameter ${name} that is a word`);
    return value;
  }
}

/** Those of the generator itself, then those that all have. */
export function paramsOf(generator: TraceGenerator): readonly GeneratorParam[] {
  const others = new Set([...generator.params.map(({ name }) => name), ...generator.omits]);
  return [...generator.params, ...COMMON_PARAMS.filter(({ name }) => !others.has(name))];
}

/** Given words, else defaults. Throws {@link UsageError} for unknown names, bad values and what does not go together. */
export function generatorParams(
  generator: TraceGenerator,
  given: Readonly<Record<string, string>>,
): GeneratorParams {
  const params = paramsOf(generator);
  const known = params.map(({ name }) => name);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const near = didYouMean(name, known);
    const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
    throw new UsageError(
      `generator ${generator.name} has no parameter '${name}'${suggestion}; parameters are ${known.join(', ')}`,
      { hint: hint(generator) },
    );
  }
  const values = new GeneratorParams(
    new Map(params.map((param) => [param.name, valueOf(generator, param, given[param.name])])),
  );
  const objection = tooHigh(values) ?? generator.refuse(values);
  if (objection !== null)
    throw new UsageError(`generator ${generator.name}: ${objection}`, { hint: hint(generator) });
  return values;
}

function tooHigh(values: GeneratorParams): string | null {
  const end = values.number('base') + values.number('footprint');
  if (end <= USABLE_END) return null;
  return `base and footprint reach to 0x${end.toString(16)}; expected no more than 0x${USABLE_END.toString(16)}`;
}

function valueOf(
  generator: TraceGenerator,
  param: GeneratorParam,
  word: string | undefined,
): number | string {
  if (word === undefined) return param.fallback;
  if (param.kind === 'word') {
    if (param.words.includes(word)) return word;
    const near = didYouMean(word, param.words);
    throw notInRange(generator, param, word, near === undefined ? '' : ` (did you mean '${near}'?)`);
  }
  const value = parsed(param, word);
  const multiple = param.multiple ?? 1;
  const fits = value !== null && value >= param.min && value <= param.max;
  if (fits && (param.kind === 'real' || param.kind === 'percent' || value % multiple === 0)) return value;
  throw notInRange(generator, param, word, '');
}

const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

function parsed({ kind }: NumberParam, word: string): number | null {
  switch (kind) {
    case 'size':
      return parseSize(word);
    case 'count': {
      const match = /^(\d{1,15})([kMGT]?)$/.exec(word);
      const value = match === null ? NaN : Number(match[1]) * (FACTORS[match[2] ?? ''] ?? NaN);
      return Number.isSafeInteger(value) ? value : null;
    }
    case 'address':
      return /^(0x)?[0-9a-f]{1,12}$/i.test(word) ? Number.parseInt(word, 16) : null;
    default:
      return /^\d{1,3}(\.\d{1,6})?$/.test(word) ? Number(word) : null;
  }
}

function notInRange(
  generator: TraceGenerator,
  param: GeneratorParam,
  word: string,
  suggestion: string,
): UsageError {
  const message = `generator ${generator.name}: ${param.name} is '${word}'${suggestion}; expected ${expected(param)}`;
  return new UsageError(message, { hint: `${param.name}: ${param.meaning}; ${hint(generator)}` });
}

/** What a parameter may be: `a size from 8KiB to 64TiB in multiples of 4KiB`. */
export function expected(param: GeneratorParam): string {
  if (param.kind === 'word') return `one of ${param.words.join(', ')}`;
  const [min, max] = [valueText(param, param.min), valueText(param, param.max)];
  const steps = param.multiple === undefined ? '' : ` in multiples of ${sizeText(param.multiple)}`;
  const what = {
    size: 'a size',
    count: 'a count',
    percent: 'per cent',
    real: 'a number',
    address: 'an address',
  };
  return `${what[param.kind]} from ${min} to ${max}${steps}`;
}

/** A value as one would type it. */
export function valueText(param: GeneratorParam, value: number | string): string {
  if (typeof value === 'string' || param.kind === 'word') return String(value);
  if (param.kind === 'size') return sizeText(value);
  if (param.kind === 'address') return `0x${value.toString(16)}`;
  return param.kind === 'count' ? countText(value) : String(value);
}

function sizeText(bytes: number): string {
  const units = ['', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && value % 1024 === 0 && unit < 4) [value, unit] = [value / 1024, unit + 1];
  return `${value}${units[unit]}`;
}

function countText(value: number): string {
  const letters = ['', 'k', 'M', 'G', 'T'];
  let [rest, unit] = [value, 0];
  while (rest >= 1000 && rest % 1000 === 0 && unit < 4) [rest, unit] = [rest / 1000, unit + 1];
  return `${rest}${letters[unit]}`;
}
