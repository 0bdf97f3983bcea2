import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../src/errors.js';
import { diffSaved, type DiffOptions } from '../../../../src/report/diff/diff.js';
import { type DiffResult, isSame } from '../../../../src/report/diff/diff-result.js';
import type { InputKind } from '../../../../src/report/diff/inputs.js';
import { type DiffReporterOptions, PLAIN_OPTIONS } from '../../../../src/report/output.js';
import { REPORTERS } from '../../../../src/report/reporters/index.js';
import type { RunResult } from '../../../../src/report/result.js';
import { type SavedFile, savedRun, type SavedRun } from '../../../../src/report/saved/saved-run.js';
import { run } from '../fixtures.js';

const TOOL = { name: 'p2msim', version: '0.0.0' } as const;

function saved(file: string, ...runs: readonly RunResult[]): SavedFile {
  return { file, schema: 'p2msim.result/1', runs: runs.map((each) => savedRun(each, file)) };
}

/** The file with every run changed. */
function changed(file: SavedFile, change: Partial<SavedRun>): SavedFile {
  return { ...file, runs: file.runs.map((each) => ({ ...each, ...change })) };
}

function diff(files: readonly SavedFile[], options: DiffOptions = {}): DiffResult {
  return diffSaved(files, TOOL, options);
}

function render(name: string, result: DiffResult, options: Partial<DiffReporterOptions> = {}): string {
  return REPORTERS.get(name).renderDiff!(result, { ...PLAIN_OPTIONS, rows: ['metric'], ...options });
}

/** The lines between the sides and the count of what did not change. */
function tableOf(result: DiffResult, options: Partial<DiffReporterOptions> = {}): string[] {
  return render('table', result, options).split('\n\n').slice(1).join('\n\n').trimEnd().split('\n');
}

