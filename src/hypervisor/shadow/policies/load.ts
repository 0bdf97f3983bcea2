/**
 * Shadow policies by name or from a file: `{"base": "kvm", "name": "mine", "prefetchEntries": 16}`.
 *
 * A file starts from a shipped policy, which it must name, and changes fields of policy-fields.ts; nothing is run from it.
 */
import { type DocumentPart, parseJsonDocument } from '../../../config/document.js';
import { FieldMistake } from '../../../config/field-mistake.js';
import type { MachineConfig } from '../../../config/schema.js';
import type { Setting } from '../../../config/values.js';
import { readText } from '../../../config/utf8.js';
import { ConfigError } from '../../../errors.js';
import { didYouMean } from '../../../util/registry.js';
import type { ShadowPolicy } from '../policy.js';
import { expectedPolicyValue, POLICY_FIELDS, type PolicyField } from '../policy-fields.js';
import { checkConsistency } from './consistency.js';
import { policies } from './index.js';

/** Schema id of a policy file, which may have it. */
export const POLICY_SCHEMA = 'p2msim.shadow-policy/1';

/** True if `name` is the path of a policy file rather than a shipped policy. */
export function isPolicyFile(name: string): boolean {
  return /[/\\]|\.json$/.test(name);
}

/** The policy called `name`, or read from the file `name`. Throws UsageError or {@link ConfigError}. */
export function findPolicy(name: string): ShadowPolicy {
  return isPolicyFile(name) ? readPolicy(name) : policies.get(name);
}

/** Refuses a setting that names a policy which is not there. Throws what {@link findPolicy} does. */
export function checkPolicyName({ key, value }: Pick<Setting, 'key' | 'value'>): void {
  if (key === 'shadow.policy') findPolicy(String(value));
}

/** The policy of a configuration: as it is named, with `shadow.oosSlots` in the place of its own number. */
export function policyOf({ policy, oosSlots }: MachineConfig['shadow']): ShadowPolicy {
  const named = findPolicy(policy);
  if (oosSlots === 'auto') return named;
  if (named.oosSlots === null && oosSlots > 0) {
    throw new ConfigError(
      `shadow.oosSlots is ${oosSlots}, but policy ${policy} has no slots; expected 0 (no table out of sync) or auto (any number)`,
      { hint: 'policies with slots: `p2msim modes`; for example `--shadow-policy xen`' },
    );
  }
  return { ...named, oosSlots };
}

function readPolicy(path: string): ShadowPolicy {
  const document = parse(path);
  return document.placedFields(() => policyIn(document, path));
}

function policyIn(document: DocumentPart, path: string): ShadowPolicy {
  const given = Object.fromEntries(document.entries().map(([name, { value }]) => [name, value]));
  const { schema, base, name, summary, ...fields } = given;
  checkSchema(path, schema);
  if (base === undefined) {
    const said = `the policy has no "base"; expected the shipped policy that it starts from, one of ${policies.names().join(', ')}`;
    throw document.mistake(said, { hint: '{"base": "xen"} alone is xen; fields after it change it' });
  }
  const baseName = text(path, 'base', base);
  const start = (document.get('base') ?? document).placed(() => policies.get(baseName));
  for (const [field, value] of Object.entries(fields)) checkField(path, field, value);
  const policy: ShadowPolicy = {
    ...start,
    ...fields,
    ...('guessBases' in fields ? { guessBases: (fields['guessBases'] as string[]).map(halves) } : {}),
    name: name === undefined ? path : text(path, 'name', name),
    summary: summary === undefined ? summaryOf(start, path, fields) : text(path, 'summary', summary),
  };
  checkConsistency(path, policy);
  return policy;
}

function summaryOf({ name }: ShadowPolicy, path: string, fields: object): string {
  return Object.keys(fields).length === 0
    ? `${name}: ${path} changes nothing`
    : `${name} as changed in ${path}`;
}

function parse(path: string): DocumentPart {
  const hint = 'a policy file is a JSON object: {"base": "xen", "prefetchEntries": 8}';
  const document = parseJsonDocument(read(path, hint), path, hint);
  if (document.isTable()) return document;
  throw document.mistake('the shadow policy is not an object', { hint });
}

function read(path: string, hint: string): string {
  try {
    return readText(path);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`cannot read the shadow policy ${path}: ${why}`, { hint, cause });
  }
}

function checkSchema(path: string, schema: unknown): void {
  if (schema === undefined || schema === POLICY_SCHEMA) return;
  const said = `"schema" is ${JSON.stringify(schema)}; expected "${POLICY_SCHEMA}"`;
  throw new FieldMistake(path, ['schema'], said, {
    hint: 'leave it out, or see `p2msim schema shadow-policy`',
  });
}

function text(path: string, field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new FieldMistake(path, [field], `"${field}" is ${JSON.stringify(value)}; expected a word`, {
    hint: `"base" names the shipped policy that the file starts from: ${policies.names().join(', ')}`,
  });
}

function checkField(path: string, name: string, value: unknown): void {
  const fields: Readonly<Record<string, PolicyField | undefined>> = POLICY_FIELDS;
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field === undefined) {
    const near = didYouMean(name, Object.keys(POLICY_FIELDS));
    const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
    throw new FieldMistake(path, [name], `a shadow policy has no field '${name}'${suggestion}`, {
      at: 'name',
      hint: '`p2msim modes --policy xen` prints every field with its meaning',
    });
  }
  if (fits(field, value)) return;
  const said = `"${name}" is ${JSON.stringify(value)}; expected ${expectedPolicyValue(field)}`;
  throw new FieldMistake(path, [name], said, { hint: `${name}: ${field.meaning}` });
}

function fits(field: PolicyField, value: unknown): boolean {
  switch (field.type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return typeof value === 'string' && field.choices.includes(value);
    case 'integer':
      if (value === null) return field.unlimited;
      return typeof value === 'number' && Number.isInteger(value) && value >= field.min && value <= field.max;
    case 'list':
      return Array.isArray(value) && value.every((item) => field.choices.includes(item as string));
    default:
      return Array.isArray(value) && value.every((item) => typeof item === 'string' && HEX.test(item));
  }
}

const HEX = /^0x[0-9a-f]{16}$/i;

function halves(address: string): { hi: number; lo: number } {
  return { hi: parseInt(address.slice(2, 10), 16), lo: parseInt(address.slice(10), 16) };
}
