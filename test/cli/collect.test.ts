/** `collect` and `table` from the outside: exit codes, what is written where, standard input. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PointLine } from '../../src/batch/point-line.js';
import { failedPoint, resultsFile, twelvePoints } from '../helpers/results-files.js';
import { cli as p2msim } from './run-cli.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'p2msim-collect-'));
const at = (name: string): string => join(FOLDER, name);
let points: PointLine[];

function file(name: string, lines: readonly PointLine[]): string {
  writeFileSync(at(name), resultsFile(name, lines).bytes);
  return at(name);
}

beforeAll(async () => {
  points = await twelvePoints();
});

describe('collect', () => {
  it('joins shards, plain and gzip, to the file that one process would have written', () => {
    const whole = file('whole.jsonl', points);
    const one = file('shard-1.jsonl', points.slice(6).reverse());
    const two = at('shard-2.jsonl.gz');
    writeFileSync(two, gzipSync(resultsFile('2', points.slice(0, 7)).bytes));
    const { code, stdout, stderr } = p2msim([
      'collect',
      one,
      two,
      '-o',
      at('all.jsonl'),
      '-o',
      at('all.csv'),
    ]);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toBe(
      'batch abababab: 12 of 12 points from 2 files\n  1 line repeated, the same bytes each time: dropped\n',
    );
    expect(readFileSync(at('all.jsonl'), 'utf8')).toBe(readFileSync(whole, 'utf8'));
    expect(readFileSync(at('all.csv'), 'utf8').split('\n')).toHaveLength(14);
  });

  it('makes of four shards of a sweep what one process writes', () => {
    const words = [
      'sweep',
      'traces/examples/plain.csv',
      '-m',
      'native,hap,shadow',
      '-L',
      'l1d.ways',
      '1,2,4',
      '-L',
      'seed',
      '1,2',
    ];
    const results = (path: string, ...more: string[]): string => {
      expect(p2msim([...words, '--results', at(path), ...more]).code).toBe(0);
      return at(path);
    };
    const whole = results('sweep.jsonl');
    const shards = [3, 1, 4, 2].map((i) => results(`sweep-${i}.jsonl`, '--shard', `${i}/4`));
    expect(p2msim(['collect', ...shards, '-o', at('sweep-all.jsonl')]).stderr).toContain(
      ': 18 of 18 points from 4 files\n',
    );
    p2msim(['collect', whole, '-o', at('sweep-one.jsonl')]);
    expect(readFileSync(at('sweep-all.jsonl'), 'utf8')).toBe(readFileSync(at('sweep-one.jsonl'), 'utf8'));
  });

  it('reads standard input, writes standard output, and is quiet if asked', () => {
    const bytes = readFileSync(file('in.jsonl', points), 'utf8');
    const result = p2msim(['collect', '-', '-q'], { input: bytes });
    expect(result).toMatchObject({ code: 0, stdout: bytes, stderr: '' });
  });

  it('exits 1 for missing and failed points, and writes what there is; --partial takes it', () => {
    const some = file('some.jsonl', [...points.slice(0, 4), failedPoint(points[4]!)]);
    const words = ['collect', some, '-o', at('some-out.jsonl')];
    const { code, stderr } = p2msim(words);
    expect(code).toBe(1);
    expect(stderr).toContain(
      '  MISSING 7 points: 6-12\n  FAILED 1 point: 5\n    5: internal: out of memory\n',
    );
    expect(existsSync(at('some-out.jsonl'))).toBe(true);
    expect(p2msim([...words, '--partial']).code).toBe(0);
  });

  it('exits 1 for files without their header, which may lack the last points; --partial takes them', () => {
    const text = readFileSync(file('whole-once.jsonl', points), 'utf8');
    writeFileSync(at('headless.jsonl'), text.slice(text.indexOf('\n') + 1));
    const words = ['collect', at('headless.jsonl'), '-o', at('headless-out.jsonl')];
    const { code, stderr } = p2msim(words);
    expect(code).toBe(1);
    expect(stderr).toContain(
      '  NO HEADER: no file says how many points there should be\nhint: the header is ',
    );
    expect(readFileSync(at('headless-out.jsonl'), 'utf8').split('\n')).toHaveLength(13);
    expect(p2msim([...words, '--partial']).code).toBe(0);
    // A header of one file is enough for all.
    expect(p2msim(['collect', at('headless.jsonl'), at('whole-once.jsonl'), '-q']).code).toBe(0);
  });

  it('exits 1 for a contradiction, names both lines, and writes nothing', () => {
    const one = file('one.jsonl', points.slice(0, 3));
    const changed = structuredClone(points[1]!);
    Object.assign(changed.result!.counters, { 'walk.refs': 1 });
    const other = file('other.jsonl', [changed]);
    const { code, stderr } = p2msim(['collect', one, other, '-o', at('none.jsonl')]);
    expect(code).toBe(1);
    expect(stderr).toContain(`error: point 2 has two results: ${one}:3 and ${other}:2\n`);
    expect(stderr).toContain('result.counters.walk.refs: ');
    expect(existsSync(at('none.jsonl'))).toBe(false);
  });

  it.each([
    ['an unknown extension', ['-o', 'all.xlsx'], 'the name does not say the format; expected .jsonl'],
    ['an unknown format', ['--format', 'parket'], "unknown export format 'parket' (did you mean 'parquet'?)"],
    ['one output twice', ['-o', 'a.csv', '-o', 'a.csv'], '--output a.csv is given twice'],
    [
      '--format with several outputs',
      ['--format', 'csv', '-o', 'a.csv', '-o', 'b.csv'],
      '--format is for one output',
    ],
    ['an unknown metric', ['--format', 'csv', '--metrics', 'walk.rfs'], "no metric matches 'walk.rfs'"],
  ])('exits 2 for %s', (_, words, message) => {
    const { code, stderr, stdout } = p2msim(['collect', file('u.jsonl', points), ...words]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('does not write over what it reads', () => {
    const own = file('own.jsonl', points);
    const { code, stderr } = p2msim(['collect', own, '-o', own]);
    expect(code).toBe(2);
    expect(stderr).toContain(`the output ${own} is the input ${own} itself`);
  });

  it('exits 3 for a file that is no results file, and names the line', () => {
    writeFileSync(at('bad.jsonl'), `${readFileSync(file('g.jsonl', points), 'utf8')}{"schema": "other"}\n`);
    const { code, stderr } = p2msim(['collect', at('bad.jsonl')]);
    expect(code).toBe(3);
    expect(stderr).toContain('bad.jsonl:14: the line is neither p2msim.batch/1 nor p2msim.point/1');
  });
});

describe('table', () => {
  it('projects several results files, and what collect wrote as JSON, alike', () => {
    const one = file('t1.jsonl', points.slice(0, 5));
    const two = file('t2.jsonl', points.slice(5));
    const words = ['--normalize', 'mode=hap', '--metric', 'walk.refs', '--metric', 'cost.*.cycles'];
    const lines = p2msim(['table', one, two, ...words]);
    p2msim(['collect', one, two, '-o', at('t.json')]);
    expect(lines.code).toBe(0);
    expect(lines.stdout).toContain('x: divided by mode=hap of the same row, run by run');
    expect(p2msim(['table', at('t.json'), ...words])).toEqual(lines);
  });

  it('writes the format that the name of the output says', () => {
    const all = file('t3.jsonl', points);
    p2msim(['table', all, '-o', at('t.md')]);
    expect(readFileSync(at('t.md'), 'utf8')).toMatch(
      /^\| l1d\.ways \| cost\.cycles, hap \| cost\.cycles, shadow \|\n/,
    );
    const { stdout } = p2msim(['table', all, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'p2msim.table/1',
      confidence: 0.95,
      rowDimensions: ['l1d.ways'],
    });
  });

  it('exits 2 for seeds of two lengths of a trace, and takes both if the files are told apart', () => {
    const result = (name: string, ...words: string[]): string => {
      const { stdout } = p2msim(['replay', 'traces/examples/fork.csv', '--json', ...words]);
      writeFileSync(at(name), stdout);
      return at(name);
    };
    const part = result('part.json', '--limit', '20', '--set', 'seed=1');
    const whole = result('whole.json', '--set', 'seed=2');
    const { code, stdout, stderr } = p2msim(['table', part, whole]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`error: ${part} and ${whole}: two runs with `);
    expect(stderr).toMatch(/they differ in (trace\.\w+, )*trace\.accesses/);
    expect(stderr).toContain('hint: name what they differ in: `--row file` or `--col file`\n');
    expect(p2msim(['table', part, whole, '--row', 'file']).code).toBe(0);
    const again = result('again.json', '--set', 'seed=1');
    expect(p2msim(['table', again, whole]).stdout).toContain('over 2 seeds');
  });

  it('exits 2 for unknown names, 3 for what is no result', () => {
    const all = file('t4.jsonl', points);
    const unknown = p2msim(['table', all, '--row', 'l1d.way']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("did you mean 'l1d.ways'?")]);
    const format = p2msim(['table', all, '--format', 'cvs']);
    expect([format.code, format.stderr]).toEqual([2, expect.stringContaining("did you mean 'csv'?")]);
    writeFileSync(at('no.json'), '{"a": 1}');
    expect(p2msim(['table', at('no.json')]).code).toBe(3);
  });
});
