/** `p2msim trace cut` and `trace merge` as commands: what is written, said and refused. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, file, scratch } from './run-cli.js';

const FOLDER = scratch();
const SHELL = 'traces/qemu/shell.p2mtrace';
const FORK = 'traces/examples/fork.csv';
const at = (name: string): string => join(FOLDER, name);

describe('trace cut and merge', () => {
  it('a process of a capture is replayed by itself', () => {
    const { code, stderr } = cli([
      'trace',
      'cut',
      SHELL,
      at('child.p2mtrace'),
      '--process',
      '2',
      '--accesses',
      'stores',
    ]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /child\.p2mtrace: p2mtrace, [\d,]+ records, \d+ events, [\d,]+ bytes \(from p2mtrace, /,
    );
    const replayed = cli(['replay', at('child.p2mtrace'), '-m', 'shadow', '--json']);
    const { counters } = JSON.parse(replayed.stdout) as { counters: Record<string, number> };
    expect([replayed.code, counters['guest.faults.bad']]).toEqual([0, 0]);
    expect(counters['accesses']).toBeGreaterThan(5000);
  });

  it('captures that take turns are replayed in every mode, and are one guest in all', () => {
    expect(
      cli(['trace', 'merge', SHELL, 'gen:fork-exec,accesses=5k', SHELL, at('both.csv.gz'), '--quantum', '5k'])
        .code,
    ).toBe(0);
    expect(cli(['trace', 'check', at('both.csv.gz')]).stdout).toMatch(/: 0 errors, \d+ warnings\n$/);
    const compared = cli(['compare', at('both.csv.gz'), '-m', 'native,hap,shadow', '--json']);
    const { results } = JSON.parse(compared.stdout) as {
      results: { guestDigest: string; counters: Record<string, number> }[];
    };
    expect(new Set(results.map(({ guestDigest }) => guestDigest)).size).toBe(1);
    // 128,605 accesses twice, and 5,000.
    expect(results.map(({ counters }) => counters['accesses'])).toEqual(
      results.map(() => 2 * 128_605 + 5000),
    );
  }, 60_000);

  it('cut names an address space and a vcpu that are not there, unless --limit left the rest unread', () => {
    const cut = (...words: string[]): string =>
      cli(['trace', 'cut', FORK, at('part.csv'), '--process', '0,no\tsuch', '--vcpu', '0,7', ...words])
        .stderr;
    expect(cut()).toMatch(
      /^warning: \S+ has no address space "no\\x09such"; `p2msim trace info` lists them\nwarning: \S+ has no vcpu 7; .*\n\S+part.csv: csv, /,
    );
    expect(cut('--limit', '3')).not.toContain('warning');
  });

  it('merge writes over what is no trace, and over a trace with --force', () => {
    const out = file('old.csv', 'not a trace');
    const merge = ['trace', 'merge', 'gen:gups,accesses=3', 'gen:gups,accesses=2', out];
    expect(cli(merge).code).toBe(0);
    const again = cli(merge);
    expect([again.code, again.stderr]).toEqual([
      2,
      `error: ${out} is there already and is a trace (csv)\nhint: the last word is the file to write: \`p2msim trace merge ONE OTHER OUT\`; --force writes over it\n`,
    ]);
    expect(cli([...merge, '--force']).stderr).toMatch(/old\.csv: csv, 5 records/);
  });

  it.each([
    [['info', SHELL, '--limit', '0'], 2, /--limit is 0; expected at least 1 access/],
    [['cut', SHELL, at('a.csv'), '--limit', '0'], 2, /--limit is 0; expected at least 1 access/],
    [['cut', SHELL, at('a.csv'), '--vcpu', 'x'], 2, /--vcpu has 'x'; expected numbers from 0 to 255/],
    [['cut', SHELL, at('a.csv'), '--accesses', 'writes'], 2, /--accesses has 'writes'/],
    [['cut', SHELL, SHELL], 2, /the output .* is the input .* itself/],
    [['cut', at('none'), at('a.csv')], 3, /no such file/],
    [['merge', SHELL, at('a.csv')], 2, /one trace is given before OUT; expected two or more/],
    [['merge', SHELL], 2, /no trace is given before OUT; expected two or more/],
    [['merge', SHELL, SHELL, at('a.csv'), '--quantum', '0'], 2, /--quantum is 0/],
    [
      [
        'merge',
        file('on.csv', '# features: pcid=on\nop,va\nR,1000\n'),
        'traces/examples/fork.csv',
        at('a.csv'),
      ],
      3,
      /fork\.csv: declares other features than /,
    ],
    [['merge', SHELL, 'traces/examples/fork.csv', at('a.csv')], 3, /an edit of a table by its frame/],
    [['merge', '-', '-', at('a.csv')], 2, /'-' is given twice/],
    [['merge', SHELL, SHELL, SHELL, '--force'], 2, /the output .* is the input .* itself/],
    [
      ['merge', at('new.csv'), SHELL, FORK],
      2,
      /fork\.csv is there already and is a trace \(csv\)\nhint: the last word/,
    ],
    [
      ['merge', FORK, 'gen:gups,accesses=2', 'gen:gups,accesses=2', '--to', 'csv'],
      2,
      /is a generated trace; expected a file/,
    ],
    [
      ['convert', FORK, at('a.csv.xz')],
      2,
      /a\.csv\.xz: \.xz is not written; \.gz is\nhint: name it .*a\.csv\.gz/,
    ],
    [['convert', FORK, at('a.csv.zst'), '--to', 'csv'], 2, /\.zst is not written/],
    [['convert', FORK, at('a.perf')], 2, /a\.perf: perf can be read and not written; the name says nothing/],
    [['convert', '', at('a.csv')], 2, /the name of a file is empty; expected a trace file/],
    // The 25 events before the end are no part of a trace without an access.
    [
      ['cut', FORK, '-', '--to', 'csv', '--skip', '1000'],
      3,
      /the trace has 39 records, and --skip passes over 1000/,
    ],
  ])('%j', (words, exit, message) => {
    const { code, stdout, stderr } = cli(['trace', ...words]);
    expect([code, stdout]).toEqual([exit, '']);
    expect(stderr).toMatch(message);
  });
});
