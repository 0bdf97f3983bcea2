/** Schemas and readers of files agree: what one takes the other takes, what one refuses the other refuses. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { writeFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSpec } from '../../../src/batch/spec.js';
import { parseDocument } from '../../../src/config/document.js';
import { parseConfigFile } from '../../../src/config/file.js';
import { CONFIG_KEYS, type ConfigKey } from '../../../src/config/keys.js';
import { CONFIG_SECTIONS } from '../../../src/config/sections.js';
import { DEFAULT_COST_TABLE, loadCostTable } from '../../../src/cost/table.js';
import { ConfigError } from '../../../src/errors.js';
import { findPolicy } from '../../../src/hypervisor/shadow/policies/load.js';
import { POLICY_FIELDS, type PolicyField } from '../../../src/hypervisor/shadow/policy-fields.js';
import { budgetsOfSection } from '../../../src/report/budget/expression.js';
import { BUDGET_METRICS } from '../../../src/report/budget/ratios.js';
import { findSchema, jsonSchema, SCHEMAS } from '../../../src/schema/index.js';

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });

function validator(name: string): ValidateFunction {
  const schema = jsonSchema(findSchema(name));
  return ajv.getSchema(String(schema['$id'])) ?? ajv.compile(schema);
}

/** True if `read` takes it; false if it is a ConfigError (or a UsageError: a name that is not known). */
async function taken(read: () => unknown): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (error instanceof ConfigError || (error instanceof Error && error.name === 'UsageError')) return false;
    throw error;
  }
}

/** Both verdicts on a value; the test says what they must be. */
async function verdicts(name: string, value: unknown, read: () => unknown): Promise<[boolean, boolean]> {
  return [validator(name)(value), await taken(read)];
}

const BOTH = [true, true];
const NEITHER = [false, false];

const config = (value: unknown): Promise<[boolean, boolean]> =>
  verdicts('config', value, () => parseConfigFile(JSON.stringify(value), 'f.json'));

/** Values that a key takes, at the ends of its range; and values beyond. */
function valuesOf(row: ConfigKey): { readonly good: unknown[]; readonly bad: unknown[] } {
  switch (row.type) {
    case 'integer':
      return {
        good: [row.min, row.max, ...(row.auto ? ['auto'] : []), ...(row.unit === '' ? [] : ['64M'])],
        bad: [row.min - 1, row.max + 1, 1.5, 'many', true, null, ...(row.auto ? [] : ['auto'])],
      };
    case 'choice':
      return {
        good: row.choices.map((word) => (/^\d+$/.test(word) ? Number(word) : word)),
        bad: ['other', 7, true],
      };
    case 'boolean':
      return { good: [true, false, 'on', 'off'], bad: ['maybe', 2, null] };
    case 'sizes':
      return { good: ['4k', '2m', '1g', '4k+2m', '4k+1g', '2m+1g', '4k+2m+1g'], bad: ['8k', '', '4k+4k', 4] };
    case 'name':
      return { good: ['xen', './mine.json'], bad: ['', null] };
  }
}

/** `a.b.c` as nested tables, cut at the places in `cuts`. */
function nested(key: string, value: unknown, cuts: readonly number[]): unknown {
  const names = key.split('.');
  const parts = [0, ...cuts].map((from, i) => names.slice(from, cuts[i] ?? names.length).join('.'));
  return parts.reduceRight((inner, name) => ({ [name]: inner }), value);
}

describe('a configuration file', () => {
  it.each(CONFIG_KEYS)('$key is taken and refused by schema and reader alike', async (row) => {
    const { good, bad } = valuesOf(row);
    for (const value of good) expect(await config({ [row.key]: value }), `${String(value)}`).toEqual(BOTH);
    for (const value of bad) expect(await config({ [row.key]: value }), `${String(value)}`).toEqual(NEITHER);
  });

  it('may have every key nested, dotted and mixed', async () => {
    for (const row of CONFIG_KEYS) {
      const [value] = valuesOf(row).good;
      const depth = row.key.split('.').length;
      const cuts = [[], ...(depth > 1 ? [[1]] : []), ...(depth > 2 ? [[2], [1, 2]] : [])];
      for (const cut of cuts) {
        const file = nested(row.key, value, cut);
        expect(await config(file), JSON.stringify(file)).toEqual(BOTH);
      }
    }
  });

  it('has no key that the table does not have', async () => {
    const known = validator('config').schema as { properties: Record<string, unknown> };
    const tops = Object.keys(known.properties).filter((name) => !name.includes('.'));
    const wanted = [
      ...CONFIG_SECTIONS.map(({ name }) => name),
      ...CONFIG_KEYS.map(({ key }) => key.split('.')[0]),
    ];
    expect(tops.sort()).toEqual([...new Set(wanted)].sort());
    for (const row of CONFIG_KEYS) {
      expect(await config({ [`${row.key}x`]: valuesOf(row).good[0] })).toEqual(NEITHER);
      expect(await config({ [row.key]: { x: 1 } })).toEqual(NEITHER);
    }
    expect(await config([])).toEqual(NEITHER);
  });

  it('has the sections of the table', async () => {
    expect(await config({ preset: 'zen2', $schema: './x.json' })).toEqual(BOTH);
    expect(await config({ preset: 3 })).toEqual(NEITHER);
  });
});

