/**
 * Every JSON output of every command says what it is and is what its schema says: the command tree is walked, so a command
 * that prints JSON without a case here, or without a schema, fails.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { findSchema, jsonSchema, SCHEMAS } from '../../src/schema/index.js';
import { ROOT, cli, file, scratch } from './run-cli.js';

const FORK = 'traces/examples/fork.csv';
const HAP = 'examples/diff/hap.json';
const HAP_2_WAYS = 'examples/diff/hap-2-ways.json';
const BATCH = 'examples/batch/frames.jsonl.gz';
const BASELINE = 'examples/diff/p2msim.baseline.json';
/** The points of an experiment. */
function experimentFile(): string {
  const path = join(scratch(), 'exit-cost.jsonl');
  cli(['sweep', FORK, '--experiment', 'exit-cost', '--results', path]);
  return path;
}

/** Files that cases name; in test names they have no path. */
const FILES: Readonly<Record<string, string>> = {
  BAD: file('bad.csv', 'op,va\nR,0x1000\nR,zz\nZ,1\n'),
  POLICY: file('own.json', '{"base": "kvm"}'),
  EXPERIMENT: experimentFile(),
  OLD_BASELINE: file('old.json', readFileSync(join(ROOT, BASELINE), 'utf8')),
};

/** Words after a command that make it print JSON, or JSON lines on standard output or error. */
const CASES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  replay: [
    [FORK, '--json'],
    [FORK, '-r', 'ndjson', '--interval', '10'],
    [FORK, '-r', 'ndjson', '--fail-on', 'walk.refs > 1', '--fail-on', 'vmexit.total > 0'],
    [FORK, '-m', 'shadow', '--shadow-policy', 'POLICY', '--json'],
    [FORK, '--lenient', '--ignore-columns', '--lackey-modify', 'two', '--json'],
    [FORK, '--print-config', '--json'],
    [FORK, '-q', '--progress', 'ndjson', '-r', 'ndjson'],
  ],
  compare: [
    [FORK, '--json'],
    [FORK, '-r', 'ndjson'],
    [FORK, FORK, '-m', 'hap', '--json'],
    [HAP, 'examples/diff/shadow.json', '--json'],
  ],
  diff: [
    [HAP, HAP_2_WAYS, '--allow-different', 'config', '--json'],
    [HAP, HAP_2_WAYS, '--allow-different', 'config', '-r', 'ndjson'],
    [HAP, HAP_2_WAYS, '--allow-different', 'config', '-r', 'ndjson', '--fail-on', 'tlb.l1d.miss > +0'],
    [HAP, HAP_2_WAYS, '--allow-different', 'config', '--json', '--fail-on', 'cost.cycles > +0'],
    [HAP, FORK, '--json'],
  ],
  'baseline update': [[FORK, '-m', 'hap', '--set', 'l1d.ways=2', '--json', '--baseline', 'OLD_BASELINE']],
  'baseline check': [['--json', '--baseline', BASELINE]],
  sweep: [
    [FORK, '-L', 'stlb.entries', '768,1536', '--json'],
    [FORK, '-L', 'guest.pcid', 'on,off', '-r', 'ndjson'],
    [FORK, '-L', 'stlb.entries', '768,1000', '--list', '--json'],
    [FORK, '-L', 'stlb.entries', '768,1536', '--dry-run', '--json'],
    [FORK, '-L', 'seed', '1,2', '--shard', '1/1', '-q', '--progress', 'ndjson', '--json'],
    [FORK, '--experiment', 'oos-slots', '--json'],
  ],
  experiments: [['exit-cost', 'EXPERIMENT', '--json']],
  collect: [
    [BATCH, '-q', '--format', 'json'],
    [BATCH, '-q', '--format', 'jsonl'],
  ],
  table: [
    [BATCH, '--json'],
    [HAP, 'examples/diff/shadow.json', '--normalize', 'mode=hap', '--json'],
  ],
  walk: [[FORK, '--at', '3', '-m', 'hap', '--json']],
  validate: [
    ['--suite', 'published', '-q', '--all', '--json', '--jobs', '1'],
    ['--suite', 'xen', '--scenario', 'fork_exit', '--param', 'r=4', '--json', '-q'],
  ],
  explain: [['--json'], ['walk.refs.nested', '--json']],
  'trace info': [[FORK, '--json']],
  'trace check': [
    ['BAD', '--json'],
    [FORK, '--json'],
  ],
  'trace head': [[FORK, '-n', '30', '--json']],
  'trace formats': [['--json']],
  'trace mrc': [
    [FORK, '--json'],
    [FORK, '--sample', '0.5', '--json'],
    [FORK, '--sets', '16', '--json'],
  ],
  presets: [['--json'], ['zen3', '--json'], ['--keys', '--json']],
  modes: [['--json'], ['--policy', 'kvm', '--json']],
  schema: [['--json']],
};

