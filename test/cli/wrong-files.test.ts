/** Files that are not what a command takes, or are damaged: what they are, and what to do. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cli, file, scratch } from './run-cli.js';

const FORK = 'traces/examples/fork.csv';
const BAD = file('bad.csv', 'op,va\nQ,1\nQ,2\nR,1000\nQ,3\nR,2000\n');
const SAVED = 'examples/diff/hap.json';
const BATCH = 'examples/batch/frames.jsonl.gz';
/** Of a person, and not even a line. */
const NO_BREAK = file('notes.txt', 'my notes');
const INFO = file('info.json', cli(['trace', 'info', FORK, '--json']).stdout);
const SPEC = 'docs/examples/tlb-study.toml';

/** 20,000 rows in gzip, of which two bytes in the middle are others. */
function damagedGzip(): string {
  const rows = Array.from({ length: 20_000 }, (_, i) => `R,${((i * 7919) % 65_536).toString(16)}000,8\n`);
  const bytes = gzipSync(`op,va,size\n${rows.join('')}`);
  const path = join(scratch(), 'damaged.csv.gz');
  const middle = bytes.length >> 1;
  for (const at of [middle, middle + 1]) bytes[at] = bytes[at]! ^ 0xff;
  writeFileSync(path, bytes);
  return path;
}

describe('wrong files', () => {
  it('of a damaged container, the damage is told and not only what it does to records', () => {
    const path = damagedGzip();
    for (const words of [
      ['replay', path],
      ['trace', 'info', path],
      ['replay', path, '--on-error', 'skip'],
    ]) {
      const { code, stderr } = cli(words);
      expect(code).toBe(3);
      expect(stderr).toContain(`error: ${path}: the gzip data `);
    }
    const { code, stdout } = cli(['trace', 'check', path]);
    expect([code, stdout.startsWith(`${path}: error: the gzip data `)]).toEqual([1, true]);
  });

  it.each([
    [
      ['replay', SAVED],
      3,
      /hap\.json: is no trace: it is p2msim\.[a-z]+\/\d+, an output of p2msim\nhint: `p2msim diff/,
    ],
    [
      ['trace', 'info', SPEC],
      3,
      /is no trace: it looks like the specification of a sweep\nhint: `p2msim sweep docs/,
    ],
    [
      ['collect', FORK],
      3,
      /fork\.csv: is no results file of a batch: it is a trace \(csv\)\nhint: `p2msim replay t(?!.*delete)/,
    ],
    [
      ['collect', 'traces/p2mtrace/fork.p2mtrace'],
      3,
      /is no results file of a batch: it is a trace \(p2mtrace\)\nhint: `p2msim replay/,
    ],
    [['collect', SPEC], 3, /: it looks like the specification of a sweep\nhint: `p2msim sweep docs/],
    [
      ['collect', 'README.md'],
      3,
      /README\.md: is no results file of a batch: it begins with a line that is not JSON\nhint: (?!.*delete)/,
    ],
    [['collect', NO_BREAK], 3, /is no results file of a batch: it begins with a line that is not JSON\n/],
    [
      ['sweep', FORK, '-L', 'stlb.entries', '1536', '--results', FORK, '--resume'],
      3,
      /fork\.csv: is no results file of a batch: it is a trace \(csv\)/,
    ],
    [
      ['sweep', SAVED],
      2,
      /hap\.json is no specification of a sweep: it is p2msim\.result\/1, an output of p2msim\nhint: `p2msim diff .*; `p2msim sweep` takes a trace, or a specification/,
    ],
    [['sweep', INFO], 2, /: it is p2msim\.trace-info\/1, an output of p2msim\nhint: `p2msim schema` lists/],
    [['replay', BATCH], 3, /: it is p2msim\.batch\/1, an output of p2msim\nhint: `p2msim collect examples/],
    [
      ['sweep', BATCH, '-L', 'stlb.entries', '768,1536'],
      3,
      /is no trace: it is p2msim\.batch\/1, .*\nhint: `p2msim coll/,
    ],
    [['table', FORK], 3, /fork\.csv: is no saved result: it is a trace \(csv\)\nhint: `p2msim replay traces/],
    [
      ['table', SPEC],
      3,
      /is no saved result: it looks like the specification of a sweep\nhint: `p2msim sweep docs/,
    ],
    [['table', 'README.md'], 3, /README\.md:1:1: is no saved result, which is JSON; expected one/],
    [['replay', FORK, '--format', 'lackey'], 3, /\nhint: the file looks like csv: leave out `--format`/],
    [
      ['replay', BAD, '--max-errors', '3'],
      2,
      /--max-errors is given, but no bad record is skipped\nhint: give `--on-error skip`/,
    ],
    // The third bad record, in line 5, where two may be dropped.
    [
      ['replay', BAD, '--on-error', 'skip', '--max-errors', '2'],
      3,
      /bad\.csv:5:1: .*; it is one more than the 2 bad records that may be dropped\n[^]*hint: .*; a larger `--max-errors` drops more/,
    ],
  ])('%j', (words, exit, message) => {
    const { code, stderr } = cli(words);
    expect(code).toBe(exit);
    expect(stderr).toMatch(message);
  });

  it('a foreign file in the place of results stays as it is', () => {
    const path = file('study.toml', 'modes = ["hap"]\n');
    const { code, stderr } = cli(['sweep', 'gen:gups,accesses=5', '-L', 'seed', '1,2', '--results', path]);
    expect([code, readFileSync(path, 'utf8')]).toEqual([3, 'modes = ["hap"]\n']);
    expect(stderr).toMatch(/is no results file of a batch/);
  });
});
