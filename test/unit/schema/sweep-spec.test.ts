/** The schema of a sweep's specification and its reader agree. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSpec } from '../../../src/batch/spec.js';
import { parseDocument } from '../../../src/config/document.js';
import { CONFIG_KEYS, type ConfigKey } from '../../../src/config/keys.js';
import { ConfigError } from '../../../src/errors.js';
import { findSchema, jsonSchema } from '../../../src/schema/index.js';

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
const validate = ajv.compile(jsonSchema(findSchema('spec')));

const BOTH = [true, true];
const NEITHER = [false, false];

/** Verdicts of schema and reader. */
async function verdicts(value: unknown): Promise<[boolean, boolean]> {
  try {
    readSpec(await parseDocument(JSON.stringify(value), 'f.json'), ['hap']);
    return [validate(value), true];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [validate(value), false];
  }
}

const spec = (rest: object): Promise<[boolean, boolean]> => verdicts({ traces: ['a.csv'], ...rest });

/** A value that a key takes, and one that it does not. */
function sample(row: ConfigKey): [good: unknown, bad: unknown] {
  switch (row.type) {
    case 'integer':
      return [row.max, row.max + 1];
    case 'choice':
      return [/^\d+$/.test(row.choices[0] ?? '') ? Number(row.choices[0]) : row.choices[0], 'other'];
    case 'boolean':
      return [true, 'maybe'];
    case 'sizes':
      return ['4k+2m', '8k'];
    case 'name':
      return ['xen', ''];
  }
}

/** `a.b.c` nested to the end. */
function nested(key: string, value: unknown): unknown {
  return key.split('.').reduceRight((inner, name) => ({ [name]: inner }), value);
}

describe('a specification', () => {
  it.each(CONFIG_KEYS)('takes and refuses values of $key wherever keys stand', async (row) => {
    const [good, bad] = sample(row);
    for (const [value, expected] of [
      [good, BOTH],
      [bad, NEITHER],
    ] as const) {
      for (const keyed of [
        (inner: unknown) => ({ [row.key]: inner }),
        (inner: unknown) => nested(row.key, inner),
      ]) {
        expect(await spec({ set: keyed(value) }), 'set').toEqual(expected);
        expect(await spec({ axes: keyed([value]) }), 'axes').toEqual(expected);
        expect(await spec({ zip: [keyed([value])] }), 'zip').toEqual(expected);
        expect(await spec({ points: [{ name: 'p', ...(keyed(value) as object) }] }), 'points').toEqual(
          expected,
        );
      }
    }
  });

  it.each([
    { modes: ['hap', 'shadow'], preset: 'zen2', seeds: [1, 2], skip: 1, warmup: 2, limit: 3 },
    { seeds: { from: 1, to: 5, step: '+1' }, $schema: './x.json' },
    { axes: { 'stlb.entries': { from: 64, to: 512, step: 'x2' }, preset: ['zen2', 'skylake'] } },
    { axes: { stlb: { entries: { from: 64, to: 512 } } } },
    { axes: { 'guest.levels': { from: 4, to: 5, step: '+1' } } },
    { exclude: [{ mode: 'hap' }, { trace: ['a.csv'], mode: ['hap', 'shadow'], preset: 'zen2' }] },
    {
      points: [
        { name: 'p', trace: 'a.csv', modes: ['hap'], preset: 'zen3' },
        { name: 'q', mode: 'hap' },
      ],
    },
  ])('is taken: %j', async (rest) => {
    expect(await spec(rest)).toEqual(BOTH);
  });

  it.each([
    { modes: [] },
    { modes: ['hap', 'hap'] },
    { modes: 'hap' },
    { preset: 'zen22' },
    { skip: -1 },
    { limit: 1.5 },
    { limits: 3 },
    { axes: { 'stlb.entries': [] } },
    { axes: { 'stlb.entries': [1, 1] } },
    { axes: { 'stlb.entries': 768 } },
    { axes: { 'stlb.entries': { from: 64 } } },
    { axes: { 'stlb.entries': { from: 64, to: 512, step: 'x1' } } },
    { axes: { 'stlb.entries': { from: 64, to: 512, step: '+0' } } },
    { axes: { 'stlb.entries': { from: 64, to: 512, steps: 'x2' } } },
    { axes: { 'stlb.entires': [1] } },
    { axes: { 'stlb.policy': { from: 'fifo', to: 'lru' } } },
    { axes: { preset: ['zen22'] } },
    { zip: [{}] },
    { exclude: [{}] },
    { points: [{ 'stlb.entries': 64 }] },
    { set: [] },
  ])('is refused: %j', async (rest) => {
    expect(await spec(rest)).toEqual(NEITHER);
  });

  it('needs traces, each once', async () => {
    expect(await verdicts({})).toEqual(NEITHER);
    expect(await verdicts({ traces: [] })).toEqual(NEITHER);
    expect(await verdicts({ traces: ['a', 'a'] })).toEqual(NEITHER);
    expect(await verdicts([])).toEqual(NEITHER);
  });

  it('of the documentation is one by the schema', async () => {
    const path = 'docs/examples/tlb-study.toml';
    const text = readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');
    const { value } = await parseDocument(text, path);
    expect(validate(JSON.parse(JSON.stringify(value)))).toBe(true);
  });
});