/** Commands that print no JSON: why. */
const WITHOUT_JSON: Readonly<Record<string, string>> = {
  complete: 'what completion scripts ask: a word a line',
  completion: 'a script for a shell',
  'trace capture': 'writes a trace',
  'trace convert': 'writes a trace',
  'trace cut': 'writes a trace',
  'trace generate': 'writes a trace',
  'trace merge': 'writes a trace',
};

/** Every command that does something, by its words. */
function leaves(command: CommandUnknownOpts, words: readonly string[] = []): [string, CommandUnknownOpts][] {
  const inner = command.commands.flatMap((each) => leaves(each, [...words, each.name()]));
  return command.commands.length === 0 ? [[words.join(' '), command]] : inner;
}

function program(): CommandUnknownOpts {
  const silent = { argv: [], environment: {} } as unknown as Parameters<typeof createProgram>[0];
  return createProgram(silent, '0');
}

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
const VALIDATORS = new Map<string, ValidateFunction>();
for (const entry of SCHEMAS.all()) VALIDATORS.set(entry.id, ajv.compile(jsonSchema(entry)));

function check(value: unknown, where: string): string {
  const id = (value as { schema?: unknown }).schema;
  expect(typeof id, `${where}: schema of ${JSON.stringify(value).slice(0, 60)}`).toBe('string');
  const validate = VALIDATORS.get(String(id));
  expect(validate, `${where}: there is no schema ${String(id)}`).toBeDefined();
  const valid = validate?.(value);
  expect(validate?.errors ?? [], `${where}: ${String(id)}`).toEqual([]);
  expect(valid).toBe(true);
  return String(id);
}

/** A whole JSON value, or one a line. */
function valuesOf(text: string): unknown[] {
  if (text.startsWith('{\n')) return [JSON.parse(text)];
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

const LEAVES = leaves(program());

describe('the commands', () => {
  it('have a case each, or a reason why they print no JSON', () => {
    const known = [...Object.keys(CASES), ...Object.keys(WITHOUT_JSON)];
    expect(LEAVES.map(([name]) => name).sort()).toEqual(known.sort());
  });

  it('that have --json are not among those that print none', () => {
    const json = LEAVES.filter(([, command]) => command.options.some(({ long }) => long === '--json'));
    expect(json.map(([name]) => name).filter((name) => !(name in CASES))).toEqual([]);
    expect(json.length).toBeGreaterThan(10);
  });
});

describe('JSON is what its schema says', () => {
  const seen = new Set<string>();
  const cases = Object.entries(CASES).flatMap(([name, all]) => all.map((words) => [name, words] as const));

  it.each(cases)('%s %j', { timeout: 60_000 }, (name, words) => {
    const { stdout, stderr } = cli([...name.split(' '), ...words.map((word) => FILES[word] ?? word)]);
    const values = valuesOf(stdout);
    expect(values.length, stderr).toBeGreaterThan(0);
    for (const value of values) seen.add(check(value, name));
    for (const value of words.includes('--progress') ? valuesOf(stderr) : []) seen.add(check(value, name));
  });

  it('and no schema is for something that was not printed or is not read', () => {
    const elsewhere = ['p2msim.config/1', 'p2msim.spec/1', 'p2msim.cost/1', 'p2msim.baseline/1'];
    const ids = SCHEMAS.all().map(({ id }) => id);
    expect(ids.filter((id) => !seen.has(id)).sort()).toEqual(elsewhere.sort());
  });
});

describe('p2msim schema', () => {
  it.each(['result', 'p2msim.config/1', 'p2msim.sweep'])('%s prints a schema', (name) => {
    const { code, stdout } = cli(['schema', name]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(jsonSchema(findSchema(name)))));
  });

  it.each(SCHEMAS.all())('has a small $id', (entry) => {
    // The largest, of results, is 40 KB: 200 counters, 100 keys. Twice as much would say something more than once.
    expect(JSON.stringify(jsonSchema(entry), null, 2).length).toBeLessThan(60_000);
  });

  it('suggests the name that was meant', () => {
    expect(cli(['schema', 'reslut'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^error: unknown schema 'reslut' \(did you mean 'result'\?\); schemas are /,
      ),
    });
  });
});
