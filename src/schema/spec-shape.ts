/**
 * The specification of a sweep as JSON (batch/spec.ts reads it): keys nested or dotted, each with the values it takes.
 *
 * The reader takes mixtures of both, too, as in a configuration file; they would double the schema.
 */
import { PRESET_AXIS } from '../batch/axis.js';
import { type ConfigKey, findKey } from '../config/keys.js';
import { presets } from '../config/presets/index.js';
import { fileRules, plainKeyProperties } from './config-shapes.js';
import { type AnyShape, fromJson, type JsonSchema } from './shape.js';

const TEXT = { type: 'string' };
const TEXTS = { type: 'array', items: TEXT, minItems: 1, uniqueItems: true };
const COUNT = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const PRESET = { enum: presets.names() };

/** `x2` doubles, `+1` adds 1; `x1` and `+0` would go nowhere. */
const STEP = '^(x0*([2-9]|[1-9][0-9]+)|\\+0*[1-9][0-9]*)$';

/** `{"from": 1, "to": 16, "step": "x2"}`: numbers, or sizes of a key that has a unit. */
function range(rule: JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: { from: rule, to: rule, step: { type: 'string', pattern: STEP } },
    required: ['from', 'to'],
    additionalProperties: false,
  };
}

/** A list of values; of numbers (levels of tables, too) also a range. */
function axisOf(row: ConfigKey, ruleOf: (row: ConfigKey) => JsonSchema): JsonSchema {
  const rule = ruleOf(row);
  const numbers = row.type === 'integer' || row.choices.some((word) => /^\d+$/.test(word));
  return numbers ? { anyOf: [listOf(rule), range(rule)] } : listOf(rule);
}

function listOf(rule: JsonSchema): JsonSchema {
  return { type: 'array', items: rule, minItems: 1, uniqueItems: true };
}

function table(properties: Readonly<Record<string, JsonSchema>>, more: JsonSchema = {}): JsonSchema {
  return { type: 'object', properties, additionalProperties: false, ...more };
}

/** A specification in a file. */
export const specFile: AnyShape = specShape();

function specShape(): AnyShape {
  const { defs, ruleOf } = fileRules();
  /** A rule that many keys share, written once. */
  const shared = (kind: string, make: (row: ConfigKey) => JsonSchema) => (row: ConfigKey) => {
    const rule = ruleOf(row);
    const name = `${kind}-${String(rule['$ref']).replace('#/$defs/', '')}`;
    defs.set(name, make(row));
    return { $ref: `#/$defs/${name}` };
  };
  const axisRule = shared('axis', (row) => axisOf(row, ruleOf));
  defs.set('keys', { type: 'object', properties: plainKeyProperties(ruleOf) });
  defs.set('axes', table({ [PRESET_AXIS]: listOf(PRESET), ...plainKeyProperties(axisRule) }));
  // Which keys are swept, and with which values, is known to the reader alone.
  const value = { type: ['string', 'number', 'boolean'] };
  const condition = { anyOf: [value, { type: 'array', items: value }, { $ref: '#/$defs/condition' }] };
  defs.set('condition', { type: 'object', minProperties: 1, additionalProperties: condition });
  const named = { name: TEXT, trace: TEXT, mode: TEXT, modes: TEXTS, [PRESET_AXIS]: PRESET };
  const keys = { type: 'object', allOf: [{ $ref: '#/$defs/keys' }], unevaluatedProperties: false };
  const properties = {
    $schema: TEXT,
    traces: TEXTS,
    modes: TEXTS,
    preset: PRESET,
    seeds: axisRule(findKey('seed', 'seeds')),
    skip: COUNT,
    warmup: COUNT,
    limit: COUNT,
    set: keys,
    axes: { $ref: '#/$defs/axes' },
    zip: { type: 'array', items: { allOf: [{ $ref: '#/$defs/axes' }], type: 'object', minProperties: 1 } },
    exclude: { type: 'array', items: { $ref: '#/$defs/condition' } },
    points: { type: 'array', items: { ...keys, properties: named, required: ['name'] } },
  };
  return fromJson(table(properties, { required: ['traces'] }), defs);
}