function refused(files: readonly SavedFile[], options: DiffOptions = {}): UsageError {
  try {
    diff(files, options);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('not refused');
}

const HAP = run({ mode: 'hap', counters: { 'walk.refs': 48, 'walk.count': 2 } });
const HEAD = run({ mode: 'hap', counters: { 'walk.refs': 50, 'walk.count': 2, 'vmexit.total': 1 } });
const SHADOW = run({ mode: 'shadow', counters: { 'walk.refs': 8, 'walk.count': 2 } });

const REPORTERS_OF_TEXT = ['table', 'markdown', 'ndjson'];

describe('a diff', () => {
  it.each(REPORTERS_OF_TEXT)('of a result with itself is silent in %s', (reporter) => {
    const same = diff([saved('a.json', HAP, SHADOW), saved('b.json', HAP, SHADOW)]);
    expect(isSame(same)).toBe(true);
    expect(render(reporter, same)).toBe('');
    expect(isSame(diff([saved('a.json', HAP), saved('a.json', HAP)]))).toBe(true);
  });

  it('shows what changed: value, value, difference, share of the base', () => {
    const result = diff([saved('a.json', HAP), saved('b.json', HEAD)]);
    expect(tableOf(result).slice(0, 3)).toEqual([
      'metric                       base   head   delta',
      'walk.refs                      48     50      +2  +4.17%',
      'vmexit.total                    0      1      +1',
    ]);
    expect(tableOf(result).at(-1)).toMatch(/^\d+ metrics unchanged \(--all shows them\)$/);
  });

  it('shows chosen metrics, changed or not', () => {
    const result = diff([saved('a.json', HAP), saved('b.json', HEAD)]);
    expect(tableOf(result, { metrics: 'walk.count,walk.refs' })).toEqual([
      'metric      base  head  delta',
      'walk.count     2     2      =',
      'walk.refs     48    50     +2  +4.17%',
    ]);
  });

  it('shows a metric that one side does not have', () => {
    const base = saved('a.json', HAP);
    const later = base.runs.map((each) => ({
      ...each,
      metrics: new Map([...each.metrics, ['later.metric', 7]]),
    }));
    const rows = (result: DiffResult): string[] => tableOf(result, { metrics: 'later.metric' }).slice(1);
    const head = { ...base, file: 'b.json', runs: later.map((each) => ({ ...each, file: 'b.json' })) };
    expect(rows(diff([base, head]))).toEqual(['later.metric     -     7    new']);
    expect(rows(diff([head, base]))).toEqual(['later.metric     7     -   gone']);
  });

  it('refuses an unknown metric, with a suggestion', () => {
    const result = diff([saved('a.json', HAP), saved('b.json', HEAD)]);
    expect(() => render('table', result, { metrics: 'walk.rfes' })).toThrow("(did you mean 'walk.refs'?)");
  });
});

describe('runs that belong together', () => {
  it('have one mode, in any order', () => {
    const result = diff([saved('a.json', HAP, SHADOW), saved('b.json', SHADOW, HAP)]);
    expect(result.groups.map(({ runs }) => runs.map((each) => each?.mode))).toEqual([
      ['hap', 'hap'],
      ['shadow', 'shadow'],
    ]);
    expect(isSame(result)).toBe(true);
  });

  it('may be of two modes where there is one of each', () => {
    const result = diff([saved('a.json', HAP), saved('b.json', SHADOW)]);
    expect(result.groups.map(({ runs }) => runs.map((each) => each?.mode))).toEqual([['hap', 'shadow']]);
  });

  it('are named where there is none on the other side', () => {
    const result = diff([saved('a.json', HAP), saved('b.json', HAP, SHADOW)]);
    expect(isSame(result)).toBe(false);
    expect(render('table', result)).toContain('shadow, a.csv: not in base\n');
  });

  it('have the same swept values', () => {
    const point = (entries: number, refs: number): RunResult => ({
      ...run({ counters: { 'walk.refs': refs } }),
      point: { 'stlb.entries': entries },
    });
    const result = diff([
      saved('a.json', point(1, 8), point(2, 6)),
      saved('b.json', point(2, 6), point(1, 9)),
    ]);
    expect(tableOf(result, { rows: ['stlb.entries'], metrics: 'walk.refs' })).toEqual([
      'metric walk.refs',
      'stlb.entries  base  head  delta',
      '1                8     9     +1  +12.50%',
      '2                6     6      =',
    ]);
  });

  it('are found by trace, then by its path and its name', () => {
    const trace = (path: string, sha256: string): RunResult => run({ trace: { path, sha256 } });
    const base = saved('a.json', trace('x/a.csv', '1'), trace('x/b.csv', '2'));
    const head = saved('b.json', trace('y/other.csv', '2'), trace('y/a.csv', '3'));
    const { groups } = diff([base, head], { allow: ['trace'] });
    expect(groups.map(({ runs }) => runs.map((each) => each?.trace.path))).toEqual([
      ['x/a.csv', 'y/a.csv'],
      ['x/b.csv', 'y/other.csv'],
    ]);
  });
});

describe('inputs that differ', () => {
  const base = saved('a.json', HAP);
  const config = (values: Record<string, number>, policy: Record<string, unknown> | null = null) => ({
    config: { sha256: '1', preset: 'none', values: new Map(Object.entries(values)), policy },
  });

  it('are refused by name with both values: the trace', () => {
    const head = saved('b.json', run({ trace: { sha256: 'ff', accesses: 999 } }));
    const error = refused([base, head]);
    expect(error.exitCode).toBe(2);
    expect(error.message).toBe('a.json and b.json: hap, a.csv: cannot be compared: the traces differ');
    expect(error.details).toEqual(['trace.sha256    0123456789abcdef -> ff', 'trace.accesses  1000 -> 999']);
    expect(error.hint).toBe('`--allow-different trace` compares them nevertheless');
  });

  it('are refused by name with both values: the configuration, the fields of a policy file, how it was read', () => {
    const one = changed(base, config({ 'stlb.entries': 16 }, { name: 'mine', prefetchEntries: 8 }));
    const two = changed(
      { ...base, file: 'b.json' },
      {
        file: 'b.json',
        ...config({ 'stlb.entries': 32 }, { name: 'other', prefetchEntries: 16 }),
        replay: { lenient: true },
      },
    );
    expect(refused([one, two]).details).toEqual([
      'stlb.entries                   16 -> 32',
      'shadow.policy.prefetchEntries  8 -> 16',
      'replay.lenient                 false -> true',
    ]);
  });

  it('are refused by name with both values: the cost table', () => {
    const head = changed(
      { ...base, file: 'b.json' },
      { file: 'b.json', prices: new Map([...base.runs[0]!.prices, ['walk.pwc', 5]]) },
    );
    expect(refused([base, head]).details).toEqual(['cost.walk.pwc  1 cycles -> 5 cycles']);
  });

  it.each<[InputKind]>([['trace'], ['config'], ['cost']])('are shown first if %s may differ', (kind) => {
    const head = changed(saved('b.json', run({ trace: { sha256: 'ff' } })), config({ vcpus: 2 }));
    const dearer = changed(head, { prices: new Map([...head.runs[0]!.prices, ['walk.pwc', 5]]) });
    expect(refused([base, dearer], { allow: [kind] }).message).not.toContain(`the ${kind}`);
    const text = render('table', diff([base, dearer], { allow: ['trace', 'config', 'cost'] }));
    expect(text).toContain('base and head were given different things:\n');
    expect(text).toMatch(/^ {2}trace\.sha256 +0123456789abcdef -> ff$/m);
    expect(text).toMatch(/^ {2}cost\.walk\.pwc +1 cycles -> 5 cycles$/m);
  });

  it('are not the path of the trace, nor the name of the preset', () => {
    const head = saved('b.json', { ...HAP, manifest: run({ trace: { path: 'elsewhere/a.csv' } }).manifest });
    const named = (file: SavedFile, preset: string): SavedFile =>
      changed(file, { config: { ...config({ vcpus: 2 }).config, preset } });
    expect(isSame(diff([named(base, 'mine'), named(head, 'yours')]))).toBe(true);
  });

  it('are not a key that an older version did not have, where its value is the default', () => {
    const skylake = (values: Record<string, number>): Partial<SavedRun> => {
      const { config: one } = config(values);
      return { config: { ...one, preset: 'skylake' } };
    };
    const old = changed(base, skylake({ vcpus: 1 }));
    const now = (flushCeiling: number): SavedFile =>
      changed(
        { ...base, file: 'b.json' },
        { file: 'b.json', ...skylake({ vcpus: 1, 'guest.flushCeiling': flushCeiling }) },
      );
    expect(isSame(diff([old, now(33)]))).toBe(true);
    expect(refused([old, now(7)]).details).toEqual(['guest.flushCeiling  33 -> 7']);
  });

  it('leave a guest that ended differently unexplained, and the report says so', () => {
    const head = changed({ ...base, file: 'b.json' }, { file: 'b.json', guestDigest: 'ff' });
    const result = diff([base, head]);
    expect(isSame(result)).toBe(false);
    expect(render('table', result)).toContain(
      'hap, a.csv: the guest ended with other page tables in head (digest 00 -> ff)',
    );
  });
});

describe('columns', () => {
  const file = saved('a.json', HAP, SHADOW);

  it('of another dimension need one file', () => {
    const result = diff([file], { columns: ['mode'] });
    expect(result.sides.map(({ label }) => label)).toEqual(['hap', 'shadow']);
    expect(tableOf(result, { metrics: 'walk.refs' })[1]).toBe('walk.refs   48       8    -40  -83.33%');
  });

  it('of files need two', () => {
    expect(refused([file]).message).toBe('there is nothing to compare with: file is a.json in every run');
  });

  it('and rows leave the other dimensions to the titles of tables', () => {
    const head = saved('b.json', HEAD, SHADOW);
    expect(tableOf(diff([file, head]), { metrics: 'walk.refs' })).toEqual([
      'mode hap',
      'metric     base  head  delta',
      'walk.refs    48    50     +2  +4.17%',
      '',
      'mode shadow',
      'metric     base  head  delta',
      'walk.refs     8     8      =',
    ]);
  });
});

describe('a diff for programs', () => {
  const result = diff([saved('a.json', HAP), saved('b.json', HEAD)]);

  it('is JSON with values and deltas', () => {
    const value = JSON.parse(render('json', result, { metrics: 'walk.refs,walk.count' })) as object;
    expect(value).toMatchObject({
      schema: 'p2msim.diff/1',
      sides: [
        { label: 'base', file: 'a.json' },
        { label: 'head', file: 'b.json' },
      ],
      inputs: [],
      groups: [
        {
          trace: 'a.csv',
          mode: 'hap',
          metrics: [
            { key: 'walk.count', values: [2, 2], deltas: [0] },
            { key: 'walk.refs', values: [48, 50], deltas: [2] },
          ],
        },
      ],
    });
  });

  it('is JSON without a difference, too', () => {
    const same = diff([saved('a.json', HAP), saved('b.json', HAP)]);
    expect(JSON.parse(render('json', same))).toMatchObject({ groups: [{ metrics: [] }] });
  });

  it('is CSV and a JSON object a line', () => {
    expect(render('csv', result, { metrics: 'walk.refs' })).toBe(
      'trace,mode,preset,version,metric,side,base,value,delta\na.csv,hap,none,0.0.0,walk.refs,head,48,50,2\n',
    );
    expect(JSON.parse(render('ndjson', result, { metrics: 'walk.refs' }))).toEqual({
      schema: 'p2msim.difference/1',
      trace: 'a.csv',
      mode: 'hap',
      preset: 'none',
      version: '0.0.0',
      metric: 'walk.refs',
      side: 'head',
      base: 48,
      value: 50,
      delta: 2,
    });
  });

  it('is Markdown with a table', () => {
    expect(render('markdown', result, { metrics: 'walk.refs' })).toContain(
      '| metric | base | head | delta |  |\n| --- | ---: | ---: | ---: | ---: |\n| walk.refs | 48 | 50 | +2 | +4.17% |\n',
    );
  });
});
