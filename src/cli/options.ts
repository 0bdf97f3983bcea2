/**
 * From words on the command line to typed options: the only place that reads commander's values.
 *
 * A wrong word is an error that names the flag, what was found and what was expected, with a
 * suggestion where the choice is a name.
 */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { Option } from '@commander-js/extra-typings';
import type { ReadOptions, Setting } from '../index.js';
import { readConfigFile, readConfigText } from './config-file.js';
import type { Context, Library } from './context.js';
import { FLAGS, type FlagSet } from './flags.js';
import { type Flag, longName } from './flags/flag.js';

const DEFAULT_MAX_ERRORS = 10;

/** Declares the flags of the given sets on a command, under their help groups. */
export function addFlags(command: CommandUnknownOpts, ...sets: readonly FlagSet[]): void {
  for (const flag of sets.flatMap((set) => FLAGS[set])) command.addOption(toOption(flag));
}

function toOption(flag: Flag): Option {
  const shown = flag.shown === undefined ? '' : ` (default: ${flag.shown})`;
  const option = new Option(flag.flags, flag.what + shown).helpGroup(`${flag.group}:`);
  if (flag.repeatable !== true) return option;
  return option.argParser(collected);
}

/** Parser of an option that may be repeated: the words so far and this one. */
export function collected(word: string, earlier: unknown): string[] {
  return [...listOf(earlier), word];
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** What the user gave, by the camel-case name that commander makes of a flag. */
export class Given {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #library: Library;

  constructor(values: Readonly<Record<string, unknown>>, library: Library) {
    this.#values = values;
    this.#library = library;
  }

  text(name: string): string | undefined {
    const value = this.#values[camelCase(name)];
    return typeof value === 'string' ? value : undefined;
  }

  list(name: string): string[] {
    return listOf(this.#values[camelCase(name)]);
  }

  flag(name: string): boolean {
    return this.#values[camelCase(name)] === true;
  }

  /** True if the option was given at all. */
  has(name: string): boolean {
    return this.#values[camelCase(name)] !== undefined;
  }

  /** One of a few words. */
  word<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    const near = this.#library.didYouMean(text, choices);
    const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
    throw new this.#library.UsageError(
      `--${name} is '${text}'${suggestion}; expected one of ${choices.join(', ')}`,
    );
  }

  /** A number of records: `500`, `10k`, `2M` (powers of ten). */
  count(name: string, otherwise: number): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const match = /^(\d{1,15})([kMG]?)$/.exec(text);
    const factor = { '': 1, k: 1e3, M: 1e6, G: 1e9 }[match?.[2] ?? ''];
    const count = match === null || factor === undefined ? NaN : Number(match[1]) * factor;
    if (Number.isSafeInteger(count)) return count;
    throw new this.#library.UsageError(`--${name} is '${text}'; expected a count such as 500, 10k or 2M`);
  }
}

function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Refuses several modes for a command that takes one. */
export function refuseModes(mode: string, command: string, library: Library): void {
  if (!mode.includes(',') || library.isBackendPath(mode)) return;
  throw new library.UsageError(`${command} takes one mode, and -m is '${mode}'`, {
    hint: command === 'replay' ? `\`p2msim compare TRACE -m ${mode}\` takes several` : 'name one of them',
  });
}

/** The value of `--mode`, before the library is there to check it. */
export function modeOf(values: Readonly<Record<string, unknown>>, otherwise: string): string {
  return typeof values['mode'] === 'string' ? values['mode'] : otherwise;
}

/** Input options: how the trace is read. */
export function readOptions(given: Given, library: Library): ReadOptions {
  const onError = given.word('on-error', ['fail', 'skip'], 'fail');
  if (onError === 'fail' && given.has('max-errors')) {
    throw new library.UsageError('--max-errors is given, but no bad record is skipped', {
      hint: 'give `--on-error skip`, too, or leave out --max-errors',
    });
  }
  return readOptionsOf(given, onError);
}

/** The same for `trace check`, which reads on behind bad records in any case. */
export function checkOptions(given: Given): ReadOptions {
  return { ...readOptionsOf(given, 'skip'), maxErrors: Infinity };
}

