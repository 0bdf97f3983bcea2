/** `p2msim trace convert`: where the trace goes, what is reported, and that no file is damaged by an error. */
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BIN, ROOT, cli, file, scratch, shell } from './run-cli.js';

const GOOD = file('good.csv', 'op,va,size,vcpu\nR,0x0000000000001000,8,0\nW,0x0000000000002000,8,0\n');
const BAD = file('bad.csv', 'op,va\nR,1000\nR,2000\nR,zz\n');
/** As the writer of CSV writes the good trace. */
const AS_CSV = `# format: p2msim-csv/1
op,va,size,vcpu,as,pcid,ip,gfn,level,value,perm,order,note
R,0x0000000000001000,8,0
W,0x0000000000002000,8,0
`;
const HAS_PTY = shell('script --version').code === 0;

describe('a conversion', () => {
  it('goes to a file and back', () => {
    const folder = scratch();
    const [packed, text] = [join(folder, 'a.p2mtrace'), join(folder, 'a.csv')];
    const there = cli(['trace', 'convert', GOOD, packed]);
    expect([there.code, there.stdout]).toEqual([0, '']);
    const size = readFileSync(packed).length;
    expect(there.stderr).toBe(
      `${packed}: p2mtrace, 2 records, 0 events, ${size} bytes (from csv, ${statSync(GOOD).size} bytes)\n`,
    );
    expect(cli(['trace', 'convert', packed, text])).toMatchObject({ code: 0, stdout: '' });
    // The columns `as`, `gfn` and so on are not in the original: it cannot say what they would.
    const lacks = '# Cannot-say: context switches\n# Cannot-say: page-table edits\n';
    expect(readFileSync(text, 'utf8')).toBe(lacks + AS_CSV);
    expect(readdirSync(folder).toSorted()).toEqual(['a.csv', 'a.p2mtrace']);
  });

  it('is compressed where the name ends in .gz', () => {
    for (const name of ['a.csv.gz', 'a.p2mt.gz']) {
      const path = join(scratch(), name);
      expect(cli(['trace', 'convert', GOOD, path]).code).toBe(0);
      const [first] = gunzipSync(readFileSync(path));
      expect(first).toBe(name === 'a.csv.gz' ? '#'.charCodeAt(0) : 0x8f);
      expect(cli(['trace', 'check', path])).toMatchObject({ code: 0 });
    }
  });

  it('runs in a pipe', () => {
    const { code, stdout } = shell(
      `p2msim trace convert - - --to p2mtrace < ${GOOD} 2>/dev/null | p2msim trace convert - - --to csv 2>/dev/null`,
    );
    expect(code).toBe(0);
    expect(stdout).toContain('\nR,0x0000000000001000,8,0\nW,0x0000000000002000,8,0\n');
  });

  it('replaces an older file, and the file that a link names', () => {
    const folder = scratch();
    const [old, link] = [join(folder, 'old.p2mt'), join(folder, 'link.p2mt')];
    writeFileSync(old, 'old');
    symlinkSync(old, link);
    expect(cli(['trace', 'convert', GOOD, link]).code).toBe(0);
    expect(readFileSync(old)[0]).toBe(0x8f);
    expect(readdirSync(folder).toSorted()).toEqual(['link.p2mt', 'old.p2mt']);
  });

  it('is written to a device', () => {
    expect(cli(['trace', 'convert', GOOD, '/dev/null', '--to', 'csv']).code).toBe(0);
  });

  it('reads as the input flags say', () => {
    const lackey = file('a.lackey', ' M 1000,8\n');
    const { stdout } = cli(['trace', 'convert', lackey, '-', '--to', 'csv', '--lackey-modify', 'two']);
    expect(stdout).toMatch(/\nR,0x0000000000001000,8,0\nW,0x0000000000001000,8,0\n$/);
    const { code, stderr } = cli(['trace', 'convert', BAD, '/dev/null', '--to', 'csv', '--on-error', 'skip']);
    expect(code).toBe(0);
    expect(stderr).toContain('2 records, 0 events');
    expect(stderr).toMatch(
      /\nbad records dropped: 1; the first: .*bad\.csv:4:3: "zz" is not a hexadecimal address/,
    );
  });
});

