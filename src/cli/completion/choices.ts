/**
 * What the values of options and arguments may be: names of the registries, keys, metrics; words of the tables of flags.
 *
 * An option that is not here has no choices; one whose value is a `<file>` has file names.
 */
import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import type { ConfigKey } from '../../index.js';
import type { FullLibrary } from '../context.js';

export interface Choices {
  readonly words: readonly string[];
  readonly files: boolean;
  /** Several, joined by commas. */
  readonly list: boolean;
  /** More follows what is offered, such as the value after `key=`. */
  readonly open: boolean;
}

/** Configuration keys by the long names of the flags that set them. */
export type KeysOfFlags = ReadonlyMap<string, string>;

export const NOTHING: Choices = { words: [], files: false, list: false, open: false };
const FILES: Choices = { ...NOTHING, files: true };

function of(words: readonly string[]): Choices {
  return { ...NOTHING, words };
}

function listOf(words: readonly string[]): Choices {
  return { ...NOTHING, words, list: true };
}

/** Words of options that mean the same in every command. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  '--color': ['auto', 'always', 'never'],
  '--progress': ['auto', 'never', 'ndjson'],
  '--on-error': ['fail', 'skip'],
  '--lackey-modify': ['one', 'two'],
  '--emit': ['slurm'],
  '--tool': ['auto', 'qemu', 'lackey'],
  '--guest-features': ['pcid=on', 'pcid=off'],
};

/** What a key may be, as far as that is a list of words. */
function keyChoices(row: ConfigKey, library: FullLibrary): Choices {
  if (row.key === 'shadow.policy') return { ...FILES, words: library.policies.names() };
  if (row.type === 'choice') return of(row.choices);
  if (row.type === 'boolean') return of(['on', 'off']);
  if (row.type === 'sizes') return of(['4k', '2m', '1g', '4k+2m', '4k+2m+1g']);
  return row.auto ? of(['auto']) : NOTHING;
}

/** `stlb.entries=`, and after that its values. */
function assignment(current: string, library: FullLibrary): Choices {
  const [name = '', value] = current.split('=');
  const keys = library.CONFIG_KEYS;
  if (value === undefined) return { ...of(keys.map(({ key }) => `${key}=`)), open: true };
  const row = keys.find(({ key }) => key === name);
  const { words } = row === undefined ? NOTHING : keyChoices(row, library);
  return of(words.map((word) => `${name}=${word}`));
}

function metrics(library: FullLibrary): string[] {
  const { COUNTERS, MEMORY_COUNTERS } = library;
  return [...COUNTERS, ...MEMORY_COUNTERS].map(({ key }) => key).concat('cost.cycles');
}

function dimensions(library: FullLibrary): string[] {
  const own = ['metric', 'mode', 'trace', 'preset', 'version', 'file', 'interval'];
  return own.concat(library.CONFIG_KEYS.map(({ key }) => key));
}

/** `--set` of validate names a build, all others set keys. */
function isAssignment(option: Option): boolean {
  return option.flags.includes('key=value');
}

function modes(command: CommandUnknownOpts, option: Option, library: FullLibrary): Choices {
  if (command.name() === 'validate') return of(['shadow', 'shadow-nooos', 'hap', 'hap:legacy']);
  const words = library.backends.names();
  return option.flags.includes('<modes>') ? { ...listOf(words), files: true } : { ...of(words), files: true };
}

function formats(command: CommandUnknownOpts, library: FullLibrary): Choices {
  if (command.name() === 'collect') return of(library.exportFormats.names());
  if (command.name() === 'table') return of(library.projectionFormats.names());
  return of(library.formats.names());
}

/** The axis of a sweep: a key, then the values that it is to have; a range has numbers. */
function axisChoices(long: string, [name]: readonly string[], library: FullLibrary): Choices {
  const keys = library.CONFIG_KEYS;
  if (name === undefined)
    return of([...keys.map(({ key }) => key), ...(long === '--values' ? ['preset'] : [])]);
  if (long !== '--values') return NOTHING;
  if (name === 'preset') return listOf(library.presets.names());
  const row = keys.find(({ key }) => key === name);
  return row === undefined ? NOTHING : { ...keyChoices(row, library), list: true };
}

