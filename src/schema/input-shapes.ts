/** Files that people write besides configurations: cost tables and shadow policies. */
import { COST_SCHEMA, DEFAULT_COST_TABLE } from '../cost/table.js';
import { policies } from '../hypervisor/shadow/policies/index.js';
import { POLICY_SCHEMA } from '../hypervisor/shadow/policies/load.js';
import { POLICY_FIELDS, type PolicyField } from '../hypervisor/shadow/policy-fields.js';
import type { ShadowPolicy } from '../hypervisor/shadow/policy.js';
import { type AnyShape, fromJson, type JsonSchema, type Shape } from './shape.js';

/** `--cost FILE`. */
export const costTable: AnyShape = fromJson({
  type: 'object',
  properties: {
    schema: { const: COST_SCHEMA },
    rows: {
      type: 'object',
      properties: Object.fromEntries(
        DEFAULT_COST_TABLE.rows.map(({ term, what, cyclesEach }) => [
          term,
          { $ref: '#/$defs/row', description: `${what}; built in: ${cyclesEach} cycles` },
        ]),
      ),
      additionalProperties: false,
    },
  },
  required: ['schema', 'rows'],
  additionalProperties: false,
  $defs: {
    row: {
      type: 'object',
      properties: {
        cycles: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
        source: { type: 'string', minLength: 1, description: 'where the figure comes from' },
      },
      required: ['cycles'],
      additionalProperties: false,
    },
  },
});

/** A field as a policy file writes it. */
function fieldSchema(field: PolicyField): JsonSchema {
  switch (field.type) {
    case 'boolean':
      return { type: 'boolean' };
    case 'choice':
      return { enum: field.choices };
    case 'integer': {
      const integer = { type: 'integer', minimum: field.min, maximum: field.max };
      return field.unlimited ? { anyOf: [integer, { type: 'null' }] } : integer;
    }
    case 'list':
      return { type: 'array', items: { enum: field.choices } };
    case 'bases':
      return { type: 'array', items: { type: 'string', pattern: '^0x[0-9a-fA-F]{16}$' } };
  }
}

/** `--shadow-policy FILE`, and `modes --policy NAME --json`. */
export const policyFile: AnyShape = fromJson({
  type: 'object',
  properties: {
    schema: { const: POLICY_SCHEMA },
    base: { enum: policies.names(), description: 'the shipped policy that the file changes' },
    name: { type: 'string', minLength: 1 },
    summary: { type: 'string', minLength: 1 },
    ...Object.fromEntries(
      Object.entries(POLICY_FIELDS).map(([name, field]) => [
        name,
        { ...fieldSchema(field), description: field.meaning },
      ]),
    ),
  },
  required: ['base'],
  additionalProperties: false,
});

/** A policy in a result: every field, addresses as two halves. */
export const shadowPolicy: Shape<ShadowPolicy> = policyShape();

function policyShape(): Shape<ShadowPolicy> {
  const half = { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 };
  const address = { type: 'object', properties: { hi: half, lo: half }, required: ['hi', 'lo'] };
  const fields = Object.entries(POLICY_FIELDS).map(([name, field]): [string, JsonSchema] => [
    name,
    field.type === 'bases' ? { type: 'array', items: address } : fieldSchema(field),
  ]);
  const properties = { name: { type: 'string' }, summary: { type: 'string' }, ...Object.fromEntries(fields) };
  return fromJson({
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  });
}