describe('the example of docs/formats.md', () => {
  it('is what is written, byte by byte', () => {
    const page = readFileSync(join(ROOT, 'docs/formats.md'), 'utf8');
    const [, csv = '', hex = ''] =
      /This CSV:\n\n```csv\n(.*?)```\n\nbecomes:\n\n```\n(.*?)```/s.exec(page) ?? [];
    const digits = hex
      .split('\n')
      .map((line) => /^(?:[0-9a-f]{2} {1,2})*[0-9a-f]{2}(?= {2}|$)/.exec(line)?.[0] ?? '');
    const path = join(scratch(), 'example.p2mtrace');
    expect(cli(['trace', 'convert', '-', path], { input: csv }).code).toBe(0);
    expect(readFileSync(path).toString('hex')).toBe(digits.join('').replaceAll(' ', ''));
  });
});

describe('an input that breaks off', () => {
  it('is written as far as it goes, marked, with exit code 3', () => {
    const path = join(scratch(), 'part.p2mt');
    const { code, stderr } = cli(['trace', 'convert', BAD, path]);
    expect(code).toBe(3);
    expect(stderr).toContain('2 records, 0 events');
    // The name itself is for what is whole.
    const partial = `${path}.partial`;
    expect(existsSync(path)).toBe(false);
    expect(stderr).toContain(`${partial}: incomplete, as its end says\n`);
    expect(stderr).toContain('bad.csv:4:3: "zz" is not a hexadecimal address');
    const again = cli(['trace', 'info', partial]);
    expect(again.code).toBe(3);
    expect(again.stderr).toContain('what the trace was made from ended early, by an error');
  });

  it('leaves an older file alone if nothing of it could be read', () => {
    const old = file('old.csv', 'old');
    expect(cli(['trace', 'convert', file('bad.csv', 'op,va\nR,zz\n'), old]).code).toBe(3);
    expect(cli(['trace', 'convert', '/no/such', old]).code).toBe(3);
    expect(readFileSync(old, 'utf8')).toBe('old');
  });
});

describe('what is refused', () => {
  it('is an output that is the input, by whatever name', () => {
    const trace = file('a.csv', 'op,va\nR,1000\n');
    const link = join(scratch(), 'b.csv');
    symlinkSync(trace, link);
    for (const output of [trace, link]) {
      const { code, stderr } = cli(['trace', 'convert', trace, output]);
      expect(code).toBe(2);
      expect(stderr).toContain(`the output ${output} is the input ${trace} itself`);
    }
    expect(readFileSync(trace, 'utf8')).toBe('op,va\nR,1000\n');
  });

  it.each([
    [
      [GOOD, 'out.txt'],
      /the name out\.txt says nothing of the format to write\nhint: give --to FORMAT \(csv, p2mtrace/,
    ],
    [[GOOD, '-'], /standard output has no name of the format to write/],
    [[GOOD, 'a.csv', '--to', 'p2mtarce'], /unknown output format 'p2mtarce' \(did you mean 'p2mtrace'\?\)/],
    [[GOOD, '/no/such/folder/a.csv'], /\/no\/such\/folder\/a\.csv: cannot be written: no such file/],
    [[GOOD], /missing required argument 'out'/],
  ])('%j', (words, message) => {
    const { code, stdout, stderr } = cli(['trace', 'convert', ...words]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(existsSync('out.txt')).toBe(false);
  });

  it.runIf(HAS_PTY)('is p2mtrace on a terminal', () => {
    const { stdout } = shell(
      `script -qec "node ${BIN} trace convert ${GOOD} - --to p2mtrace" /dev/null < /dev/null`,
    );
    expect(stdout).toContain('standard output is a terminal; p2mtrace is not text');
  });
});
