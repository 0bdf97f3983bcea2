/**
 * The specification of a sweep, a TOML or JSON document (docs/batch.md): traces, modes, axes, exclusions, named points.
 *
 * Every mistake is an error with file, line and column. What the words mean together is the business of grid.ts.
 */
import type { DocumentPart } from '../config/document.js';
import { type ConfigValue, findKey } from '../config/keys.js';
import { presets } from '../config/presets/index.js';
import { type KeyedPart, refuseRepeated } from '../config/repeated.js';
import { parseSetting, type Setting } from '../config/values.js';
import { ConfigError } from '../errors.js';
import { backends, isBackendPath } from '../mmu/index.js';
import { unknownName } from '../util/registry.js';
import {
  type AxisGroup,
  axisOfList,
  axisOfRange,
  groupOf,
  parsePointSetting,
  PRESET_AXIS,
  refuseOtherWords,
} from './axis.js';
import type { Exclusion, Grid, NamedPoint } from './grid.js';
import { refuseSetToo, refuseSweptTwice } from './swept-once.js';

/** Records that are replayed, as in the document; what is not there is null. */
export interface SpecRange {
  readonly skip: number | null;
  readonly warmup: number | null;
  readonly limit: number | null;
}

export interface Spec {
  readonly grid: Grid;
  readonly preset: string | undefined;
  /** Of all points. */
  readonly settings: readonly Setting[];
  readonly range: SpecRange;
  /** Where traces and modes are named. */
  readonly places: Places;
}

/** Parts of a document by what they name: a trace, a mode. */
export type Places = ReadonlyMap<string, DocumentPart>;

const NAMES = [
  '$schema',
  'traces',
  'modes',
  'preset',
  'seeds',
  'skip',
  'warmup',
  'limit',
  'set',
  'axes',
  'zip',
  'exclude',
  'points',
];
/** Names of a named point that are no settings. */
const POINT_NAMES = ['name', 'trace', 'mode', 'modes'];
const RANGE_NAMES = ['from', 'to', 'step'];
const NAME_HINT = 'for example `name = "zen2 as sold"`';

/** Reads a specification. `modes`: those of a document that names none. Throws {@link ConfigError}. */
export function readSpec(document: DocumentPart, modes: readonly string[]): Spec {
  document.refuseOthers(NAMES, 'docs/batch.md describes a specification');
  document.refuseSpellings();
  const traces = document.get('traces') ?? missing(document, 'traces', 'a list of trace files');
  const zips = document.get('zip')?.items('a list of tables: `[[zip]]`') ?? [];
  const crossed = document.get('axes')?.entries('a table of keys and lists of values') ?? [];
  const seeds = document.get('seeds');
  const alone = crossed.flatMap(([name, part]) => axisParts(part, name));
  const together = zips.map((part) => part.entries().flatMap(([name, inner]) => axisParts(inner, name)));
  const seedAxis: KeyedPart[] = seeds === undefined ? [] : [{ key: 'seed', part: seeds }];
  const swept = [...alone, ...together.flat(), ...seedAxis];
  refuseSweptTwice(swept);
  const groups = [
    ...alone.map((each) => groupOf(axis(each))),
    ...zips.map((part, i) => zipped(part, together[i] ?? [])),
    ...seedAxis.map((each) => groupOf(axis(each))),
  ];
  const exclusions = document.get('exclude')?.items('a list of tables: `[[exclude]]`') ?? [];
  const points = document.get('points')?.items('a list of tables: `[[points]]`') ?? [];
  const preset = document.get('preset');
  const set = settingLeaves(document.get('set')?.entries() ?? []);
  // Named points that say no preset have the one at the top, whatever the axis says.
  const forAxis = preset === undefined || points.length > 0 ? [] : [{ key: PRESET_AXIS, part: preset }];
  refuseSetToo([...set, ...forAxis], swept);
  const [traceParts, modeParts] = [listOf(traces, 'a list of trace files'), modeList(document)];
  const known = traceParts.map((part) => part.text());
  return {
    grid: {
      traces: known,
      modes: modeParts?.map((part) => part.text()) ?? modes,
      groups,
      exclusions: exclusions.map((part) => exclusion(part, known)),
      points: points.map((part) => namedPoint(part, known)),
    },
    preset: preset && preset.placed(() => presets.get(preset.text('the name of a preset')).name),
    settings: set.map(({ key, part }) => setting(part, key)),
    range: {
      skip: document.get('skip')?.count() ?? null,
      warmup: document.get('warmup')?.count() ?? null,
      limit: document.get('limit')?.count() ?? null,
    },
    places: placesOf([
      ...traceParts,
      ...(modeParts ?? []),
      ...points.flatMap((part) => modeList(part) ?? []),
    ]),
  };
}

