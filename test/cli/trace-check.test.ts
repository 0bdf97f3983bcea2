/** `trace check` of inputs that are hardly traces: which exit code, which words, and what other commands say of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cli, file, scratch } from './run-cli.js';

/** Writes bytes into a new folder; returns the path. */
function binary(name: string, bytes: Uint8Array): string {
  const path = join(scratch(), name);
  writeFileSync(path, bytes);
  return path;
}

const SHELL = readFileSync('traces/qemu/shell.p2mtrace');
const SIX = readFileSync('traces/champsim/six.champsim');
const HEADER = file('header.csv', 'op,va\n');
const EVENTS = file('events.csv', 'op,va,size\nMAP,0x1000,4096\n');
const ONLY_BAD = file('bad.csv', 'op,va\nR,zz\n');
/** Behind its header, within the first block. */
const CUT_BLOCK = binary('cut.p2mtrace', SHELL.subarray(0, 2000));
const CUT_RECORD = binary('cut.champsim', SIX.subarray(0, 100));
const CUT_GZIP = binary('cut.csv.gz', gzipSync('op,va\nR,0x1000\nR,0x20').subarray(0, 30));

/** Bytes of no format: neither text nor any magic number. */
const GARBAGE = binary(
  'garbage.bin',
  Uint8Array.from({ length: 3000 }, (_, i) => (i * 89 + 9) & 255),
);

describe('trace check exits with 1', () => {
  it.each([
    ['a header and no record', HEADER, ': error: the trace has no access; there is nothing to replay'],
    ['events and no access', EVENTS, ': error: the trace has no access; there is nothing to replay'],
    ['bad records and no other', ONLY_BAD, ':2:3: error: "zz" is not a hexadecimal address (column va)'],
    [
      'a block that is cut',
      CUT_BLOCK,
      ': byte 181: error: the trace ends early: 1819 of 15499 bytes of block 1',
    ],
    ['a record that is cut', CUT_RECORD, ': byte 64: error: the trace ends within a record: 36 of 64 bytes'],
    [
      'a container that is cut',
      CUT_GZIP,
      ': error: the gzip data ends early: the file is truncated after 30',
    ],
  ])('for %s', (_what, path, words) => {
    const { code, stdout, stderr } = cli(['trace', 'check', path]);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout.startsWith(path + words)).toBe(true);
    expect(stdout).toMatch(/\n.*: [12] errors?, 0 warnings\n$/);
    const json = cli(['trace', 'check', path, '--json']);
    expect(json.code).toBe(1);
    expect((JSON.parse(json.stdout) as { findings: unknown[] }).findings[0]).toMatchObject({
      severity: 'error',
    });
    // There is nothing here that can be replayed to the end.
    expect(cli(['replay', path]).code).toBe(3);
    expect(cli(['trace', 'mrc', path]).code).toBe(3);
  });

  it('and says what it did not get to see, not that it is not there', () => {
    const { stdout } = cli(['trace', 'check', CUT_BLOCK]);
    expect(stdout).toContain('\nnot checked: records after the error: the trace was not read to its end\n');
    expect(stdout).toContain(
      'levels of table stores, rights to execute: the part that was read has no such events\n',
    );
    // What is bad and can be passed over ends nothing.
    expect(cli(['trace', 'check', ONLY_BAD]).stdout).not.toContain('after the error');
  });
});

describe('trace check exits with 3, as every command does', () => {
  it.each([
    ['an empty file', file('empty.csv', ''), ': the trace is empty; expected at least one access\n'],
    [
      'an empty container',
      binary('empty.csv.gz', gzipSync('')),
      ': the trace is empty; expected at least one',
    ],
    ['blank lines', file('blank.csv', '\n\n \n'), '; it begins with blank lines\n'],
    ['garbage', GARBAGE, ': is in no format that p2msim knows'],
    [
      'prose',
      file('prose.txt', 'hello world\nthis is text\n'),
      '; it begins with "hello world\\x0athis is text"\n',
    ],
    [
      'a header that is cut',
      binary('cut.p2mtrace', SHELL.subarray(0, 20)),
      ': byte 0: the trace ends early: 20 of',
    ],
    ['no file', join(scratch(), 'none.csv'), ': no such file\n'],
    ['a folder', scratch(), ': is a directory; expected a trace file\n'],
  ])('for %s', (_what, path, words) => {
    const said = cli(['trace', 'check', path]);
    expect([said.code, said.stdout]).toEqual([3, '']);
    expect(said.stderr.startsWith(`error: ${path}`)).toBe(true);
    expect(said.stderr).toContain(words);
    for (const command of [['replay'], ['trace', 'info'], ['trace', 'head'], ['trace', 'mrc']])
      expect(cli([...command, path])).toEqual(said);
    // Which takes saved results, too.
    const { code, stderr } = cli(['compare', path]);
    expect([code, stderr.replace('a trace or saved results', 'a trace file')]).toEqual([3, said.stderr]);
  });
});

describe('trace head', () => {
  it('says of a trace without a record that it has none', () => {
    expect(cli(['trace', 'head', HEADER])).toEqual({
      code: 0,
      stdout: '',
      stderr: `note: ${HEADER} has no records\n`,
    });
    expect(cli(['trace', 'head', EVENTS]).stderr).toBe('');
  });
});

describe('trace info', () => {
  it('says of a trace without an access what it has none of', () => {
    const { code, stdout } = cli(['trace', 'info', HEADER]);
    expect(code).toBe(0);
    expect(stdout).toContain('\nRegions (1 GiB or more apart)\n  none: the trace has no access\n');
    expect(stdout).toContain('\naddress spaces: 0; vcpus: none is used\n');
  });

  it('names as many address spaces as a replay counts, or says why there are more', () => {
    const lineOf = (path: string) => /^address spaces: .*$/m.exec(cli(['trace', 'info', path]).stdout)?.[0];
    const shell = 'traces/qemu/shell.p2mtrace';
    expect(lineOf(shell)).toBe(
      'address spaces: 0, 1, 2, 3 (6 in all: 2 more under the same names); vcpus: 0, 1, 2',
    );
    expect(cli(['replay', shell]).stdout).toMatch(/^.*, 6 address spaces, /);
    expect(lineOf('traces/cloudsuite/four.cloudsuite')).toBe('address spaces: 0, p9; vcpus: 0');
  });
});

describe('trace check and bad records', () => {
  it('has no words for how many may be dropped: it lists them all', () => {
    const help = cli(['trace', 'check', '--help']).stdout;
    expect(help).not.toMatch(/--on-error|--max-errors/);
    expect(help).toContain('--ignore-columns');
    expect(cli(['trace', 'check', 'traces/examples/fork.csv', '--on-error', 'skip']).code).toBe(2);
  });
});
