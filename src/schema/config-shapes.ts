/**
 * Configurations as JSON: a value of each key of CONFIG_KEYS, the nested object of a result, the file that people write.
 *
 * The schema of a file knows the plain spelling: names and choices in the case of the table, numbers in the unit of the
 * key, or a size with a suffix, whose range the reader checks.
 */
import { CONFIG_KEYS, type ConfigKey } from '../config/keys.js';
import { presets } from '../config/presets/index.js';
import type { MachineConfig } from '../config/schema.js';
import type { ConfigSectionName } from '../config/sections.js';
import { budgets } from './budget-shapes.js';
import { type AnyShape, fromJson, type JsonSchema, type Shape, text } from './shape.js';

/** Names of page sizes joined by +, in ascending order. */
const SIZES = '^(4k(\\+2m)?(\\+1g)?|2m(\\+1g)?|1g)$';
/** `48k`, `4GiB`; powers of 1024. */
const SIZE_WORD = '^[0-9]{1,16}[kKmMgGtT]([iI][bB])?$';

/** A choice is kept as a number if it is one. */
function choices({ choices: words }: ConfigKey): (string | number)[] {
  return words.map((word) => (/^\d+$/.test(word) ? Number(word) : word));
}

/** A value as results have it. */
function valueSchema(row: ConfigKey): JsonSchema {
  switch (row.type) {
    case 'integer': {
      const integer = { type: 'integer', minimum: row.min, maximum: row.max };
      return row.auto ? { anyOf: [integer, { const: 'auto' }] } : integer;
    }
    case 'choice':
      return { enum: choices(row) };
    case 'boolean':
      return { type: 'boolean' };
    case 'sizes':
      return { type: 'string', pattern: SIZES };
    case 'name':
      return { type: 'string', minLength: 1 };
  }
}

/** A value as a file may spell it. */
function fileValueSchema(row: ConfigKey): JsonSchema {
  const value = valueSchema(row);
  if (row.type === 'boolean') return { enum: [true, false, 'on', 'off'] };
  if (row.type !== 'integer' || row.unit === '') return value;
  const inner = row.auto
    ? [{ type: 'integer', minimum: row.min, maximum: row.max }, { const: 'auto' }]
    : [value];
  return { anyOf: [...inner, { type: 'string', pattern: SIZE_WORD }] };
}

/** Name of what values of a key may be; keys with the same rules share it. */
function ruleName(row: ConfigKey): string {
  switch (row.type) {
    case 'integer': {
      const unit = row.unit === '' ? 'integer' : row.unit;
      return `${unit}-${row.min}-${row.max}${row.auto ? '-auto' : ''}`;
    }
    case 'choice':
      return `one-of-${row.choices.join('-')}`;
    case 'boolean':
      return 'switch';
    case 'sizes':
      return 'page-sizes';
    case 'name':
      return 'name';
  }
}

type Tree = Map<string, Tree | ConfigKey>;

function treeOf(rows: readonly ConfigKey[]): Tree {
  const root: Tree = new Map();
  for (const row of rows) {
    const names = row.key.split('.');
    let at = root;
    for (const name of names.slice(0, -1)) {
      const next = at.get(name);
      const inner: Tree = next instanceof Map ? next : new Map();
      at.set(name, inner);
      at = inner;
    }
    at.set(names.at(-1) ?? '', row);
  }
  return root;
}

/** The configuration of a result, nested; one of an older version may lack a key. Subtrees that are alike are written once. */
export const machineConfig: Shape<MachineConfig> = nestedConfig();

function nestedConfig(): Shape<MachineConfig> {
  const defs = new Map<string, JsonSchema>();
  const names = new Map<string, string>();
  const once = (name: string, json: JsonSchema): JsonSchema => {
    const body = JSON.stringify(json);
    const known = names.get(body) ?? `config.${name}`;
    names.set(body, known);
    defs.set(known, json);
    return { $ref: `#/$defs/${known}` };
  };
  const visit = (tree: Tree, path: string): JsonSchema => {
    const properties = [...tree].map(([name, node]): [string, JsonSchema] => [
      name,
      node instanceof Map
        ? visit(node, path === '' ? name : `${path}.${name}`)
        : once(ruleName(node), valueSchema(node)),
    ]);
    const json = {
      type: 'object',
      properties: Object.fromEntries(properties),
      additionalProperties: false,
    };
    return once(path === '' ? 'machine' : path, json);
  };
  const json = visit(treeOf(CONFIG_KEYS), '');
  return fromJson(json, defs);
}

/** What stands in a configuration file besides keys: a shape for every section. */
const SECTIONS: Readonly<Record<ConfigSectionName, AnyShape>> = {
  $schema: text,
  preset: fromJson({ enum: presets.names() }),
  budgets,
};

/**
 * Properties for every key, nested, dotted or mixed: a property for each member of the table, and each dotted path below.
 * @param pointer where the object is that has them, for references
 */
export function keyProperties(
  pointer: string,
  leaf: (row: ConfigKey) => JsonSchema,
): Record<string, JsonSchema> {
  const visit = (tree: Tree, at: string): [string, JsonSchema][] =>
    [...tree].flatMap(([name, node]): [string, JsonSchema][] => {
      const below = `${at}/properties/${name}`;
      if (!(node instanceof Map)) return [[name, { ...leaf(node), description: node.meaning }]];
      const inner = visit(node, below);
      const nested = { type: 'object', properties: Object.fromEntries(inner), additionalProperties: false };
      const dotted = inner.map(([path]): [string, JsonSchema] => [
        `${name}.${path}`,
        { $ref: `${below}/properties/${path}` },
      ]);
      return [[name, nested], ...dotted];
    });
  return Object.fromEntries(visit(treeOf(CONFIG_KEYS), pointer));
}

/** The same without descriptions and mixtures: fully nested, or dotted to the end. */
export function plainKeyProperties(leaf: (row: ConfigKey) => JsonSchema): Record<string, JsonSchema> {
  const visit = (tree: Tree): Record<string, JsonSchema> =>
    Object.fromEntries(
      [...tree].map(([name, node]): [string, JsonSchema] => [
        name,
        node instanceof Map
          ? { type: 'object', properties: visit(node), additionalProperties: false }
          : leaf(node),
      ]),
    );
  const dotted = CONFIG_KEYS.map((row): [string, JsonSchema] => [row.key, leaf(row)]);
  return { ...visit(treeOf(CONFIG_KEYS)), ...Object.fromEntries(dotted) };
}

/** What a file may say for a key: rules that are written once, in `defs`. */
export function fileRules() {
  const defs = new Map<string, JsonSchema>();
  const ruleOf = (row: ConfigKey): JsonSchema => {
    defs.set(ruleName(row), fileValueSchema(row));
    return { $ref: `#/$defs/${ruleName(row)}` };
  };
  return { defs, ruleOf };
}

/** A configuration file: keys nested, dotted or mixed, and sections. */
export const configFile: AnyShape = configFileShape();

function configFileShape(): AnyShape {
  const { defs, ruleOf } = fileRules();
  const sections = Object.entries(SECTIONS);
  for (const [, shape] of sections) for (const [name, json] of shape.defs) defs.set(name, json);
  const properties = {
    ...Object.fromEntries(sections.map(([name, shape]) => [name, shape.json])),
    ...keyProperties('#', ruleOf),
  };
  return fromJson({ type: 'object', properties, additionalProperties: false }, defs);
}