function missing(document: DocumentPart, name: string, expected: string): never {
  throw new ConfigError(`${document.file}: '${name}' is missing; expected ${expected}`, {
    hint: 'for example `traces = ["app.lackey.gz"]`',
  });
}

/** The texts of a list, each there once; there is at least one. */
function listOf(part: DocumentPart, expected: string): readonly DocumentPart[] {
  const items = part.items(expected);
  if (items.length === 0) throw part.mistake(`${part.name} is empty; expected ${expected}`);
  for (const [i, item] of items.entries()) {
    if (items.slice(0, i).some((other) => other.text() === item.text()))
      throw item.mistake(`'${item.text()}' is there twice`);
  }
  return items;
}

/** The modes of a document or of a named point, which may name one alone. */
function modeList(part: DocumentPart): readonly DocumentPart[] | undefined {
  const one = part.get('mode');
  const list = part.get('modes');
  const items = one === undefined ? list && listOf(list, 'a list of modes') : [one];
  for (const item of items ?? []) modeOf(item);
  return items;
}

/** A mode that ships with p2msim, or the path of a module, which is looked for when it is loaded. */
function modeOf(part: DocumentPart): string {
  const mode = part.text('a mode');
  return isBackendPath(mode) ? mode : part.placed(() => backends.get(mode)).name;
}

/** One of the traces of the document. */
function traceOf(part: DocumentPart, known: readonly string[]): string {
  const trace = part.text('the path of a trace');
  if (known.includes(trace)) return trace;
  throw part.blamed(unknownName('trace', trace, known));
}

function placesOf(parts: readonly DocumentPart[]): Places {
  return new Map([...parts].reverse().map((part) => [part.text(), part]));
}

/** The key of an axis or setting, in its own spelling. */
function keyOf(part: DocumentPart, name: string): string {
  part.placed((where) => refuseOtherWords(name, where), 'name');
  return name === PRESET_AXIS ? name : part.placed((where) => findKey(name, where).key, 'name');
}

/** The axes below a part, each with its key; tables nest by the dots of keys. */
function axisParts(part: DocumentPart, name: string): KeyedPart[] {
  const range = part.isTable() && part.entries().some(([each]) => RANGE_NAMES.includes(each));
  if (part.isTable() && !range)
    return part.entries().flatMap(([inner, each]) => axisParts(each, `${name}.${inner}`));
  return [{ key: keyOf(part, name), part }];
}

/** A list of values, or a table of `from`, `to` and `step`. */
function axis({ key, part }: KeyedPart) {
  if (part.isTable()) return rangeAxis(part, key);
  const items = part.items('a list of values, or {from = 1, to = 8, step = "x2"}');
  if (items.length === 0) throw part.mistake(`${part.name} is empty; expected a list of values`);
  const values = items.map((item) => item.placed((where) => parsePointSetting(key, item.value, where)).value);
  return part.placed((where) => axisOfList(key, values, where));
}

function rangeAxis(part: DocumentPart, key: string) {
  part.refuseOthers(RANGE_NAMES);
  const bound = (name: string): string | number => {
    const value = part.get(name);
    if (value === undefined) throw part.mistake(`${part.name} has no '${name}'; expected from and to`);
    return value.placed((where) => parseSetting(key, value.value, where).value) as string | number;
  };
  const [from, to] = [bound('from'), bound('to')];
  const step = part.get('step');
  const text = step?.text('a step such as "x2" or "+1"') ?? 'x2';
  return (step ?? part).placed((where) => axisOfRange(key, from, to, text, where));
}