describe('the budgets of a configuration file', () => {
  const budgets = (value: unknown): Promise<[boolean, boolean]> =>
    verdicts('config', { budgets: value }, async () => {
      const { sections } = await parseConfigFile(JSON.stringify({ budgets: value }), 'f.json');
      return budgetsOfSection(sections.get('budgets')!);
    });

  it('may be for every metric, of a mode, of slices', async () => {
    for (const metric of BUDGET_METRICS) {
      expect(await budgets({ [metric]: { max: 5 } })).toEqual(BOTH);
      expect(await budgets({ [`hap:${metric}`]: { min: '+0' } })).toEqual(BOTH);
      const slices = metric.startsWith('cost.') ? NEITHER : BOTH;
      expect(await budgets({ [`interval:${metric}`]: { max: 5 } }), metric).toEqual(slices);
      expect(await budgets({ [`hap:interval:${metric}`]: { max: 5 } })).toEqual(slices);
    }
  });

  it.each(['1200', '10k', '0.5', '+1%', '-5', '+0', '1,000,000', ' 3 ', 0, 0.5, 1200])(
    'max %j',
    async (max) => {
      expect(await budgets({ 'walk.refs': { max } })).toEqual(BOTH);
    },
  );

  it.each(['', 'many', '1,00', '10kB', '1%%', '--1', '.5', -1, true, null, [], {}])(
    'not max %j',
    async (max) => {
      expect(await budgets({ 'walk.refs': { max } })).toEqual(NEITHER);
    },
  );

  it.each([
    { 'walk.reffs': { max: 1 } },
    { 'a:b:walk.refs': { max: 1 } },
    { ':walk.refs': { max: 1 } },
    { 'walk.refs': {} },
    { 'walk.refs': { most: 1 } },
    { 'walk.refs': 5 },
    [],
  ])('are refused: %j', async (value) => {
    expect(await budgets(value)).toEqual(NEITHER);
  });
});

describe('a cost table', () => {
  const cost = (value: unknown): Promise<[boolean, boolean]> =>
    verdicts('cost', value, () => loadCostTable(value, 'f.json'));
  const rows = (value: unknown): unknown => ({ schema: 'p2msim.cost/1', rows: value });

  it('takes every term', async () => {
    for (const { term } of DEFAULT_COST_TABLE.rows) {
      expect(await cost(rows({ [term]: { cycles: 0 } }))).toEqual(BOTH);
      expect(await cost(rows({ [term]: { cycles: Number.MAX_SAFE_INTEGER, source: 'x' } }))).toEqual(BOTH);
    }
  });

  it.each([
    { schema: 'p2msim.cost/2', rows: {} },
    { rows: {} },
    { schema: 'p2msim.cost/1' },
    { schema: 'p2msim.cost/1', rows: {}, more: 1 },
    rows({ 'walk.nothing': { cycles: 1 } }),
    rows({ 'walk.pwc': { cycles: -1 } }),
    rows({ 'walk.pwc': { cycles: 1.5 } }),
    rows({ 'walk.pwc': { cycles: 2 ** 53 } }),
    rows({ 'walk.pwc': { source: 'x' } }),
    rows({ 'walk.pwc': { cycles: 1, source: '' } }),
    rows({ 'walk.pwc': { cycles: 1, each: 1 } }),
    rows({ 'walk.pwc': 1 }),
    rows([]),
  ])('is refused: %j', async (value) => {
    expect(await cost(value)).toEqual(NEITHER);
  });
});