function readOptionsOf(given: Given, onError: ReadOptions['onError']): ReadOptions {
  return {
    onError,
    maxErrors: given.count('max-errors', onError === 'skip' ? DEFAULT_MAX_ERRORS : 0),
    modifyAsTwo: given.word('lackey-modify', ['one', 'two'], 'one') === 'two',
    ignoreColumns: given.flag('ignore-columns'),
  };
}

/** More threads than this only take memory from each other. */
const MOST_JOBS = 256;

/** Threads: `--jobs`, or `otherwise`. */
export function jobsOf(given: Given, library: Library, otherwise: number): number {
  const jobs = given.count('jobs', otherwise);
  if (jobs >= 1 && jobs <= MOST_JOBS) return jobs;
  throw new library.UsageError(`--jobs is ${jobs}; expected 1 to ${MOST_JOBS}`, {
    hint: `give the number of threads, or leave --jobs out for ${otherwise === 1 ? 'one' : 'one per processor'}`,
  });
}

/** Accesses that are taken at most. */
export function limitOf(given: Given, library: Library): number {
  const limit = given.count('limit', Infinity);
  if (limit > 0) return limit;
  throw new library.UsageError('--limit is 0; expected at least 1 access');
}

/** Which records are replayed. */
export function runOptions(given: Given, library: Library) {
  if (given.flag('lenient') && given.flag('strict')) {
    throw new library.UsageError('--lenient and --strict exclude each other');
  }
  if (given.has('interval') && given.count('interval', 1) === 0)
    throw new library.UsageError('--interval is 0; expected at least 1 record', {
      hint: 'leave --interval out for no time series',
    });
  return {
    skip: given.count('skip', 0),
    warmup: given.count('warmup', 0),
    limit: limitOf(given, library),
    interval: given.count('interval', 0),
    lenient: given.flag('lenient'),
    strip: given.flag('strip'),
    jobs: jobsOf(given, library, 1),
  };
}

function flagSettings(given: Given, library: Library): Setting[] {
  const settings = [...FLAGS.model, ...FLAGS.hardware].flatMap((flag) => {
    const name = longName(flag);
    const text = given.text(name.slice(2));
    return flag.key === undefined || text === undefined ? [] : [library.parseSetting(flag.key, text, name)];
  });
  return [...settings, ...featureSettings(given.text('guest-features'), library)];
}

/** `pcid=on,...`: the features of the guest that can be switched. */
function featureSettings(text: string | undefined, library: Library): Setting[] {
  if (text === undefined) return [];
  return text.split(',').map((feature) => {
    const [name = '', value = ''] = feature.split('=');
    if (name === 'pcid') return library.parseSetting('guest.pcid', value, '--guest-features');
    throw new library.UsageError(`--guest-features: unknown feature '${name}'; features are pcid`);
  });
}

/** Preset and settings: file < environment < flags < `--set`. */
export async function configOptions(given: Given, context: Context, library: Library) {
  const file = await readConfigFile(given, library);
  const environment = library.environmentSettings(context.environment, library.checkPolicyName);
  const assigned = given.list('set').map((text) => library.parseAssignment(text, '--set'));
  return {
    preset: given.text('preset') ?? environment.preset ?? file.preset,
    settings: [...file.settings, ...environment.settings, ...flagSettings(given, library), ...assigned],
  };
}

/** The cost table of `--cost`, or undefined for the built-in one. */
export async function costOption(given: Given, library: Library) {
  const path = given.text('cost');
  if (path === undefined) return undefined;
  const document = await library.parseDocument(readConfigText(path, library), path);
  return document.placedFields(() => library.loadCostTable(document.value, path));
}

/** Refuses words that say how to replay a trace, where none is replayed anew; `because` ends the message. */
export function refuseRunFlags(given: Given, library: Library, because: string): void {
  const flags = [...FLAGS.input, ...FLAGS.run, ...FLAGS.modes, ...FLAGS.model, ...FLAGS.hardware];
  // --no-strip has a value in any case, and no consequence.
  const found = flags.map(longName).find((name) => name !== '--no-strip' && given.has(name.slice(2)));
  if (found !== undefined) throw new library.UsageError(`${found} is for the replay of a trace, ${because}`);
}
