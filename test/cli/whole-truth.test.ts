/** What is left out, cut short or not done is said: in tables, diffs, checks, of files and of flags. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, scratch } from './run-cli.js';

const FORK = 'traces/examples/fork.csv';
const folder = scratch();
const path = (name: string): string => join(folder, name);

describe('results that are not whole', { timeout: 60_000 }, () => {
  it('are marked in every format of table', () => {
    // Two accesses, then a record that is none.
    writeFileSync(path('bad.csv'), 'op,va\nR,1000\nR,2000\nQ,3000\n');
    writeFileSync(path('part.json'), cli(['replay', path('bad.csv'), '--json']).stdout);
    const table = (...flags: string[]): string => cli(['table', path('part.json'), ...flags]).stdout;
    expect(table()).toMatch(/^INCOMPLETE: trace=.*bad\.csv mode=hap: .*4:1/);
    expect(table('--format', 'markdown')).toMatch(/^> \*\*INCOMPLETE: /);
    expect(table('--format', 'csv')).toMatch(/,half_width,incomplete\n.*,hap,cost\.cycles,1,\d+,,.*4:1/);
    const { incomplete, tables } = JSON.parse(table('--json')) as {
      incomplete: { place: string; reason: string }[];
      tables: { rows: { cells: { incomplete?: string }[] }[] }[];
    };
    expect(incomplete).toHaveLength(1);
    expect(tables[0]?.rows[0]?.cells[0]?.incomplete).toBe(incomplete[0]?.reason);
  });

  it('that lack failed points say so, in tables, diffs and comparisons', () => {
    const file = path('f.jsonl');
    // 1,000 entries are no multiple of 12 ways.
    cli(['sweep', FORK, '-L', 'stlb.entries', '768,1000,1536', '--results', file]);
    const said = `1 of 3 points failed in ${file}: point 2: stlb.entries is 1000`;
    const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');
    expect(flat(cli(['table', file]).stdout)).toContain(said);
    expect(cli(['table', file, '--format', 'csv']).stderr).toContain(`note: ${said}`);
    const col = ['--col', 'stlb.entries', '--metrics', 'walk.refs'];
    expect(flat(cli(['diff', file, ...col]).stdout)).toContain(said);
    for (const text of [
      cli(['table', file, '--json']).stdout,
      cli(['diff', file, ...col, '--json']).stdout,
    ]) {
      const { failed } = JSON.parse(text) as { failed: unknown[] };
      expect(failed).toMatchObject([{ file, points: 3, failed: [{ point: 2 }] }]);
    }
  });

  it('of which nothing is left are refused with the reason', () => {
    const file = path('none.jsonl');
    cli(['sweep', path('bad.csv'), '-L', 'stlb.entries', '768,1536', '--results', file]);
    expect(cli(['table', file]).stderr).toContain('holds no result: 2 of 2 points failed in');
  });
});

describe('a baseline that is checked for some metrics', { timeout: 60_000 }, () => {
  it('says which, and prints nothing if they are as they were', () => {
    const file = path('b.json');
    cli(['baseline', 'update', FORK, '-b', file]);
    const { stdout, stderr, code } = cli(['baseline', 'check', '-b', file, '--metrics', 'vmexit.total']);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      `${file}: 3 runs, all as they were in vmexit.total; no other metric was compared (--metrics)\n`,
    );
    expect(code).toBe(0);
    const junit = cli(['baseline', 'check', '-b', file, '--metrics', 'vmexit.total', '-r', 'junit']).stdout;
    expect(junit).toContain('name="vmexit.total as in the baseline"');
  });
});

describe('flags without an effect', { timeout: 60_000 }, () => {
  it('are named: -o that nobody writes, slices that nobody shows, shadow paging that does not run', () => {
    const idle = cli(['replay', FORK, '-o', path('z.txt'), '-r', `csv=${path('z.csv')}`]);
    expect(idle.stderr).toContain(`-o ${path('z.txt')}: no reporter writes there`);
    expect(idle.code).toBe(2);
    expect(existsSync(path('z.csv'))).toBe(false);
    const slices = 'shows no slices of a comparison or a sweep (--interval); -r ndjson and --json have them';
    expect(cli(['compare', FORK, '--interval', '10']).stderr).toContain(`note: reporter table ${slices}`);
    expect(cli(['replay', FORK, '--interval', '10']).stderr).toBe('');
    expect(cli(['compare', FORK, '--interval', '10', '--json']).stderr).toBe('');
    expect(cli(['replay', FORK, '--interval', '0']).stderr).toContain('--interval is 0; expected at least 1');
    expect(cli(['replay', FORK, '--shadow-policy', 'xen-oos-off']).stderr).toBe(
      'note: --shadow-policy changes nothing under hap, only the digest of the configuration\n',
    );
    expect(cli(['replay', FORK, '-m', 'shadow', '--shadow-policy', 'xen-oos-off']).stderr).toBe('');
  });

  it('of several modes are refused where one is taken', () => {
    expect(cli(['replay', FORK, '-m', 'hap,shadow']).stderr).toBe(
      "error: replay takes one mode, and -m is 'hap,shadow'\nhint: `p2msim compare TRACE -m hap,shadow` takes several\n",
    );
    expect(cli(['walk', FORK, '--at', '0', '-m', 'native,hap']).stderr).toContain('walk takes one mode');
  });
});

describe('errors in words of people', { timeout: 60_000 }, () => {
  it.each<[string, string[], RegExp]>([
    [
      'a reporter that an ending chose',
      ['replay', FORK, '-o', path('x.xml')],
      /reporter junit, which the ending of/,
    ],
    [
      'a module that is not there',
      ['replay', FORK, '-m', './nofile.mjs'],
      /^error: \.\/nofile\.mjs: no such file; /,
    ],
    [
      'a folder that is not there',
      ['sweep', FORK, '-L', 'seed', '1', '--results', path('no/z.jsonl')],
      /cannot be written: no such file/,
    ],
    ['a size that is none', ['trace', 'mrc', FORK, '--page-size', '4m'], /is '4m'; expected one of/],
    [
      'a trace for a result',
      ['diff', FORK, path('b.json')],
      /is no saved result: it is a trace \(csv\)\nhint: `p2msim replay /,
    ],
    [
      'a mode that does not run',
      ['replay', FORK, '--fail-on', 'shadwo:walk.refs > 1'],
      /hint: `-m shadow` runs it/,
    ],
    [
      'a swept value that cannot be',
      ['sweep', FORK, '-L', 'stlb.entries', '768,1000'],
      /hint: 768 in the place of 1000, or/,
    ],
    [
      'a key that is none',
      ['replay', FORK, '--set', 'mode=hap'],
      /'mode' is no configuration key\nhint: .*-m MODE/,
    ],
    [
      'a group of keys',
      ['replay', FORK, '--set', 'stlb=3'],
      /'stlb' is a group of keys \(stlb\.entries, .*no value/,
    ],
  ])('name %s', (_, args, message) => {
    const { stderr, code } = cli(args);
    expect(stderr).toMatch(message);
    expect(code).toBeGreaterThan(1);
  });

  it('name a lock that is none, and a module that is no JavaScript', () => {
    writeFileSync(path('k.jsonl.lock'), '{}');
    const locked = cli(['sweep', FORK, '-L', 'seed', '1', '--results', path('k.jsonl')]);
    expect(locked.stderr).toContain('k.jsonl.lock: is no lock of p2msim');
    writeFileSync(path('be.mjs'), 'export default {');
    expect(cli(['replay', FORK, '-m', path('be.mjs')]).stderr).toContain('it is not JavaScript: ');
  });

  it('guess a file by its name, not by its ending', () => {
    mkdirSync(path('names'));
    writeFileSync(path('names/good.json'), '{}');
    expect(cli(['collect', path('names/nope.jsonl')]).stderr).not.toContain('did you mean');
    expect(cli(['collect', path('names/god.json')]).stderr).toContain("good.json'?");
  });

  it('explain each of several topics', () => {
    const one = (topic: string): string => cli(['explain', topic]).stdout;
    expect(cli(['explain', 'walk.refs', 'vmexit.total']).stdout).toBe(
      `${one('walk.refs')}\n${one('vmexit.total')}`,
    );
    expect(cli(['explain', 'walk.refs', 'vmexit.totl']).stderr).toContain('vmexit.totl');
  });

  it('print the values of a swept key with its first', () => {
    const { stdout } = cli(['sweep', FORK, '-L', 'stlb.entries', '768,1536', '--print-config']);
    expect(stdout).toMatch(/^stlb\.entries = 768 +# -L, the first of 768, 1536$/m);
  });
});