/** `gen:zipf`, and behind it its parameters: `gen:zipf,footprint=`. */
function generated(current: string, library: FullLibrary): Choices {
  const [name = '', ...settings] = current.slice('gen:'.length).split(',');
  const names = library.generators.names();
  if (settings.length === 0) return of(names.map((each) => `gen:${each}`));
  if (!names.includes(name)) return NOTHING;
  const params = library.generatorParams(library.generators.get(name));
  return { ...listOf(params.map((param) => `${param.name}=`)), open: true };
}

/** A file or a generated trace. */
function traceChoices(current: string, library: FullLibrary): Choices {
  if (current.startsWith('gen:')) return generated(current, library);
  return current !== '' && 'gen:'.startsWith(current) ? { ...of(['gen:']), files: true, open: true } : FILES;
}

/** By long name, where the choices come from the library. */
function named(command: CommandUnknownOpts, option: Option, current: string, library: FullLibrary) {
  switch (option.long) {
    case '--mode':
      return modes(command, option, library);
    case '--preset':
      return of(library.presets.names());
    case '--format':
      return formats(command, library);
    case '--to':
      return of(library.traceWriters.names());
    case '--reporter':
      return of(command.name() === 'mrc' ? ['table', 'csv', 'json'] : library.reporters.names());
    case '--fail-on':
      return of(library.BUDGET_METRICS);
    case '--metrics':
    case '--metric':
      return listOf(metrics(library));
    case '--row':
    case '--col':
      return listOf(dimensions(library));
    case '--allow-different':
      return listOf(library.INPUT_KINDS);
    case '--set':
      return isAssignment(option) ? assignment(current, library) : of(['linux-6.12.107', 'legacy']);
    case '--experiment':
      return of(library.experiments.names());
    case '--policy':
      return { ...FILES, words: library.policies.names() };
    case '--suite':
      return of(['xen', 'kvm', 'published']);
    case '--scenario':
      return of(library.scenarioSuites().flatMap(({ scenarios }) => scenarios.names()));
    default:
      return undefined;
  }
}

/** What the value of an option may be, of which `current` is typed. */
export function optionChoices(
  command: CommandUnknownOpts,
  option: Option,
  current: string,
  keys: KeysOfFlags,
  library: FullLibrary,
  given: readonly string[] = [],
): Choices {
  const long = option.long ?? '';
  if (option.variadic) return axisChoices(long, given, library);
  const row = library.CONFIG_KEYS.find(({ key }) => key === keys.get(long));
  if (row !== undefined) return keyChoices(row, library);
  const words = WORDS[long];
  if (words !== undefined) return of(words);
  return named(command, option, current, library) ?? (/<(name\[=)?file/.test(option.flags) ? FILES : NOTHING);
}

/** What an argument may be; files for all that take traces or results. */
export function argumentChoices(
  command: CommandUnknownOpts,
  operands: readonly string[],
  current: string,
  library: FullLibrary,
): Choices {
  const first = operands.length === 0;
  switch (command.name()) {
    case 'explain':
      return first ? of(library.explainTopics().filter((topic) => !topic.includes(' '))) : NOTHING;
    case 'presets':
      return first ? of(library.presets.names()) : NOTHING;
    case 'experiments':
      return first ? of(library.experiments.names()) : NOTHING;
    case 'schema':
      return first ? of(library.SCHEMAS.all().flatMap(({ name, id }) => [name, id])) : NOTHING;
    case 'generate':
      return first ? of(library.generators.names()) : NOTHING;
    case 'completion':
      return first ? of(['bash', 'zsh', 'fish']) : NOTHING;
    default:
      return command.registeredArguments.length > 0 ? traceChoices(current, library) : NOTHING;
  }
}
