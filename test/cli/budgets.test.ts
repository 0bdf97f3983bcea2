import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lexer, type Tokens } from 'marked';
import { describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { cli, file, ROOT, scratch } from './run-cli.js';

const TRACE = join(ROOT, 'traces/examples/fork.csv');
const HAP = join(ROOT, 'examples/diff/hap.json');
const SHADOW = join(ROOT, 'examples/diff/shadow.json');
const BASELINE = join(ROOT, 'examples/diff/p2msim.baseline.json');

describe('a budget', () => {
  // fork.csv under HAP: walk.refs 161, of 59 walks; under shadow paging 258, native 155.
  it('that is kept exits 0, and one that is exceeded by one count exits 1', () => {
    const kept = cli(['replay', TRACE, '--fail-on', 'walk.refs > 161']);
    expect(kept).toMatchObject({ code: 0, stderr: '' });
    expect(kept.stdout).toContain('\nok  walk.refs > 161  161, limit 161\n1 check passed\n');
    const violated = cli(['replay', TRACE, '--fail-on', 'walk.refs > 160']);
    expect(violated).toMatchObject({ code: 1, stderr: '' });
    expect(violated.stdout).toContain(
      '\nFAIL  walk.refs > 160  limit 160, found 161: over by 1\n1 of 1 check failed\n',
    );
  });

  it('fails without an exit code if there shall be none', () => {
    const words = ['replay', TRACE, '--fail-on', 'walk.refs > 160'];
    expect(cli([...words, '--no-exit-code']).stdout).toContain('FAIL');
    expect(cli([...words, '--no-exit-code']).code).toBe(0);
  });

  it('is checked one by one, and every one that is violated is listed', () => {
    const words = ['walk.refs > 1', 'walk.refs > 1M', 'memory.p2m.pages < 1M'].flatMap((text) => [
      '--fail-on',
      text,
    ]);
    const { code, stdout } = cli(['replay', TRACE, ...words]);
    expect(stdout.match(/^(ok|FAIL)/gm)).toEqual(['FAIL', 'ok', 'FAIL']);
    expect(stdout).toContain('2 of 3 checks failed');
    expect(code).toBe(1);
  });

  // Without nested paging nothing looks into the nested TLB: the ratio is 0 by 0.
  it('in words that no run can be judged by exits 2 once the results are written', () => {
    const words = ['replay', TRACE, '-m', 'native', '--fail-on', 'ntlb.hit.ratio < 0.5'];
    const { code, stdout, stderr } = cli(words);
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /^skip {2}ntlb\.hit\.ratio < 0\.5 {2}not checked: .*\nno check was made of 1 check\n$/m,
    );
    expect(stderr).toMatch(
      /^error: --fail-on 'ntlb\.hit\.ratio < 0\.5': not checked: there is no ntlb\.hit\.ratio in this run: ntlb\.hit \+ ntlb\.miss is 0\nhint: /,
    );
    expect(cli([...words, '--no-exit-code'])).toMatchObject({ code: 0, stderr: '' });
    expect(cli([...words, '--fail-on', 'walk.refs > 1']).code).toBe(1);
    const report = join(scratch(), 'native.json');
    expect(cli([...words, '--json', '-o', report]).code).toBe(2);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ mode: 'native' });
    // One run that can be judged will do.
    expect(cli(['compare', TRACE, '--fail-on', 'ntlb.hit.ratio < 0']).code).toBe(0);
  });

  it('of a file that no run can be judged by is listed, and exits 0', () => {
    const limits = file('ntlb.json', '{"ntlb.hit.ratio": {"min": 0.5}}');
    const { code, stdout, stderr } = cli(['replay', TRACE, '-m', 'native', '--budgets', limits]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(
      'not checked: there is no ntlb.hit.ratio in this run: ntlb.hit + ntlb.miss is 0\n',
    );
  });

  it('may be for one mode', () => {
    const { code, stdout } = cli([
      'compare',
      TRACE,
      '--fail-on',
      'shadow:walk.refs > 257',
      '--fail-on',
      'walk.refs > 258',
    ]);
    expect(stdout.match(/^(ok|FAIL) .*/gm)).toEqual([
      'FAIL  shadow:walk.refs > 257  shadow  limit 257, found 258: over by 1',
      'ok    walk.refs > 258         native  155, limit 258',
      'ok    walk.refs > 258         hap     161, limit 258',
      'ok    walk.refs > 258         shadow  258, limit 258',
    ]);
    expect(code).toBe(1);
  });

  it('may be for saved results side by side', () => {
    const words = ['compare', HAP, SHADOW, '--fail-on'];
    expect(cli([...words, 'shadow:walk.refs > 258']).code).toBe(0);
    expect(cli([...words, 'shadow:walk.refs > 257']).code).toBe(1);
    expect(cli([...words, 'walk.refs > +0', '--baseline', BASELINE])).toMatchObject({ code: 0, stderr: '' });
  });

  it('may be for every slice', () => {
    const words = ['replay', TRACE, '--interval', '10', '--fail-on'];
    const failing = cli([...words, 'interval:walk.refs > 40']);
    const counts = (
      JSON.parse(cli([...words, 'walk.refs > 161', '--json']).stdout) as {
        intervals: { from: number; counters: Record<string, number> }[];
      }
    ).intervals.map(({ from, counters }): [number, number] => [from, counters['walk.refs'] ?? 0]);
    const over = counts.filter(([, refs]) => refs > 40);
    expect(over.length).toBeGreaterThan(0);
    expect(over.length).toBeLessThan(counts.length);
    for (const [from, refs] of over) {
      expect(failing.stdout).toMatch(
        new RegExp(`^FAIL .* records from ${from} +limit 40, found ${refs}: over by ${refs - 40}$`, 'm'),
      );
    }
    expect(failing.stdout.match(/^FAIL/gm)).toHaveLength(over.length);
    const most = Math.max(...counts.map(([, refs]) => refs));
    expect(cli([...words, `interval:walk.refs > ${most}`]).code).toBe(0);
    expect(cli([...words, `interval:walk.refs > ${most - 1}`]).code).toBe(1);
  });

  it('may be for every point of a sweep', () => {
    const { code, stdout } = cli([
      'sweep',
      TRACE,
      '-L',
      'l1d.ways',
      '2,4',
      '--fail-on',
      'kernel.tlb.l1d.miss > 37',
    ]);
    // examples/diff/hap-2-ways.json: 38 with two ways, 37 with four.
    expect(stdout).toMatch(/^FAIL .* l1d\.ways 2 +limit 37, found 38: over by 1$/m);
    expect(stdout).toMatch(/^ok .* l1d\.ways 4 +37, limit 37$/m);
    expect(code).toBe(1);
  });
});

