/**
 * The configuration in the environment: `P2MSIM_STLB_ENTRIES=2048`, `P2MSIM_PRESET=zen2`.
 *
 * A variable with our prefix that names no key is an error: it would be passed over in silence for a slip.
 */
import { CONFIG_KEYS, findKey } from './keys.js';
import { saidBy } from './origin.js';
import { presets } from './presets/index.js';
import { type Setting, parseSetting } from './values.js';

/** Variables with our prefix that are not configuration keys (the tool, tests and benches use them). */
const RESERVED_ENV = /^P2MSIM_(PRESET|DEBUG|UPDATE_GOLDEN|SEEDS|TEST_.*|BENCH_.*)$/;

/** What the environment says. */
export interface EnvironmentConfig {
  readonly preset: string | undefined;
  readonly settings: readonly Setting[];
}

/** The variable that sets a key: `guest.pageSize` -> `P2MSIM_GUEST_PAGESIZE`. */
export function environmentName(key: string): string {
  return `P2MSIM_${key.toUpperCase().replaceAll('.', '_')}`;
}

const PRESET_VARIABLE = 'P2MSIM_PRESET';

/**
 * Settings in the environment, in the order of the variables' names. `check` refuses values by what is known elsewhere.
 * Throws ConfigError that names the variable.
 */
export function environmentSettings(
  environment: Readonly<Record<string, string | undefined>>,
  check: (setting: Setting) => void = () => {},
): EnvironmentConfig {
  const known = new Map(CONFIG_KEYS.map((row) => [environmentName(row.key), row.key]));
  const settings: Setting[] = [];
  for (const [name, value] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith('P2MSIM_') || RESERVED_ENV.test(name) || value === undefined) continue;
    const origin = originOf(name);
    const key = known.get(name) ?? findKey(name.slice(7).toLowerCase().replaceAll('_', '.'), origin).key;
    const setting = parseSetting(key, value, origin);
    saidBy(origin, () => check(setting));
    settings.push(setting);
  }
  const preset = environment[PRESET_VARIABLE];
  if (preset !== undefined) saidBy(originOf(PRESET_VARIABLE), () => presets.get(preset));
  return { preset, settings };
}

function originOf(variable: string): string {
  return `environment variable ${variable}`;
}
