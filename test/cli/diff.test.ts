import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cli, file, ROOT, scratch } from './run-cli.js';

const TRACE = 'traces/examples/fork.csv';
const HAP = 'examples/diff/hap.json';
const TWO_WAYS = 'examples/diff/hap-2-ways.json';
const SHADOW = 'examples/diff/shadow.json';

/** A result with some of its text replaced. */
function damaged(change: (text: string) => string): string {
  return file('damaged.json', change(readFileSync(join(ROOT, HAP), 'utf8')));
}

describe('diff', () => {
  it('of a result with itself prints nothing', () => {
    expect(cli(['diff', HAP, HAP])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(cli(['diff', HAP, '-'], { input: readFileSync(join(ROOT, HAP), 'utf8') })).toMatchObject({
      code: 0,
      stdout: '',
    });
  });

  it('reads gzip, and what -r ndjson wrote', () => {
    const zipped = join(scratch(), 'hap.json.gz');
    writeFileSync(zipped, gzipSync(readFileSync(join(ROOT, HAP))));
    expect(cli(['diff', HAP, zipped])).toEqual({ code: 0, stdout: '', stderr: '' });
    const lines = file('hap.ndjson', cli(['replay', TRACE, '--interval', '10', '-r', 'ndjson']).stdout);
    expect(cli(['diff', HAP, lines])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('of two modes lists every metric that differs, and no other', () => {
    const { code, stdout } = cli(['diff', HAP, SHADOW]);
    const counts = (path: string): Record<string, number> => {
      const result = JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as {
        counters: Record<string, number>;
      };
      return result.counters;
    };
    const [hap, shadow] = [counts(HAP), counts(SHADOW)];
    const listed = new Set(stdout.split('\n').map((line) => line.split(' ')[0]));
    const differing = Object.keys(hap).filter((key) => hap[key] !== shadow[key]);
    expect(differing.length).toBeGreaterThan(20);
    expect(Object.keys(hap).filter((key) => listed.has(key))).toEqual(differing);
    expect(code).toBe(0);
  });

  it('refuses other configurations with both values, and goes on where told to', () => {
    const refused = cli(['diff', HAP, TWO_WAYS]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('the configurations differ\n  l1d.ways  4 -> 2\nhint: ');
    expect(cli(['diff', HAP, TWO_WAYS, '--allow-different', 'trace']).code).toBe(2);
    expect(cli(['diff', HAP, TWO_WAYS, '--allow-different', 'config']).stdout).toContain(
      '  l1d.ways  4 -> 2\n',
    );
    expect(cli(['diff', HAP, TWO_WAYS, '--col', 'l1d.ways'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('replays a trace as the result was', () => {
    expect(cli(['diff', HAP, TRACE])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(cli(['diff', TWO_WAYS, TRACE])).toEqual({ code: 0, stdout: '', stderr: '' });
    const options = [
      '--skip',
      '3',
      '--warmup',
      '2',
      '--limit',
      '9',
      '--seed',
      '7',
      '--frames',
      'scatter',
      '-p',
      'zen3',
    ];
    const all = file('all.json', cli(['compare', TRACE, ...options, '--json']).stdout);
    expect(cli(['diff', all, TRACE])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(cli(['diff', all, TRACE, '--jobs', '2'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('replays a sweep, point by point', () => {
    const words = ['sweep', TRACE, '-m', 'native,hap', '-L', 'l1d.ways', '2,4', '--json'];
    const swept = file('sweep.json', cli(words).stdout);
    expect(cli(['diff', swept, TRACE])).toEqual({ code: 0, stdout: '', stderr: '' });
    const { stdout } = cli([
      'diff',
      swept,
      '--col',
      'l1d.ways',
      '--row',
      'mode',
      '--metrics',
      'kernel.tlb.l1d.miss',
    ]);
    expect(stdout).toMatch(/^mode +2 +4 +delta\n/m);
  });

  it('replays with the prices, policy files and options of the result', () => {
    const cost = file('cost.json', '{"schema": "p2msim.cost/1", "rows": {"walk.ref.l1": {"cycles": 9}}}');
    const policy = file('policy.json', '{"base": "kvm", "prefetchEntries": 3}');
    const trace = file('odd.csv', 'op,va,what\nR,0x1000,a\nP2M.UNMAP,0x2000,b\nR,0x2000,c\n');
    const words = [
      '-m',
      'shadow',
      '--cost',
      cost,
      '--shadow-policy',
      policy,
      '--ignore-columns',
      '--on-error',
      'skip',
    ];
    const result = cli(['replay', trace, ...words, '--json']);
    expect(cli(['diff', file('odd.json', result.stdout), trace])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('replays a backend of a user from where it was', () => {
    const mode = './examples/my-backend/flat-nested.mjs';
    const result = cli(['replay', TRACE, '-m', mode, '--json']);
    expect(result.code).toBe(0);
    expect(cli(['diff', file('own.json', result.stdout), TRACE])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('refuses another trace, and ends with 3 where it is broken', () => {
    const other = file('other.csv', 'op,va\nR,0x1000\n');
    expect(cli(['diff', HAP, other]).stderr).toMatch(
      /cannot be compared: the traces differ\n {2}trace\.sha256 +\w+ -> \w+\n/,
    );
    const broken = file('broken.csv', 'op,va\nR,0x1000\nW,0x7fq0\n');
    expect(cli(['diff', HAP, broken]).stderr).toContain('is not a hexadecimal address');
    expect(cli(['diff', HAP, broken, '--allow-different', 'trace,config']).code).toBe(3);
  });

  it('takes a setting for the replay, if that may differ', () => {
    const words = ['diff', HAP, TRACE, '--set', 'l1d.ways=2'];
    expect(cli(words)).toMatchObject({ code: 2, stdout: '' });
    expect(cli([...words, '--allow-different', 'config']).stdout).toContain('  l1d.ways  4 -> 2\n');
    expect(cli(['diff', HAP, SHADOW, '--set', 'l1d.ways=2']).stderr).toContain('HEAD is no trace');
  });

  it('writes reports to files, empty where there is nothing to say', () => {
    const out = join(scratch(), 'diff.md');
    expect(cli(['diff', HAP, HAP, '-r', `markdown=${out}`])).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(out, 'utf8')).toBe('');
    cli(['diff', HAP, SHADOW, '-o', out]);
    expect(readFileSync(out, 'utf8')).toMatch(/^- base {2}examples\/diff\/hap\.json/);
    expect(cli(['diff', HAP, SHADOW, '-o', HAP]).stderr).toContain(
      'is the input examples/diff/hap.json itself',
    );
  });
});

describe('diff of slices', () => {
  const sliced = (mode: string, interval: string, name: string): string =>
    file(name, cli(['replay', TRACE, '-m', mode, '--interval', interval, '-r', name.split('.')[1]!]).stdout);
  const hap = sliced('hap', '10', 'hap.json');

  it('is a row a slice, of JSON and of lines', () => {
    const shadow = sliced('shadow', '10', 'shadow.ndjson');
    const { code, stdout } = cli(['diff', hap, shadow, '--row', 'interval', '--metrics', 'walk.refs']);
    // The sums are 161 and 258: 27 + 38 + 54 + 42, and 49 + 68 + 78 + 63.
    expect(
      stdout
        .split('\n')
        .slice(-6)
        .map((line) => line.split(/ +/).slice(0, 3).join(' ')),
    ).toEqual(['interval base head', '0 27 49', '10 38 68', '20 54 78', '30 42 63', '']);
    expect(code).toBe(0);
  });

  it('of a result with itself, or replayed, is silent', () => {
    expect(cli(['diff', hap, hap, '--row', 'interval'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(cli(['diff', hap, TRACE, '--row', 'interval'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('may be of the slices of one result', () => {
    const { stdout } = cli(['diff', hap, '--col', 'interval', '--metrics', 'walk.refs']);
    expect(stdout).toMatch(/^walk\.refs +27 +38 +\+11 +\+40\.74% +54 /m);
  });

  it('is not needed to see that slices differ where sums do not', () => {
    const moved = file('moved.json', readFileSync(hap, 'utf8').replace('"walk.refs": 54', '"walk.refs": 53'));
    expect(cli(['diff', hap, moved]).stdout).toContain(
      'head, hap: the sums are equal, 1 of 4 slices are not (--row interval)\n',
    );
    expect(cli(['diff', hap, moved, '--row', 'interval']).stdout).toMatch(/^20 +54 +53 +-1 /m);
  });

  it('judges whole runs by budgets for runs', () => {
    const words = ['diff', hap, hap, '--row', 'interval', '--fail-on'];
    expect(cli([...words, 'walk.refs > 161']).stdout).toBe(
      'ok  walk.refs > 161  161, limit 161\n1 check passed\n',
    );
    expect(cli([...words, 'interval:walk.refs > +0']).stdout).toContain('each of 4 slices keeps it');
  });

  it('refuses results that were not cut alike', () => {
    const other = sliced('hap', '20', 'other.json');
    const refused = cli(['diff', hap, other, '--row', 'interval']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/hap\.json has slices of 10 records, .*other\.json of 20\nhint: /);
    expect(cli(['diff', hap, HAP, '--row', 'interval']).stderr).toMatch(
      /examples\/diff\/hap\.json: hap, .* has no slices/,
    );
    expect(cli(['diff', hap, other])).toMatchObject({ code: 0, stdout: '' });
  });
});

describe('what diff cannot read', () => {
  it.each([
    ['a file that is not there', ['diff', 'no-such.json', HAP], 3, /^error: no-such\.json: no such file/],
    [
      'a trace as the base',
      ['diff', TRACE, HAP],
      3,
      /fork\.csv: is no saved result: it is a trace \(csv\)\nhint: .*`p2msim diff BASE TRACE` replays/,
    ],
    ['an empty file', ['diff', file('e.json', ''), HAP], 3, /e\.json: is empty; expected a saved result/],
    [
      'JSON that breaks off',
      ['diff', damaged((t) => t.slice(0, 900)), HAP],
      3,
      /damaged\.json:\d+:\d+: not JSON: it breaks off here/,
    ],
    [
      'other JSON',
      ['diff', HAP, file('o.json', '{"a": 1}')],
      3,
      /o\.json: is JSON, but not a result of p2msim/,
    ],
    [
      'a later version',
      ['diff', damaged((t) => t.replace('result/1', 'result/2')), HAP],
      3,
      /written by p2msim [\d.]+; this version reads up to "p2msim\.result\/1"/,
    ],
    [
      'a count that is none',
      ['diff', damaged((t) => t.replace('"walk.refs": 161', '"walk.refs": "161"')), HAP],
      3,
      /counters\["walk\.refs"\] is "161"; expected a whole number/,
    ],
    [
      'a missing part',
      ['diff', damaged((t) => t.replace('"guestDigest"', '"digest"')), HAP],
      3,
      /guestDigest is missing; expected a text/,
    ],
    [
      'an unknown metric',
      ['diff', HAP, SHADOW, '--metrics', 'walk.rfes'],
      2,
      /no metric matches 'walk\.rfes' \(did you mean 'walk\.refs'\?\)/,
    ],
    [
      'an unknown dimension',
      ['diff', HAP, SHADOW, '--row', 'mdoe'],
      2,
      /--row: unknown dimension 'mdoe' \(did you mean 'mode'\?\)/,
    ],
    [
      'a metric as a column',
      ['diff', HAP, SHADOW, '--col', 'metric'],
      2,
      /--col: unknown dimension 'metric'/,
    ],
    [
      'a dimension in both',
      ['diff', HAP, SHADOW, '--row', 'mode', '--col', 'mode'],
      2,
      /--row and --col both name mode/,
    ],
    ['one file', ['diff', HAP], 2, /nothing to compare with: file is .*hap\.json in every run/],
    [
      'a kind that is none',
      ['diff', HAP, SHADOW, '--allow-different', 'conifg'],
      2,
      /--allow-different is 'conifg' \(did you mean 'config'\?\)/,
    ],
    ['an unknown key', ['diff', HAP, TRACE, '--set', 'stlb.entires=2'], 2, /did you mean 'stlb\.entries'/],
  ])('is %s', (_what, args, code, message) => {
    const done = cli(args);
    expect(done.stderr).toMatch(message);
    expect([done.code, done.stdout]).toEqual([code, '']);
    expect(done.stderr).not.toMatch(/^ +at /m);
  });
});

describe('compare', () => {
  it('puts saved results side by side as one pass does', () => {
    // The digest of a configuration changes with each key that p2msim gets; what is in it is compared key by key.
    const shown = (words: readonly string[]): string =>
      cli(words).stdout.replace(/config [0-9a-f]{8}/g, 'config');
    expect(shown(['compare', HAP, SHADOW])).toBe(shown(['compare', TRACE, '-m', 'hap,shadow']));
    expect(cli(['compare', HAP, SHADOW])).toMatchObject({ code: 0, stderr: '' });
  });

  it('refuses what diff refuses', () => {
    expect(cli(['compare', TWO_WAYS, SHADOW])).toMatchObject({ code: 2, stdout: '' });
    expect(cli(['compare', TWO_WAYS, SHADOW]).stderr).toContain(
      'the configurations differ\n  l1d.ways  2 -> 4\n',
    );
    expect(cli(['compare', TWO_WAYS, SHADOW, '--allow-different', 'config']).code).toBe(0);
    const other = damaged((text) => text.replace(/"guestDigest": "\w{8}/, '"guestDigest": "00000000'));
    expect(cli(['compare', other, SHADOW]).stderr).toContain('their guests did different things');
  });

  it.each([
    [
      'two results of one mode',
      ['compare', HAP, TWO_WAYS],
      /mode hap is in .*hap\.json and in .*hap-2-ways\.json/,
    ],
    ['a result and a trace', ['compare', HAP, TRACE], /hap\.json is a saved result and .*fork\.csv a trace/],
    [
      'a baseline',
      ['compare', 'examples/diff/p2msim.baseline.json'],
      /is a baseline, which holds no whole results/,
    ],
    ['words for a replay', ['compare', HAP, SHADOW, '-p', 'zen3'], /--preset is for the replay of a trace/],
    [
      'a word for results',
      ['compare', TRACE, '--allow-different', 'config'],
      /--allow-different is for results/,
    ],
  ])('refuses %s', (_what, args, message) => {
    const { code, stderr, stdout } = cli(args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('baseline', () => {
  /** A folder with a trace and its baseline. */
  function repository(): string {
    const cwd = scratch();
    copyFileSync(join(ROOT, TRACE), join(cwd, 'fork.csv'));
    const made = cli(['baseline', 'update', 'fork.csv'], { cwd });
    expect(made).toEqual({ code: 0, stdout: '', stderr: 'p2msim.baseline.json: 3 runs, 3 new\n' });
    return cwd;
  }
  const textOf = (cwd: string): string => readFileSync(join(cwd, 'p2msim.baseline.json'), 'utf8');
  const edit = (cwd: string, from: string, to: string): void =>
    writeFileSync(join(cwd, 'p2msim.baseline.json'), textOf(cwd).replace(from, to));

  it('is what comes out: check succeeds, update changes nothing', () => {
    const cwd = repository();
    const before = textOf(cwd);
    expect(cli(['baseline', 'check'], { cwd })).toEqual({
      code: 0,
      stdout: '',
      stderr: 'p2msim.baseline.json: 3 runs, all as they were\n',
    });
    expect(cli(['baseline', 'check', '-q'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(cli(['baseline', 'update'], { cwd }).stderr).toBe(
      'p2msim.baseline.json: 3 runs, nothing changed\n',
    );
    expect(textOf(cwd)).toBe(before);
  });

  it('fails with 1 for a single count, shows it, and takes it when updated', () => {
    const cwd = repository();
    const before = textOf(cwd);
    edit(cwd, '"walk.refs": 161', '"walk.refs": 160');
    const failed = cli(['baseline', 'check'], { cwd });
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain(
      'mode hap\nmetric     base  head  delta\nwalk.refs   160   161     +1  +0.63%\n',
    );
    expect(failed.stderr).toMatch(
      /^p2msim\.baseline\.json: 1 of 3 runs not as before\nhint: if that is intended/,
    );
    expect(cli(['baseline', 'check', '--metrics', 'vmexit.*'], { cwd }).code).toBe(0);
    expect(cli(['baseline', 'check', '--metrics', 'walk.*'], { cwd }).code).toBe(1);
    const updated = cli(['baseline', 'update'], { cwd });
    expect(updated.stdout).toContain('walk.refs   160   161     +1  +0.63%\n');
    expect(updated.stderr).toBe('p2msim.baseline.json: 3 runs, 1 changed\n');
    expect(textOf(cwd)).toBe(before);
  });

  it('is checked in part: one trace, or a result', () => {
    const cwd = repository();
    writeFileSync(join(cwd, 'b.csv'), 'op,va\nR,0x1000\n');
    expect(cli(['baseline', 'update', 'b.csv', '-m', 'hap', '--limit', '1'], { cwd }).stderr).toContain(
      '4 runs, 1 new',
    );
    edit(cwd, '"walk.refs": 161', '"walk.refs": 160');
    expect(cli(['baseline', 'check', 'b.csv'], { cwd }).stderr).toBe(
      'p2msim.baseline.json: 1 run, all as they were\n',
    );
    expect(cli(['baseline', 'check', 'fork.csv'], { cwd }).code).toBe(1);
    const shadow = join(ROOT, SHADOW);
    expect(cli(['baseline', 'check', shadow], { cwd }).stderr).toContain('1 run, all as they were');
    expect(cli(['baseline', 'check', join(ROOT, HAP)], { cwd }).code).toBe(1);
    expect(cli(['baseline', 'update', join(ROOT, HAP)], { cwd }).stderr).toContain('1 new');
  });

  it('refuses a trace that is another', () => {
    const cwd = repository();
    writeFileSync(join(cwd, 'fork.csv'), 'op,va\nR,0x1000\n');
    const { code, stderr } = cli(['baseline', 'check'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('the traces differ\n  trace.sha256 ');
  });

  it.each([
    [
      'no baseline',
      ['check'],
      2,
      /there is no baseline p2msim\.baseline\.json\nhint: `p2msim baseline update TRACE\.\.\.`/,
    ],
    ['no baseline to update', ['update'], 2, /there is no baseline/],
    [
      'a result in its place',
      ['check', '-b', join(ROOT, HAP)],
      2,
      /is a result \(p2msim\.result\/1\), not a baseline/,
    ],
    ['a trace that is not there', ['update', 'no-such.csv'], 3, /no-such\.csv: no such file/],
  ])('refuses %s', (_what, words, code, message) => {
    const done = cli(['baseline', ...words], { cwd: scratch() });
    expect(done.stderr).toMatch(message);
    expect([done.code, done.stdout]).toEqual([code, '']);
  });

  it('refuses what is not in it, and words that mean nothing', () => {
    const cwd = repository();
    writeFileSync(join(cwd, 'b.csv'), 'op,va\nR,0x1000\n');
    expect(
      cli(['baseline', 'check', join(ROOT, 'examples/diff/hap.json'), '-b', 'p2msim.baseline.json'], { cwd })
        .code,
    ).toBe(0);
    const other = file('b.json', cli(['replay', 'b.csv', '--json'], { cwd }).stdout);
    expect(cli(['baseline', 'check', other], { cwd }).stderr).toMatch(
      /nothing of .*b\.json is in p2msim\.baseline\.json, which holds fork\.csv/,
    );
    expect(cli(['baseline', 'update', '-p', 'zen3'], { cwd }).stderr).toContain(
      '--preset is for the replay of a trace',
    );
    edit(cwd, '"runs": [', '"runs": [,');
    expect(cli(['baseline', 'check'], { cwd })).toMatchObject({ code: 3 });
  });
});