describe('a relative budget', () => {
  it('of diff is relative to the base', () => {
    expect(cli(['diff', HAP, SHADOW, '--fail-on', 'walk.refs > +97'])).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout } = cli(['diff', HAP, SHADOW, '--fail-on', 'walk.refs > +96']);
    expect(stdout).toContain('\nFAIL  walk.refs > +96  base 161, limit 257, found 258: over by 1\n');
    expect(stdout).toContain('with it: walk.refs.shadow +258, walk.refs.guest -155 (-100.00%), ');
    expect(code).toBe(1);
  });

  it('is kept by a result and itself, without a difference to show', () => {
    const { code, stdout } = cli(['diff', HAP, HAP, '--fail-on', 'walk.refs > +0']);
    expect([code, stdout]).toEqual([0, 'ok  walk.refs > +0  161 -> 161, limit 161\n1 check passed\n']);
  });

  it('of a replay is relative to a baseline, a result or the one that is there', () => {
    const words = ['replay', TRACE, '--fail-on', 'walk.refs > +0'];
    expect(cli([...words, '--baseline', BASELINE])).toMatchObject({ code: 0, stderr: '' });
    expect(cli([...words, '--baseline', HAP]).code).toBe(0);
    const cwd = scratch();
    copyFileSync(BASELINE, join(cwd, 'p2msim.baseline.json'));
    expect(cli(words, { cwd }).code).toBe(0);
    writeFileSync(
      join(cwd, 'p2msim.baseline.json'),
      readFileSync(BASELINE, 'utf8').replace('"walk.refs": 161', '"walk.refs": 160'),
    );
    const { code, stdout } = cli(words, { cwd });
    expect(stdout).toContain('FAIL  walk.refs > +0  base 160, limit 160, found 161: over by 1\n');
    expect(code).toBe(1);
  });

  it('is refused where machine or trace are others, and the results are kept', () => {
    const words = ['replay', TRACE, '--baseline', HAP, '--fail-on', 'walk.refs > +1%', '--set', 'l1d.ways=2'];
    const { code, stdout, stderr } = cli([...words, '--json']);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'the configurations differ\n  l1d.ways  4 -> 2\nhint: `--allow-different config`',
    );
    expect((JSON.parse(stdout) as { schema: string }).schema).toBe('p2msim.result/1');
    expect(cli([...words, '--allow-different', 'config']).code).toBe(0);
  });

  it('of baseline check says what may change', () => {
    const path = file(
      'b.json',
      readFileSync(BASELINE, 'utf8').replace('"walk.refs": 161', '"walk.refs": 160'),
    );
    const check = (...words: string[]) => cli(['baseline', 'check', '-b', path, ...words]);
    expect(check().code).toBe(1);
    expect(check('--no-exit-code').code).toBe(0);
    // 160 and 0.625% are 161.
    expect(check('--fail-on', 'walk.refs > +0.625%')).toMatchObject({ code: 0 });
    expect(check('--fail-on', 'walk.refs > +0.624%')).toMatchObject({ code: 1 });
    expect(check('--fail-on', 'walk.refs > +0.625%').stderr).toContain('budgets say whether that may be');
    expect(check('--fail-on', 'interval:walk.refs > 1')).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('a file of budgets', () => {
  it('is a configuration file, its section alone, or TOML', () => {
    const cwd = scratch();
    const budgets = '{"walk.refs": {"max": 160, "min": 160}}';
    const fails =
      'FAIL  walk.refs: max 160  limit 160, found 161: over by 1\nok    walk.refs: min 160  161, limit 160\n';
    writeFileSync(join(cwd, 'p2msim.config.json'), `{"l1d.ways": 2, "budgets": ${budgets}}`);
    const found = cli(['replay', TRACE], { cwd });
    expect(found.stdout).toContain(fails);
    expect(found.code).toBe(1);
    writeFileSync(join(cwd, 'limits.json'), budgets);
    writeFileSync(join(cwd, 'limits.toml'), '[walk.refs]\nmax = 160\nmin = 160\n');
    for (const name of ['limits.json', 'limits.toml', join(cwd, 'p2msim.config.json')]) {
      expect(cli(['replay', TRACE, '--budgets', name], { cwd }).stdout).toContain(fails);
    }
    expect(cli(['diff', HAP, SHADOW, '--budgets', 'limits.json'], { cwd }).code).toBe(1);
  });

  it('may hold budgets for other modes and for intervals', () => {
    const limits = file(
      'limits.json',
      '{"shadow:vmexit.total": {"max": 1}, "interval:walk.refs": {"max": 5}}',
    );
    const { code, stdout } = cli(['replay', TRACE, '--budgets', limits]);
    expect(stdout).toContain(
      'skip  interval:walk.refs: max 5  not checked: the run has no slices (--interval)\n',
    );
    expect(code).toBe(0);
  });
});

describe('what cannot be checked', () => {
  const limits = (text: string): string => file('limits.json', text);
  it.each([
    [
      'an unknown metric',
      ['--fail-on', 'walk.rfes > 1'],
      /unknown metric 'walk\.rfes' \(did you mean 'walk\.refs'\?\)\n {2}1 \| walk\.rfes > 1\n {4}\| \^{9}\n/,
    ],
    [
      'a wrong operator',
      ['--fail-on', 'walk.refs => 1'],
      /one of > >= < <= ==; it is '=>'\n {2}1 \| walk\.refs => 1\n {4}\| {11}\^\^\n/,
    ],
    [
      'a relative one without a baseline',
      ['--fail-on', 'walk.refs > +1%'],
      /is relative, and there is no baseline\nhint: --baseline FILE/,
    ],
    [
      'one of a file, too',
      ['--budgets', limits('{"walk.refs": {"max": "+1%"}}')],
      /limits\.json:1:23: 'walk\.refs: max \+1%' is relative/,
    ],
    [
      'a mode that does not run',
      ['--fail-on', 'shadow:walk.refs > 1'],
      /is for mode 'shadow', which does not run\nhint: `-m shadow` runs it; this run has hap alone\n/,
    ],
    [
      'a mode that is none',
      ['--budgets', limits('{"hpa:walk.refs": {"max": 1}}')],
      /is for mode 'hpa' \(did you mean 'hap'\?\)/,
    ],
    [
      'slices without an interval',
      ['--fail-on', 'interval:walk.refs > 1'],
      /is for slices, and there are none\nhint: give --interval N/,
    ],
    ['a file that is not there', ['--budgets', 'no-such.json'], /no-such\.json: cannot be read/],
    [
      'a mistake in a file',
      ['--budgets', limits('{\n "walk.refs": {"max": 1,}}')],
      /limits\.json:2:\d+: not JSON/,
    ],
    [
      'a wrong bound',
      ['--budgets', limits('{\n "walk.refs": {"most": 1}}')],
      /limits\.json:2:17: unknown name 'most'/,
    ],
    [
      'a mode of a file that is none',
      ['--budgets', file('mode.toml', '["hpa:walk.refs"]\nmax = 1\n')],
      /mode\.toml:1:3: 'hpa:walk\.refs: max 1' is for mode 'hpa' .*\n  1 \| \["hpa:walk\.refs"\]\n    \|   \^\^\^\nhint/,
    ],
    [
      'a change of a file without a baseline',
      ['--budgets', file('change.json', '{"walk.refs":\n {"max": "+1%"}}')],
      /change\.json:2:10: 'walk\.refs: max \+1%' is relative, .*\n  2 \|  \{"max": "\+1%"\}\}\n    \|          \^{5}\nhint/,
    ],
    [
      'a baseline without budgets',
      ['--baseline', HAP],
      /--baseline is what budgets are relative to, and there are none/,
    ],
    ['junit without budgets', ['-r', 'junit'], /reporter junit shows checks, and there are none/],
    [
      'a baseline per interval that has no slices',
      ['--interval', '10', '--fail-on', 'interval:walk.refs > +1', '--baseline', BASELINE],
      /is per interval, and .* has no slices/,
    ],
  ])('%s is refused before the replay', (_what, words, message) => {
    // The trace is not there: whoever replays finds out.
    const { code, stdout, stderr } = cli(['replay', 'no-such.csv', ...words]);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('a mode that the baseline has not is refused before the replay', () => {
    const words = ['--baseline', HAP, '--fail-on', 'walk.refs > +1%'];
    const { code, stderr } = cli(['replay', 'no-such.csv', '-m', 'shadow', ...words]);
    expect(stderr).toContain('is relative, and ' + HAP + ' has no run of mode shadow\nhint: ');
    expect(code).toBe(2);
    expect(
      cli(['compare', TRACE, '-m', 'hap,shadow', '--baseline', HAP, '--fail-on', 'hap:walk.refs > +0']).code,
    ).toBe(0);
  });

  it('a run that ends early is not judged, and still exits 3', () => {
    const broken = file('broken.csv', 'op,va\nR,0x1000\nW,0x7fq0\n');
    for (const budget of ['walk.refs > 0', 'walk.refs < 1M']) {
      const { code, stdout, stderr } = cli(['replay', broken, '--fail-on', budget]);
      expect(code).toBe(3);
      expect(stdout).toMatch(/^skip .* not checked: the run is incomplete: .*broken\.csv:3:3/m);
      expect(stdout).toContain('no check was made');
      expect(stderr).toContain('is not a hexadecimal address');
    }
    expect(cli(['replay', broken, '--fail-on', 'walk.refs > 0', '--no-exit-code']).code).toBe(3);
    expect(cli(['compare', TRACE, broken, '--fail-on', 'walk.refs > 0']).code).toBe(3);
  });
});

describe('reporters of checks', () => {
  const VIOLATED = ['compare', TRACE, '--fail-on', 'walk.refs > 160'];

  it('github writes annotations, and the report to the step summary', () => {
    const summary = file('summary.md', 'before\n');
    const { code, stdout } = cli([...VIOLATED, '-r', 'github'], { env: { GITHUB_STEP_SUMMARY: summary } });
    expect(stdout.split('\n')).toEqual([
      `::error title=p2msim%3A walk.refs > 160::${TRACE}, hap: limit 160, found 161: over by 1`,
      `::error title=p2msim%3A walk.refs > 160::${TRACE}, shadow: limit 160, found 258: over by 98`,
      '',
    ]);
    expect(code).toBe(1);
    const text = readFileSync(summary, 'utf8');
    expect(text).toMatch(/^before\n- .*\n\n$/s);
    expect(text).toContain('| walk references | 155 | 161 | 258 |');
    expect(text).toContain('| walk.refs \\> 160 | FAIL | hap | limit 160, found 161: over by 1 |');
    expect(
      cli([...VIOLATED, '-r', 'github'], { env: { GITHUB_STEP_SUMMARY: join(scratch(), 'no', 'file') } }),
    ).toMatchObject({ code: 2, stdout: '' });
  });

  it('github and junit of baseline check report runs that changed', async () => {
    const path = file(
      'b.json',
      readFileSync(BASELINE, 'utf8').replace('"walk.refs": 161', '"walk.refs": 160'),
    );
    const report = join(scratch(), 'report.xml');
    cli(['compare', TRACE, '--fail-on', 'walk.refs > 1', '-o', report]);
    expect(readFileSync(report, 'utf8')).toContain('<testsuites name="p2msim" tests="3" failures="3"');
    const { code, stdout } = cli(['baseline', 'check', '-b', path, '-r', 'github', '-r', `junit=${report}`], {
      env: { GITHUB_STEP_SUMMARY: '' },
    });
    expect(stdout).toMatch(
      /^::error title=p2msim%3A as in the baseline::.*, hap: 1 metric changed%0Awith it: walk\.refs \+1 \(\+0\.63%25\)\n$/,
    );
    expect(code).toBe(1);
    const contents = readFileSync(report, 'utf8');
    expect(contents).toContain('tests="3" failures="1"');
    const schema = readFileSync(join(ROOT, 'test/helpers/junit.xsd'), 'utf8');
    expect(
      await validateXML({ xml: [{ fileName: 'report.xml', contents }], schema: [schema] }),
    ).toMatchObject({ valid: true });
  });

  it('that show no checks leave them to standard error', () => {
    const { code, stdout, stderr } = cli([...VIOLATED, '--json']);
    expect(() => JSON.parse(stdout) as unknown).not.toThrow();
    expect(stderr).toMatch(/^ok .*\nFAIL .*\nFAIL .*\n2 of 3 checks failed\n$/);
    expect(code).toBe(1);
  });

  it('the JSON of a diff holds them, that of a result does not', () => {
    const words = ['--fail-on', 'walk.refs > +1', '--json'];
    const { checks } = JSON.parse(cli(['diff', HAP, SHADOW, ...words]).stdout) as { checks: object[] };
    expect(checks).toHaveLength(1);
    expect(checks[0]).toMatchObject({ status: 'failed', base: 161, limit: 162, value: 258, excess: 96 });
    expect(JSON.parse(cli(['diff', HAP, SHADOW, '--json']).stdout)).not.toHaveProperty('checks');
    const plain = cli(['replay', TRACE, '--json']).stdout;
    const judged = cli(['replay', TRACE, '--fail-on', 'walk.refs > 1', '--json']).stdout;
    const argv = /"argv": \[[^\]]*\]/;
    expect(judged.replace(argv, '')).toBe(plain.replace(argv, ''));
  });

  it('ndjson has a line a check, and can be read back', () => {
    const { stdout } = cli(['replay', TRACE, '--fail-on', 'walk.refs > 160', '-r', 'ndjson']);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as object;
    expect(last).toEqual({
      schema: 'p2msim.check/1',
      budget: 'walk.refs > 160',
      origin: '--fail-on',
      status: 'failed',
      trace: TRACE,
      mode: 'hap',
      point: {},
      interval: null,
      metric: 'walk.refs',
      base: null,
      limit: 160,
      value: 161,
      excess: 1,
      said: 'limit 160, found 161: over by 1',
      moved: [],
    });
    expect(cli(['diff', HAP, file('run.ndjson', stdout)])).toMatchObject({ code: 0, stdout: '' });
  });
});

describe('Markdown', () => {
  const tables = (words: readonly string[]): string[][][] =>
    lexer(cli([...words, '-r', 'markdown']).stdout)
      .filter((token): token is Tokens.Table => token.type === 'table')
      .map(({ header, rows }) => [header, ...rows].map((row) => row.map(({ text }) => text)));

  it.each([
    ['compare', ['compare', TRACE, '--fail-on', 'walk.refs > 1'], [4, 5]],
    [
      'sweep',
      ['sweep', TRACE, '-L', 'l1d.ways', '2,4', '--metrics', 'walk.refs', '--fail-on', 'walk.refs > 1'],
      [3, 5],
    ],
    ['diff', ['diff', HAP, SHADOW, '--fail-on', 'walk.refs > +1'], [5, 4]],
  ])('of %s renders as tables whose rows have as many cells as their heads', (_what, words, columns) => {
    const found = tables(words);
    expect(found.map(([head = []]) => head.length)).toEqual(columns);
    for (const rows of found) for (const row of rows) expect(row).toHaveLength(rows[0]!.length);
  });

  it('of a diff has the numbers of the diff', () => {
    const [rows = []] = tables(['diff', HAP, SHADOW, '--metrics', 'walk.refs']);
    expect(rows).toEqual([
      ['metric', 'base', 'head', 'delta', ''],
      ['walk.refs', '161', '258', '+97', '+60.25%'],
    ]);
  });
});
