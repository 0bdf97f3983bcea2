/** `--jobs`: several threads, the same bytes; what goes wrong on a thread is told as without. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type * as library from '../../src/index.js';
import { cli, file, ROOT, scratch } from './run-cli.js';

const FORK = 'traces/examples/fork.csv';
const LACKEY = 'traces/lackey/sort.lackey.gz';
const built = (await import(pathToFileURL(join(ROOT, 'dist/index.js')).href)) as typeof library;

/** The output of a command without the words of its command line. */
function output(args: readonly string[]): { code: number | null; stdout: string; stderr: string } {
  const { code, stdout, stderr } = cli(args);
  return { code, stderr, stdout: stdout.replace(/"argv": \[[^\]]*\]/g, '') };
}

describe('--jobs', () => {
  it.each([
    ['a trace with events', ['compare', FORK, '--json']],
    [
      'a region in intervals',
      ['compare', LACKEY, '--json', '--skip', '1k', '--limit', '60k', '--interval', '25k'],
    ],
    [
      'a sweep',
      ['sweep', LACKEY, '--json', '--limit', '100k', '-m', 'native,hap', '-L', 'stlb.entries', '384,1536'],
    ],
    [
      'a sweep of a premapped guest',
      ['sweep', LACKEY, '-r', 'csv', '--limit', '100k', '--guest', 'premapped', '-P', 'l1d.ways', '1', '4'],
    ],
  ])('gives the same bytes for %s', { timeout: 60_000 }, (_, args) => {
    const alone = output(args);
    expect(alone.code).toBe(0);
    for (const jobs of ['2', '3']) expect(output([...args, '--jobs', jobs])).toEqual(alone);
  });

  it('uses as many threads as asked for, and no more than there are machines', async () => {
    const seen: (readonly number[])[] = [];
    const onThreads = (ids: readonly number[]): void => void seen.push(ids);
    for (const jobs of [1, 2, 9]) {
      await built.compare({ trace: join(ROOT, FORK), jobs, onThreads });
    }
    expect(seen.map((ids) => new Set(ids).size)).toEqual([2, 3]); // jobs 1: no thread besides the caller's
    expect(seen.flat()).not.toContain(0);
  });

  it('ends at an event that a mode refuses as one thread does', () => {
    const trace = file('p2m.csv', 'op,va,gfn\nR,0x1000,\nR,0x2000,\nP2M.REMOVE,,1\nR,0x3000,\n');
    const alone = output(['compare', trace, '--json']);
    expect(alone.code).toBe(3);
    expect(output(['compare', trace, '--json', '--jobs', '2'])).toEqual(alone);
  });

  it('ends at a bad record as one thread does', () => {
    const trace = file('bad.csv', 'op,va\nR,0x1000\nR,zz\n');
    const alone = output(['compare', trace, '--json']);
    expect(alone.code).toBe(3);
    expect(output(['compare', trace, '--json', '--jobs', '3'])).toEqual(alone);
  });

  it('reads standard input on one thread', () => {
    const input = readFileSync(join(ROOT, FORK), 'utf8');
    const [one, two] = ['1', '2'].map((jobs) =>
      cli(['compare', '-', '-r', 'csv', '--jobs', jobs], { input }),
    );
    expect(two).toEqual(one);
    expect(one?.code).toBe(0);
  });

  it('loads a backend of the user’s on each thread', () => {
    const args = ['compare', FORK, '-m', 'native,./examples/my-backend/flat-nested.mjs', '-r', 'csv'];
    const alone = output(args);
    expect(alone.code).toBe(0);
    expect(output([...args, '--jobs', '2'])).toEqual(alone);
  });

  it.each(['0', '257', 'two'])('refuses %s', (jobs) => {
    const { code, stderr } = cli(['compare', FORK, '--jobs', jobs]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--jobs is/);
  });
});

describe('sweep', () => {
  it('gives each point what a replay with its values gives', { timeout: 60_000 }, () => {
    const folder = scratch();
    const sweep = cli([
      'sweep',
      FORK,
      '-m',
      'hap,shadow',
      '-L',
      'l1d.ways',
      '1,2',
      '-P',
      'seed',
      '1',
      '3',
      '--step',
      '+2',
      '--json',
    ]);
    expect(sweep.code).toBe(0);
    const { schema, axes, points } = JSON.parse(sweep.stdout) as library.SweepResult;
    expect(schema).toBe('p2msim.sweep/1');
    expect(axes).toEqual([
      { key: 'l1d.ways', values: [1, 2] },
      { key: 'seed', values: [1, 3] },
    ]);
    expect(points.map(({ mode, point }) => [...Object.values(point ?? {}), mode].join(' '))).toEqual([
      '1 1 hap',
      '1 1 shadow',
      '1 3 hap',
      '1 3 shadow',
      '2 1 hap',
      '2 1 shadow',
      '2 3 hap',
      '2 3 shadow',
    ]);
    for (const { mode, point, counters, manifest } of points) {
      const set = Object.entries(point ?? {}).flatMap(([key, value]) => ['--set', `${key}=${String(value)}`]);
      const path = join(folder, 'alone.json');
      expect(cli(['replay', FORK, '-m', mode, ...set, '--json', '-o', path]).code).toBe(0);
      const alone = JSON.parse(readFileSync(path, 'utf8')) as library.RunResult;
      expect(alone.counters).toEqual(counters);
      expect(alone.manifest.config).toEqual(manifest.config);
    }
  });
});