/** Axes of equal length that go together, row by row. */
function zipped(part: DocumentPart, keyed: readonly KeyedPart[]): AxisGroup {
  const groups = keyed.map((each) => groupOf(axis(each)));
  const [first] = groups;
  if (first === undefined) throw part.mistake(`${part.name} is empty; expected keys and lists of values`);
  const other = groups.find(({ rows }) => rows.length !== first.rows.length);
  if (other !== undefined) {
    throw part.mistake(
      `${first.keys[0]} has ${first.rows.length} values and ${other.keys[0]} ${other.rows.length}; expected as many, for they go together`,
    );
  }
  return {
    keys: groups.flatMap(({ keys }) => keys),
    rows: first.rows.map((_, i) => groups.flatMap(({ rows }) => rows[i] ?? [])),
  };
}

/** Settings of one table, each key once. */
function settingsOf(entries: readonly [string, DocumentPart][]): Setting[] {
  return settingLeaves(entries).map(({ key, part }) => setting(part, key));
}

function settingLeaves(entries: readonly [string, DocumentPart][]): readonly KeyedPart[] {
  const leaves = entries.flatMap(([name, part]) => leavesOf(part, name));
  const preset = leaves.find(({ key }) => key === PRESET_AXIS);
  if (preset !== undefined)
    throw preset.part.mistake('preset stands at the top of the document, not here', { at: 'name' });
  refuseRepeated(leaves);
  return leaves;
}

/** The values below a part that are no tables, with their keys. */
function leavesOf(part: DocumentPart, name: string): KeyedPart[] {
  if (part.isTable()) return part.entries().flatMap(([inner, each]) => leavesOf(each, `${name}.${inner}`));
  return [{ key: keyOf(part, name), part }];
}

/** A setting whose origin is its line. */
function setting(part: DocumentPart, key: string): Setting {
  const { value } = part.placed((where) => parsePointSetting(key, part.value, where));
  return { key, value, origin: `${part.file}:${part.line}` };
}

function exclusion(part: DocumentPart, traces: readonly string[]): Exclusion {
  const [names, keys] = [new Map<string, readonly ConfigValue[]>(), [] as KeyedPart[]];
  for (const [name, inner] of part.entries()) {
    if (name === 'mode') names.set(name, listed(inner).map(modeOf));
    else if (name === 'trace')
      names.set(
        name,
        listed(inner).map((item) => traceOf(item, traces)),
      );
    else keys.push(...leavesOf(inner, name));
  }
  refuseRepeated(keys);
  const values = keys.map(({ key, part: inner }): [string, readonly ConfigValue[]] => [
    key,
    listed(inner).map((item) => item.placed((where) => parsePointSetting(key, item.value, where)).value),
  ]);
  const when = new Map([...names, ...values]);
  if (when.size === 0) throw part.mistake(`${part.name} is empty; expected keys and the values to leave out`);
  return { when, origin: part.where };
}

/** The items of a list; of anything else, that alone. */
function listed(part: DocumentPart): readonly DocumentPart[] {
  return part.isList() ? part.items() : [part];
}

function namedPoint(part: DocumentPart, traces: readonly string[]): NamedPoint {
  const name = part.get('name');
  if (name === undefined)
    throw part.mistake(`${part.name} has no 'name'; expected one, by which results call the point`, {
      hint: NAME_HINT,
    });
  const entries = part.entries().filter(([each]) => !POINT_NAMES.includes(each));
  const preset = part.get(PRESET_AXIS);
  const own = [
    ...(preset === undefined ? [] : [setting(preset, PRESET_AXIS)]),
    ...settingsOf(entries.filter(([each]) => each !== PRESET_AXIS)),
  ];
  const trace = part.get('trace');
  return {
    name: name.text('a name'),
    settings: own,
    trace: trace === undefined ? null : traceOf(trace, traces),
    modes: modeList(part)?.map((mode) => mode.text()) ?? null,
    origin: part.where,
  };
}
