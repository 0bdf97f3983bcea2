/**
 * Axis: configuration keys and the values that they take together, point by point.
 *
 * `-L` and `-P` make axes of one key; a specification may let several keys go together, or sweep the preset.
 */
import { type ConfigKey, findKey, formatValue } from '../config/keys.js';
import { saidBy } from '../config/origin.js';
import { presets } from '../config/presets/index.js';
import { parseSetting, type Setting } from '../config/values.js';
import { ConfigError, UsageError } from '../errors.js';
import { checkPolicyName } from '../hypervisor/shadow/policies/load.js';

/** Points that one batch can have; each is a machine with tables of its own. */
export const MAX_POINTS = 4096;

/** The key of an axis of presets: no configuration key, but what gives them their values. */
export const PRESET_AXIS = 'preset';

/** A configuration key and the values it takes, each from the same source, e.g. `-L stlb.entries`. */
export interface SweepAxis {
  readonly key: string;
  readonly values: readonly Setting[];
}

/** Keys whose values change together: row by row. */
export interface AxisGroup {
  readonly keys: readonly string[];
  /** A setting for each key. */
  readonly rows: readonly (readonly Setting[])[];
}

/** An axis as a group of one. */
export function groupOf({ key, values }: SweepAxis): AxisGroup {
  return { keys: [key], rows: values.map((value) => [value]) };
}

/** A setting of a configuration key, or of `preset`. Throws ConfigError or UsageError that names `origin`. */
export function parsePointSetting(name: string, value: unknown, origin: string): Setting {
  return saidBy(origin, () => {
    if (name === PRESET_AXIS) return { key: PRESET_AXIS, value: presets.get(String(value)).name, origin };
    const setting = parseSetting(name, value, origin);
    checkPolicyName(setting);
    return setting;
  });
}

/** What is swept, and is no key, with where it is given. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  [
    'mode',
    'modes are given by `-m hap,shadow`, or by `modes = ["hap", "shadow"]` at the top of a specification',
  ],
  ['trace', 'several traces are given by `traces = ["a.csv", "b.csv"]` at the top of a specification'],
]);

/** Refuses what is no key of an axis, although it can be swept. */
export function refuseOtherWords(key: string, origin: string): void {
  const hint = OTHER_WORDS.get(key.toLowerCase().replace(/s$/, ''));
  if (hint !== undefined) throw new ConfigError(`${origin}: '${key}' is no configuration key`, { hint });
}

/** The axis of `key` with a list of values. Throws ConfigError for an unknown key or value. */
export function axisOfList(key: string, values: readonly unknown[], origin: string): SweepAxis {
  refuseOtherWords(key, origin);
  const name = key === PRESET_AXIS ? key : findKey(key, origin).key;
  const settings = values.map((value) =>
    parsePointSetting(key, typeof value === 'string' ? value.trim() : value, origin),
  );
  const twice = settings.find((setting, i) => settings.findIndex((s) => s.value === setting.value) !== i);
  if (twice !== undefined) {
    throw new UsageError(`${origin}: ${name} takes the value ${formatValue(twice.value)} twice`, {
      hint: 'name each value once',
    });
  }
  return { key: name, values: settings };
}

/**
 * The axis of `key` from `from` to at most `to`. A step of `xN` multiplies, one of `+N` adds.
 * Throws UsageError if there is no such row of values.
 */
export function axisOfRange(
  key: string,
  from: string | number,
  to: string | number,
  step: string,
  origin: string,
): SweepAxis {
  refuseOtherWords(key, origin);
  if (key === PRESET_AXIS || !isNumber(findKey(key, origin))) throw noRange(key, origin);
  const [first, last] = [from, to].map((text) => parseSetting(key, text, origin).value);
  const match = /^([x+])(\d{1,9})$/.exec(step);
  if (match === null || Number(match[2]) < (match[1] === 'x' ? 2 : 1)) {
    throw new UsageError(`${origin}: the step is '${step}'; expected x2 (double) or +1 (add 1) and the like`);
  }
  if (typeof first !== 'number' || typeof last !== 'number' || first > last) {
    throw new UsageError(`${origin}: expected a range of numbers from low to high, found ${from} to ${to}`);
  }
  if (match[1] === 'x' && first < 1)
    throw new UsageError(`${origin}: a multiplied range begins at 1 or more`);
  const values: string[] = [];
  const next = (value: number): number =>
    match[1] === 'x' ? value * Number(match[2]) : value + Number(match[2]);
  for (let value = first; value <= last && values.length <= MAX_POINTS; value = next(value))
    values.push(String(value));
  return axisOfList(key, values, origin);
}

/** True if a range of its values means something. */
function isNumber({ type, choices }: ConfigKey): boolean {
  return type === 'integer' || (type === 'choice' && choices.every((choice) => /^\d+$/.test(choice)));
}

/** Values of keys that are no numbers and have no list of choices. */
const SOME_VALUES = { boolean: 'on,off', sizes: '4k,2m,4k+2m', name: 'xen,kvm', integer: '1,2,4' } as const;

function noRange(name: string, origin: string): ConfigError {
  const row = name === PRESET_AXIS ? null : findKey(name, origin);
  const key = row?.key ?? name;
  const choices = row === null ? presets.names() : row.choices;
  const some = row === null || row.type === 'choice' ? choices.slice(0, 3).join(',') : SOME_VALUES[row.type];
  return new ConfigError(
    `${origin}: the values of ${key} are no numbers, so that there is no range of them`,
    {
      hint: `list them: \`-L ${key} ${some}\`, or \`${key} = [...]\` in a specification`,
    },
  );
}

/** Every combination of one row of each group; the last group varies fastest. */
export function product(groups: readonly AxisGroup[]): readonly (readonly Setting[])[] {
  const keys = groups.flatMap((group) => group.keys);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) throw new UsageError(`key '${twice}' is swept twice`);
  let combinations: readonly (readonly Setting[])[] = [[]];
  for (const { rows } of groups) {
    if (combinations.length * rows.length > MAX_POINTS) throw tooMany();
    combinations = combinations.flatMap((before) => rows.map((row) => [...before, ...row]));
  }
  return combinations;
}

export function tooMany(): UsageError {
  return new UsageError(`the sweep has more than ${MAX_POINTS} points, the most in one pass`, {
    hint: 'sweep fewer values at once',
  });
}
