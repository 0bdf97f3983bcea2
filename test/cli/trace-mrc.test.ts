import { describe, expect, it } from 'vitest';
import { cli } from './run-cli.js';

const TRACE = 'test/golden/trace-mrc/in.csv';

describe('trace mrc', () => {
  it.each([
    ['--sample 0', "--sample is '0'; expected a share of the pages above 0 and at most 1"],
    ['--sample x', "--sample is 'x'; expected a share"],
    ['--at 0', "--at is '0'; expected a number from 1 to 2147483647"],
    ['--at 64,x', "--at is 'x'; expected a number"],
    ['--accesses dat', "--accesses is 'dat' (did you mean 'data'?)"],
    ['--sets 3', "--sets is '3'; expected a power of two"],
    ['--sets 2 --ways 0', "--ways is '0'; expected a number from 1 to 1024"],
    ['--sets 2048 --ways 1024', '2048 sets of 1024 ways are 2097152 entries; at most 1048576'],
    ['--sets 2 --at 4', '--sets and --at exclude each other'],
    ['--sets 2 --sample .5', '--sets and --sample exclude each other'],
    ['--ways 4', '--ways needs --sets'],
    ['--seed 2', '--seed needs --sample'],
    ['-r cvs', "--reporter is 'cvs' (did you mean 'csv'?)"],
    ['--json -r csv', '--json and -r csv exclude each other'],
    ['--json --plot', '--plot and -r json exclude each other'],
  ])('refuses %s', { timeout: 20_000 }, (flags, message) => {
    const { code, stdout, stderr } = cli(['trace', 'mrc', TRACE, ...flags.split(' ')]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('reads standard input and skips bad records when told to', () => {
    const input = 'op,va\nR,0x1000\nR,zz\nR,0x1000\n';
    const { code, stdout } = cli(['trace', 'mrc', '-', '--on-error', 'skip', '-r', 'csv'], { input });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'entries,misses,miss_ratio\n1,1,0.50000000\n' });
  });

  it.each([[[]], [['--plot']], [['--json']], [['-r', 'csv']]])(
    'prints no curve, but what to do, if no page is in the sample (%j)',
    (words) => {
      const input = 'op,va\nR,0x1000\nR,0x2000\nR,0x1000\n';
      expect(cli(['trace', 'mrc', '-', '--sample', '0.0001', ...words], { input })).toEqual({
        code: 3,
        stdout: '',
        stderr:
          'error: -: no page of the trace is in the sample of 0.0001 (seed 1), so that nothing can be estimated of its 3 page accesses\n' +
          'hint: give --sample a larger rate, ten times or more; or leave it out: without it the curve is exact\n',
      });
    },
  );

  it('gives an estimate with its error, in CSV and JSON, and what is exact without one', () => {
    const trace = 'traces/lackey/cc1-with-instructions.lackey.gz';
    const run = (...words: string[]): string =>
      cli(['trace', 'mrc', trace, '--accesses', 'data', ...words]).stdout;
    const [head, ...rows] = run('--sample', '0.1', '-r', 'csv').trimEnd().split('\n');
    expect(head).toBe('entries,misses,miss_ratio,standard_error');
    const { curve, curveErrors } = JSON.parse(run('--sample', '0.1', '--json')) as {
      curve: [number, number][];
      curveErrors: number[];
    };
    expect(rows.map((row) => row.replace(/,[^,]*(,[^,]*)$/, '$1'))).toEqual(
      curve.map(([entries, misses], i) => `${entries},${misses},${curveErrors[i]}`),
    );
    expect(curveErrors.every((error) => error > 0)).toBe(true);
    expect(run('-r', 'csv')).toMatch(/^entries,misses,miss_ratio\n1,184632,/);
    expect(JSON.parse(run('--json'))).not.toHaveProperty('curveErrors');
  }, 30_000);

  it('samples the same pages every time, and others with another seed', () => {
    const trace = 'traces/lackey/cc1-with-instructions.lackey.gz';
    const run = (seed: string): string =>
      cli(['trace', 'mrc', trace, '--sample', '0.2', '--seed', seed, '--json']).stdout;
    expect(run('1')).toBe(run('1'));
    expect(run('2')).not.toBe(run('1'));
  }, 30_000);
});
