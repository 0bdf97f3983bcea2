/**
 * The layers of the configuration that are read from outside: a JSON file and the environment.
 *
 * Both yield settings that carry their origin; load.ts puts them in order. Reading the file and the
 * environment itself is left to the caller, so that nothing here does I/O.
 */
import { ConfigError } from '../errors.js';
import { flatten } from './build.js';
import { CONFIG_KEYS, findKey } from './keys.js';
import { type Setting, parseSetting } from './values.js';

/** What a configuration file says. */
export interface ConfigFile {
  readonly preset: string | undefined;
  readonly settings: readonly Setting[];
}

function parseJson(text: string, file: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${file}: not valid JSON: ${why}`, { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new ConfigError(`${file}: expected a JSON object of configuration keys`, {
    hint: 'for example {"preset": "zen2", "stlb": {"entries": 4096}}',
  });
}

/**
 * Reads a configuration file: JSON with nested or dotted keys, and `preset`. `$schema` is passed over.
 * `file` is the name for messages.
 */
export function parseConfigFile(text: string, file: string): ConfigFile {
  let preset: string | undefined;
  const settings: Setting[] = [];
  for (const [key, value] of flatten(parseJson(text, file))) {
    if (key === '$schema') continue;
    if (key !== 'preset') settings.push(parseSetting(key, value, file));
    else if (typeof value === 'string') preset = value;
    else throw new ConfigError(`${file}: preset is ${JSON.stringify(value)}; expected the name of a preset`);
  }
  return { preset, settings };
}

/** Environment variables with our prefix that are not configuration keys (tests and benches use them). */
const RESERVED_ENV = /^P2MSIM_(PRESET|DEBUG|UPDATE_GOLDEN|SEEDS|TEST_.*|BENCH_.*)$/;

function environmentName(key: string): string {
  return `P2MSIM_${key.toUpperCase().replaceAll('.', '_')}`;
}

/** Settings in the environment: `P2MSIM_STLB_ENTRIES=2048`, `P2MSIM_PRESET=zen2`. */
export function environmentSettings(environment: Readonly<Record<string, string | undefined>>): ConfigFile {
  const known = new Map(CONFIG_KEYS.map((row) => [environmentName(row.key), row.key]));
  const settings: Setting[] = [];
  for (const [name, value] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith('P2MSIM_') || RESERVED_ENV.test(name) || value === undefined) continue;
    const key =
      known.get(name) ??
      findKey(name.slice(7).toLowerCase().replaceAll('_', '.'), `environment variable ${name}`).key;
    settings.push(parseSetting(key, value, `environment variable ${name}`));
  }
  return { preset: environment['P2MSIM_PRESET'], settings };
}
