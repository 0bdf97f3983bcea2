/** `--format` that is wrong: never numbers without a word about it, and no page of zeros. */
import { describe, expect, it } from 'vitest';
import { cli, file } from './run-cli.js';

const CSV = 'traces/examples/fork.csv';
const RW = 'traces/rw/memory.rw';
const SIX = 'traces/champsim/six.champsim';
const PROSE = file('prose.txt', 'hello world\nthis is text\n');

/** Commands that read a trace to its end, or its beginning. */
const COMMANDS = [
  ['replay'],
  ['compare'],
  ['walk', '--at', '0'],
  ['trace', 'check'],
  ['trace', 'info'],
  ['trace', 'head'],
  ['trace', 'mrc'],
  ['trace', 'convert', '--to', 'csv'],
];

/** A command's words about `trace`; what converts writes to standard output. */
function wordsOf(command: readonly string[], trace: string, format: string): string[] {
  const output = command.includes('convert') ? ['-'] : [];
  return [...command, trace, ...output, '--format', format];
}

describe('a trace under a format of which it has not one record', () => {
  it.each([
    [CSV, 'champsim', /: byte 0: is_branch and branch_taken are 108 and 32; expected 0 or 1 each\n/, 'csv'],
    [CSV, 'p2mtrace', /: byte 0: begins with 23 20 41 20 73 68 65 6c; expected the magic bytes/, 'csv'],
    [SIX, 'csv', /:1:1: the header ".*" names no column 'op' and no 'va'\n/, 'champsim'],
    [RW, 'oraclegeneral', /: byte 0: object 5917782928350590003 is no page number below 2\^35/, 'rw'],
    [CSV, 'xen-ops', /:1:1: "# A shell forks .*" is not an operation; expected R, W, FAULT, /, 'csv'],
    [RW, 'lackey', /:1:1: "0x12345680 R" is not a lackey record/, 'rw'],
  ])(
    '%s as %s: the same error of every command, and nothing else',
    (trace, format, wrong, looksLike) => {
      const hint = `\nhint: the file looks like ${looksLike}: leave out \`--format\`, or give \`--format ${looksLike}\`\n`;
      for (const command of COMMANDS) {
        const { code, stdout, stderr } = cli(wordsOf(command, trace, format));
        expect([command, code, stdout]).toEqual([command, 3, '']);
        expect(stderr).toMatch(wrong);
        expect([stderr.startsWith(`error: ${trace}`), stderr.endsWith(hint)]).toEqual([true, true]);
      }
    },
    60_000,
  );

  it('says so where it looks like nothing else, either', () => {
    for (const command of COMMANDS) {
      const { code, stdout, stderr } = cli(wordsOf(command, PROSE, 'rw'));
      expect([command, code, stdout]).toEqual([command, 3, '']);
      expect(stderr).toMatch(
        /\nhint: its beginning does not look like rw; `p2msim trace formats` describes the formats\n$/,
      );
    }
  }, 30_000);

  it('is an error also where bad records may be dropped, however many there are', () => {
    const rows = (n: number): string => file('a.rw', '0x1000 R\n'.repeat(n));
    for (const [n, more] of [
      [3, ''],
      [20, '; it is one more than the 10 bad records that may be dropped'],
    ] as const)
      for (const command of [['replay'], ['trace', 'info'], ['trace', 'mrc']]) {
        const { code, stdout, stderr } = cli([...command, rows(n), '--format', 'din', '--on-error', 'skip']);
        expect([code, stdout]).toEqual([3, '']);
        expect(stderr).toContain('"0x1000 R" is not a din record');
        expect(stderr).toContain(`${more}\n`);
        expect(stderr).toContain('\nhint: the file looks like rw: leave out `--format`');
      }
  });

  it('says so where there is not even a bad record', () => {
    const { code, stdout, stderr } = cli(['trace', 'info', file('a.rw', '\n \n'), '--format', 'rw']);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(
      'a.rw: has no record of the format rw\nhint: its beginning does not look like rw',
    );
  });
});

describe('a trace of which some records can be read in a wrong format', () => {
  const WARNING = `warning: ${SIX} is read as cloudsuite, as --format says; it looks like champsim\n`;

  it.each([
    [['trace', 'head', '-n', '2'], 0],
    [['replay', '--limit', '2'], 0],
    [['trace', 'info', '--on-error', 'skip'], 0],
    [['replay', '--on-error', 'skip'], 0],
    [['replay'], 3],
    [['compare'], 3],
  ])('is warned of before the numbers: %j', (command, code) => {
    const said = cli([...command, SIX, '--format', 'cloudsuite']);
    expect([said.code, said.stderr.startsWith(WARNING)]).toEqual([code, true]);
    expect(said.stdout).not.toBe('');
  });

  it('has a finding for it in trace check, and an assumption in results', () => {
    const note = 'read as cloudsuite, as --format says; it looks like champsim';
    const { code, stdout } = cli(['trace', 'check', SIX, '--format', 'cloudsuite']);
    expect([code, stdout.startsWith(`${SIX}: warning: ${note}\n${SIX}: byte 288: error: `)]).toEqual([
      1,
      true,
    ]);
    const replayed = cli(['replay', SIX, '--format', 'cloudsuite', '--limit', '2', '--json']);
    expect(JSON.parse(replayed.stdout)).toMatchObject({
      manifest: { assumptions: expect.arrayContaining([note]) as unknown },
    });
  });

  it('is not warned of where the format is the right one, or one of several that fit', () => {
    expect(cli(['trace', 'head', SIX, '--format', 'champsim']).stderr).toBe('');
    expect(cli(['replay', CSV, '--format', 'csv'])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('compare of several traces', () => {
  it('keeps the results of those that can be read', () => {
    const bad = file('bad.csv', 'op,va\nR,zz\n');
    const { code, stdout, stderr } = cli(['compare', bad, CSV]);
    expect([code, stdout.startsWith(`${CSV}  csv, `)]).toEqual([3, true]);
    expect(stderr).toContain(`error: ${bad}:2:3: "zz" is not a hexadecimal address`);
    // Of two that cannot, both are told.
    const none = cli(['compare', bad, file('none.csv', 'op,va\n')]);
    expect([none.code, none.stdout]).toEqual([3, '']);
    expect(none.stderr).toMatch(/"zz" is not .*\n[^]*none\.csv: the trace has no access\n/);
  });
});