describe('a shadow policy file', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'p2msim-test-')), 'policy.json');
  const policy = (value: unknown): Promise<[boolean, boolean]> =>
    verdicts('shadow-policy', value, () => {
      writeFileSync(path, JSON.stringify(value));
      return findPolicy(path);
    });

  function valuesOfField(field: PolicyField): { readonly good: unknown[]; readonly bad: unknown[] } {
    switch (field.type) {
      case 'boolean':
        return { good: [], bad: ['on', 1, null] };
      case 'choice':
        return { good: [], bad: ['other', true] };
      case 'integer':
        return {
          good: [field.min, field.max, ...(field.unlimited ? [null] : [])],
          bad: [field.min - 1, field.max + 1, 1.5, '1', ...(field.unlimited ? [] : [null])],
        };
      case 'list':
        return { good: [[], field.choices], bad: [['other'], 'absent'] };
      case 'bases':
        return { good: [['0xffff888000000000'], []], bad: [['0xffff'], [1], '0xffff888000000000'] };
    }
  }

  /** What goes with what is the business of the reader alone: only what it takes alone is tried here. */
  it.each(Object.entries(POLICY_FIELDS))('%s', async (name, field) => {
    const { good, bad } = valuesOfField(field);
    for (const value of bad) expect(await policy({ base: 'xen', [name]: value })).toEqual(NEITHER);
    for (const value of good) expect(validator('shadow-policy')({ base: 'xen', [name]: value })).toBe(true);
  });

  it.each([
    [{ base: 'xen' }, BOTH],
    [{ schema: 'p2msim.shadow-policy/1', base: 'kvm', name: 'mine', prefetchEntries: 4 }, BOTH],
    [{ schema: 'p2msim.shadow-policy/2', base: 'kvm' }, NEITHER],
    [{}, NEITHER],
    [{ base: 'zen' }, NEITHER],
    [{ base: 'xen', name: '' }, NEITHER],
    [{ base: 'xen', prefetchEntry: 4 }, NEITHER],
  ])('%j', async (value, expected) => {
    expect(await policy(value)).toEqual(expected);
  });
});

describe('the schemas', () => {
  it('have names of their own, and ids with a version', () => {
    for (const { name, id } of SCHEMAS.all()) expect(id).toMatch(new RegExp(`^p2msim\\.${name}/\\d+$`));
  });

  it('define nothing that they do not use', () => {
    for (const entry of SCHEMAS.all()) {
      const text = JSON.stringify(jsonSchema(entry));
      for (const name of entry.shape.defs.keys()) expect(text).toContain(`"#/$defs/${name}"`);
    }
  });
});

describe('the specification of a sweep', () => {
  const spec = (value: object): Promise<[boolean, boolean]> =>
    verdicts('spec', { traces: ['a.csv'], ...value }, async () =>
      readSpec(await parseDocument(JSON.stringify({ traces: ['a.csv'], ...value }), 's.json'), ['hap']),
    );

  it.each<[string, object]>([
    ['traces alone', {}],
    [
      'every name at the top',
      { modes: ['hap', 'shadow'], preset: 'zen2', seeds: [1, 2], skip: 1, warmup: 2, limit: 3 },
    ],
    ['nested and dotted keys', { axes: { stlb: { entries: [768, 1536] }, 'l1d.ways': [1, 2] } }],
    [
      'ranges',
      { axes: { 'l1d.ways': { from: 1, to: 8, step: 'x2' } }, seeds: { from: 1, to: 3, step: '+1' } },
    ],
    [
      'sizes of keys that have a unit',
      { set: { 'guest.ram': '4GiB' }, axes: { 'cache.llc.bytes': ['8M', '16M'] } },
    ],
    ['presets as values', { axes: { preset: ['skylake', 'zen2'] } }],
    [
      'keys that go together',
      { zip: [{ guest: { pageSize: ['4k', '2m'] }, 'host.pageSize': ['4k', '2m'] }] },
    ],
    [
      'exclusions',
      {
        seeds: [1, 2],
        exclude: [
          { mode: 'hap', seed: 1 },
          { trace: ['a.csv'], seed: [2] },
        ],
      },
    ],
    ['named points', { points: [{ name: 'x', preset: 'zen2', mode: 'hap', stlb: { entries: 3072 } }] }],
  ])('is taken by both: %s', async (_, value) => {
    expect(await spec(value)).toEqual(BOTH);
  });

  it.each<[string, object]>([
    ['no trace', { traces: [] }],
    ['a trace that is there twice', { traces: ['a.csv', 'a.csv'] }],
    ['a trace that is no text', { traces: [1] }],
    ['an unknown name', { axis: {} }],
    ['an unknown key', { axes: { 'stlb.entrys': [1] } }],
    ['a value beyond the range of its key', { axes: { 'stlb.entries': [-1] } }],
    ['a value that is there twice', { seeds: [1, 1] }],
    ['an axis without values', { axes: { 'stlb.entries': [] } }],
    ['one value as an axis', { axes: { 'stlb.entries': 768 } }],
    ['a range without an end', { axes: { 'l1d.ways': { from: 1 } } }],
    ['a step that is none', { axes: { 'l1d.ways': { from: 1, to: 2, step: '2' } } }],
    ['a range of words', { axes: { 'guest.mode': { from: 'demand', to: 'premapped' } } }],
    ['an unknown preset', { preset: 'skylak' }],
    ['a limit in words', { limit: '10k' }],
    ['an exclusion of nothing', { exclude: [{}] }],
    ['a point without a name', { points: [{ seed: 1 }] }],
  ])('is refused by both: %s', async (_, value) => {
    expect(await spec(value)).toEqual(NEITHER);
  });
});
