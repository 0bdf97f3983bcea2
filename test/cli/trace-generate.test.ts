/** `p2msim trace generate`: where the trace goes, and what is refused before anything is written. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli, scratch } from './run-cli.js';

const FOLDER = scratch();
const GENERATE = ['trace', 'generate', '--scenario', 'cpuid', '--param', 'n=3'];

describe('the trace of a scenario', () => {
  let text = '';
  beforeAll(() => {
    const { code, stdout, stderr } = cli(GENERATE);
    expect([code, stderr]).toEqual([0, '']);
    text = stdout;
  }, 60_000);

  it('goes to standard output, and says what it is', () => {
    expect(text.split('\n')[0]).toBe('# Scenario xen/cpuid n=3');
    expect(text.match(/^CPUID/gm)).toHaveLength(3);
  });

  it('goes to a file, compressed if its name ends in .gz', () => {
    for (const name of ['c.csv', 'c.csv.gz']) {
      expect(cli([...GENERATE, '-o', join(FOLDER, name)])).toEqual({ code: 0, stdout: '', stderr: '' });
    }
    expect(readFileSync(join(FOLDER, 'c.csv'), 'utf8')).toBe(text);
    expect(gunzipSync(readFileSync(join(FOLDER, 'c.csv.gz'))).toString()).toBe(text);
  }, 60_000);

  it('is replayed: the region is 3 CPUID exits, and has no access', () => {
    const { code, stdout, stderr } = cli(['replay', '-', '-m', 'shadow', '--json'], { input: text });
    expect([code, stderr]).toEqual([0, '']);
    const { counters } = JSON.parse(stdout) as { counters: Record<string, number> };
    expect([counters['vmexit.total'], counters['vmexit.cpuid'], counters['accesses']]).toEqual([3, 3, 0]);
  }, 60_000);
});

describe('the list of scenarios', () => {
  it('has suites, scenarios, and parameters with ranges and defaults', () => {
    const { stdout } = cli(['trace', 'generate', '--list', '--suite', 'xen']);
    expect(stdout).toMatch(/^xen: /);
    expect(stdout).toMatch(/^ {2}fork_exit +r times: fork/m);
    expect(stdout).toMatch(/^ {4}order +asc, desc, scatter \(default asc\): order of pages$/m);
    expect(stdout).not.toMatch(/^kvm: /m);
    expect(cli(['trace', 'generate', '--list']).stdout).toMatch(/^kvm: /m);
  });

  it('has names alone in the list of everything, and one scenario with its parameters', () => {
    const all = cli(['trace', 'generate', '--list']).stdout;
    expect(all).toMatch(/^ {2}fork_exit +r times: fork/m);
    expect(all).not.toContain('asc, desc, scatter');
    expect(all.split('\n').length).toBeLessThan(300);
    const one = cli(['trace', 'generate', '--list', '--scenario', 'read_touch']).stdout;
    expect(one).toMatch(
      /^xen:\n {2}read_touch +n contiguous .*\n {4}n +1 to 131072 \(default 256\): pages\n/,
    );
    expect(one).not.toContain('write_touch');
  });
});

describe('a generator', () => {
  it.each(['fork.csv', 'fork.csv.gz', 'fork.p2mtrace'])(
    'gives the same counts without a file and from %s',
    (name) => {
      const [path, spec] = [join(FOLDER, name), 'fork-exec,accesses=3000,footprint=64k,edits=5'];
      const [generator = '', ...words] = spec.split(',');
      const params = words.flatMap((word) => ['--param', word]);
      expect(cli(['trace', 'generate', generator, ...params, '-o', path])).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
      const [direct, stored] = [`gen:${spec}`, path].map((trace) => {
        const { code, stdout } = cli(['replay', trace, '-m', 'shadow', '--json']);
        expect(code).toBe(0);
        return JSON.parse(stdout) as { counters: Record<string, number>; memory: Record<string, number> };
      });
      expect(stored?.counters).toEqual(direct?.counters);
      expect(stored?.memory).toEqual(direct?.memory);
      expect(direct?.counters['accesses']).toBe(3000);
    },
    60_000,
  );

  it('can be swept, on threads, looked at, and compared with a saved result of itself', () => {
    const spec = 'gen:zipf,accesses=5000,footprint=1MiB';
    const sweep = ['sweep', spec, '-L', 'stlb.entries', '768,1536', '-r', 'csv'];
    expect(cli([...sweep, '--jobs', '2']).stdout).toBe(cli(sweep).stdout);
    expect(cli(['trace', 'check', spec]).stdout).toContain(`\n${spec}: ok\n`);
    const saved = join(FOLDER, 'zipf.json');
    expect(cli(['replay', spec, '--json', '-o', saved]).code).toBe(0);
    expect(cli(['diff', saved, spec]).code).toBe(0);
  }, 60_000);
});

describe('what is refused', () => {
  it.each([
    [[], /no generator and no scenario given/],
    [['zipf', '--scenario', 'cpuid'], /both a generator \(zipf\) and a scenario \(cpuid\)/],
    [['zipf', '--suite', 'xen'], /--suite goes with --scenario only/],
    [['--scenario', 'cpuid', '--to', 'p2mtrace'], /scenarios are written as CSV/],
    [['zipf', '--to', 'cvs'], /unknown output format 'cvs' \(did you mean 'csv'\?\)/],
    [['zipf', '-o', join(FOLDER, 'z.txt')], /the name .*z\.txt says nothing of the format to write/],
    [['zipf', '--param', 'accesses=0'], /accesses is '0'; expected a count from 1 to 1000T/],
    [['zipf', '--param', 'accesses'], /found 'accesses'; expected NAME=VALUE/],
    [['zipf', '--param', 'base=0x7fffffff0000'], /base is '0x7fffffff0000'; expected an address/],
    [
      ['zipf', '--param', 'base=0x7d0000000000', '--param', 'footprint=64TiB'],
      /base and footprint reach to 0xbd0000000000/,
    ],
    [['matrix', '--param', 'footprint=8k', '--param', 'size=4k'], /three matrices of one row do not fit/],
    [['gups', '--param', 'writes=5'], /generator gups has no parameter 'writes'/],
    [['--scenario', 'fork_exitt'], /unknown scenario 'fork_exitt' \(did you mean 'fork_exit'\?\)/],
    [['--scenario', 'cpuid', '--suite', 'xem'], /unknown suite 'xem' \(did you mean 'xen'\?\)/],
    [['--scenario', 'cpuid', '--param', 'n=-1'], /n is '-1'; expected a whole number, 0 to 1000000/],
    [['--scenario', 'cpuid', '--param', 'n'], /--param is 'n'; expected NAME=VALUE/],
    [['--scenario', 'cpuid', '-o', join(FOLDER, 'none', 'c.csv')], /c\.csv: cannot be written/],
  ])('%j', (words, message) => {
    const { code, stdout, stderr } = cli(['trace', 'generate', ...words]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('leaves an older file alone', () => {
    const path = join(FOLDER, 'older.csv');
    writeFileSync(path, 'older\n');
    const words = ['--suite', 'kvm', '--scenario', 'hypervisor-zap', '--param', 'n=4', '-o', path];
    const { code, stderr } = cli(['trace', 'generate', ...words]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/drops all its translations, which a trace cannot say/);
    expect(readFileSync(path, 'utf8')).toBe('older\n');
  }, 60_000);
});

describe('words that are nearly right', () => {
  it('a parameter without --param is shown with it', () => {
    expect(cli(['trace', 'generate', 'zipf', 'accesses=2'])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        "error: 'accesses=2' is no word of trace generate; parameters are given by --param accesses=2\nhint: add --help to see what is accepted\n",
    });
  });

  it('blanks around the words of a generated trace mean nothing', () => {
    const head = (path: string): string => cli(['trace', 'head', path]).stdout;
    expect(head('gen:zipf, accesses=3 ')).toBe(head('gen:zipf,accesses=3'));
    expect(head('gen:zipf, accesses=3').split('\n')).toHaveLength(4);
  });
});

describe('a trace that is too short for what it is for', () => {
  // 1,024 pages are written first; cow-snapshot's parent then has 10 accesses before its first fork.
  it.each([
    [
      'gen:fork-exec,accesses=1024',
      /^warning: \S+ ends before its first child runs, which is after 1,024 accesses: it has 1,024\n/,
    ],
    ['gen:fork-exec,accesses=1025', /^$/],
    [
      'gen:cow-snapshot,footprint=4MiB,pause=10,accesses=1034',
      /first child runs, which is after 1,034 accesses/,
    ],
    ['gen:cow-snapshot,footprint=4MiB,pause=10,accesses=1035', /^$/],
  ])('is warned of: %s', (path, stderr) => {
    const info = cli(['trace', 'info', path]);
    expect(info.stderr).toMatch(stderr);
    expect(info.stdout.includes(' fork')).toBe(!path.includes('=103') || path.endsWith('5'));
  });
});
