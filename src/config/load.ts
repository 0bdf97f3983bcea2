/**
 * The effective configuration: layers of settings over defaults and a preset, each value with the
 * place that it came from.
 *
 * Order, later wins: default, preset, trace header, configuration file, environment, flags, `--set`.
 * A setting that contradicts what the trace declares is an error that names both places, because the
 * trace cannot be replayed on such a machine: it would need other page tables, or vcpus that are not there.
 */
import { ConfigError } from '../errors.js';
import { buildConfig } from './build.js';
import { defaultValues } from './defaults.js';
import { CONFIG_KEYS, type ConfigValue, PRESET_KEYS, formatValue } from './keys.js';
import { DEFAULT_PRESET } from './presets/index.js';
import type { MachineConfig } from './schema.js';
import type { Setting } from './values.js';
import { validateConfig } from './validate.js';

/** What a trace's header says about the machine; null where it is silent. */
export interface DeclaredMachine {
  readonly guestLevels: 4 | 5 | null;
  readonly vcpus: number | null;
  /** Guest RAM in bytes. */
  readonly ram: number | null;
  readonly features: readonly string[];
}

/** Where settings come from, before they are resolved. */
export interface ConfigLayers {
  readonly preset?: string | undefined;
  /** From the header of the trace called `trace`. */
  readonly declared?: DeclaredMachine | undefined;
  readonly trace?: string | undefined;
  /** File, environment, flags and `--set`, in ascending precedence. */
  readonly settings?: readonly Setting[] | undefined;
}

/** A configuration that can be built, with the origin of every value. */
export interface EffectiveConfig {
  readonly config: MachineConfig;
  readonly preset: string;
  /** By key of CONFIG_KEYS: `default`, `preset skylake`, `trace header`, `--page-size`, ... */
  readonly origins: ReadonlyMap<string, string>;
}

const MIB = 2 ** 20;

/** The header as settings; rounds RAM up to whole MiB. */
export function declaredSettings(declared: DeclaredMachine, trace: string): Setting[] {
  const origin = `header of ${trace}`;
  const settings: Setting[] = [];
  if (declared.guestLevels !== null)
    settings.push({ key: 'guest.levels', value: declared.guestLevels, origin });
  if (declared.vcpus !== null) settings.push({ key: 'vcpus', value: declared.vcpus, origin });
  if (declared.ram !== null)
    settings.push({ key: 'guest.ram', value: Math.ceil(declared.ram / MIB), origin });
  if (declared.features.some((feature) => feature === 'pcid' || feature === 'pcid=on'))
    settings.push({ key: 'guest.pcid', value: true, origin });
  return settings;
}

/** What is wrong with `later` where the trace declared `earlier`; undefined if they agree. */
function contradiction(earlier: Setting, later: Setting): string | undefined {
  const { key } = earlier;
  const [was, is] = [Number(earlier.value), Number(later.value)];
  if (key === 'guest.levels' && was !== is) return `${was}`;
  if (key === 'vcpus' && is < was) return `at least ${was}`;
  if (key === 'guest.ram' && is < was) return `at least ${was}MiB`;
  return undefined;
}

function checkDeclared(declared: readonly Setting[], settings: readonly Setting[]): void {
  for (const earlier of declared) {
    const later = settings.findLast((setting) => setting.key === earlier.key);
    const expected = later === undefined ? undefined : contradiction(earlier, later);
    if (later === undefined || expected === undefined) continue;
    const found = `${later.origin} sets ${earlier.key} to ${formatValue(later.value)}`;
    throw new ConfigError(`${found}, but the ${earlier.origin} declares ${formatValue(earlier.value)}`, {
      hint: `leave ${later.origin} out; this trace needs ${expected}`,
    });
  }
}

/** Applies the layers, checks the result, and keeps the origin of every value. */
export function resolveConfig(layers: ConfigLayers = {}): EffectiveConfig {
  const preset = layers.preset ?? DEFAULT_PRESET;
  const base = defaultValues(preset);
  const hardware = new Set(PRESET_KEYS);
  const values = new Map<string, ConfigValue>();
  const origins = new Map<string, string>();
  for (const { key } of CONFIG_KEYS) {
    const value = base.get(key);
    if (value !== undefined) values.set(key, value);
    origins.set(key, hardware.has(key) ? `preset ${preset}` : 'default');
  }
  const declared =
    layers.declared === undefined ? [] : declaredSettings(layers.declared, layers.trace ?? 'the trace');
  const settings = layers.settings ?? [];
  checkDeclared(declared, settings);
  for (const { key, value, origin } of [...declared, ...settings]) {
    values.set(key, value);
    origins.set(key, origin);
  }
  // A p2m that is filled at first touch means nothing if all memory was touched before the trace.
  if (values.get('host.populate') === 'lazy' && origins.get('guest.memory') === 'default') {
    values.set('guest.memory', 'cold');
    origins.set('guest.memory', 'because host.populate is lazy');
  }
  const config = buildConfig(values);
  validateConfig(config, (key) => origins.get(key) ?? 'given');
  return { config, preset, origins };
}
