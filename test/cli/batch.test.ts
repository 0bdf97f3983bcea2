/**
 * Batches as a user runs them: results files that are equal however they come about, Ctrl-C, kills, two writers.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseResults } from '../../src/batch/results.js';
import type * as library from '../../src/index.js';
import { parseShardWord } from '../../src/cli/shard-option.js';
import { BIN, cli, file, plainEnvironment, ROOT, scratch, shell } from './run-cli.js';

const built = (await import(pathToFileURL(join(ROOT, 'dist/index.js')).href)) as typeof library;

/** 200 points: 5 sizes, 20 seeds, 2 modes; a record costs nothing here, building the machines does. */
const POINTS_200 = (
  'sweep traces/lackey/sort.lackey.gz -m hap,shadow --limit 500 ' +
  '-L stlb.entries 384,768,1536,3072,6144 -P seed 1 20 --step +1'
).split(' ');

function lines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

/** The points of a file as lines in the order of their numbers. */
function points(path: string): string[] {
  const number = (line: string): number => (JSON.parse(line) as { number: number }).number;
  return lines(path)
    .slice(1)
    .sort((a, b) => number(a) - number(b));
}

function numbers(path: string): number[] {
  return parseResults(readFileSync(path), path).points.map(({ line }) => line.number);
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [BIN, ...args], { cwd: ROOT, env: plainEnvironment() });
}

/** When the file is at least so large, or the process has ended. */
function whenLarger(path: string, bytes: number, child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(dirname(path), check);
    const finish = (): void => {
      watcher.close();
      resolve();
    };
    function check(): void {
      if (existsSync(path) && statSync(path).size >= bytes) finish();
    }
    child.once('exit', finish);
    check();
  });
}

function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const out = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data) => (out.stdout += String(data)));
  child.stderr?.on('data', (data) => (out.stderr += String(data)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...out })));
}

describe('a sweep of 200 points has the same lines', { timeout: 120_000 }, () => {
  const folder = scratch();
  const reference = join(folder, 'one.jsonl');
  beforeAll(() => {
    expect(cli([...POINTS_200, '--results', reference])).toMatchObject({ code: 0, stderr: '' });
    expect(lines(reference)).toHaveLength(201);
  });

  it('on two threads', () => {
    const path = join(folder, 'two.jsonl');
    expect(cli([...POINTS_200, '--results', path, '--jobs', '2'])).toMatchObject({ code: 0, stderr: '' });
    expect(points(path)).toEqual(points(reference));
  });

  it('resumed after a kill', async () => {
    const path = join(folder, 'killed.jsonl');
    const child = start([...POINTS_200, '--results', path]);
    await whenLarger(path, 300_000, child);
    child.kill('SIGKILL');
    await ended(child);
    const before = lines(path);
    expect(before.length).toBeGreaterThan(1);
    expect(before.length).toBeLessThan(201);
    const resumed = cli([...POINTS_200, '--results', path, '--resume']);
    expect(resumed.code).toBe(0);
    const done = before.length - 1;
    expect(resumed.stdout).toBe(`200 points in ${path}: ${done} there before, ${200 - done} done now\n`);
    expect(lines(path).slice(0, before.length)).toEqual(before);
    expect(points(path)).toEqual(points(reference));
  });

  it('in four shards that are collected, none of which is empty', () => {
    const shards = [1, 2, 3, 4].map((index) => {
      const path = join(folder, `shard${index}.jsonl`);
      expect(cli([...POINTS_200, '--results', path, '--shard', `${index}/4`])).toMatchObject({ code: 0 });
      return path;
    });
    for (const path of shards) expect(numbers(path).length).toBeGreaterThan(25);
    const [all, one] = [join(folder, 'all.jsonl'), join(folder, 'one-collected.jsonl')];
    expect(cli(['collect', ...shards, '-o', all])).toMatchObject({ code: 0 });
    expect(cli(['collect', reference, '-o', one])).toMatchObject({ code: 0 });
    expect(readFileSync(all, 'utf8')).toBe(readFileSync(one, 'utf8'));
    expect(points(all)).toEqual(points(reference));
  });
});

describe('a results file', { timeout: 60_000 }, () => {
  const SWEEP = ['sweep', 'traces/examples/plain.csv', '-L', 'stlb.entries', '768,1536,3072'];

  it('that lost the end of its last line is repaired, and only that point is run again', () => {
    const path = join(scratch(), 'r.jsonl');
    cli([...SWEEP, '--results', path]);
    const before = readFileSync(path, 'utf8');
    truncateSync(path, before.length - 100);
    const { code, stdout, stderr } = cli([...SWEEP, '--results', path, '--resume']);
    expect(code).toBe(0);
    expect(stdout).toBe(`3 points in ${path}: 2 there before, 1 done now\n`);
    expect(stderr).toMatch(/^note: .*r\.jsonl:4: a torn line of \d+ bytes was cut off\n$/);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('that is complete stays as it is', () => {
    const path = join(scratch(), 'r.jsonl');
    cli([...SWEEP, '--results', path]);
    const before = readFileSync(path, 'utf8');
    expect(cli([...SWEEP, '--results', path, '--resume']).stdout).toBe(
      `3 points in ${path}: 3 there before, 0 done now\n`,
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it.each([
    ['is there already, without --resume', [], 'is there already, with 3 points'],
    ['is of other values', ['--resume', '-L', 'l1d.ways', '1,2'], 'holds points of another batch'],
    [
      'is of the whole batch, for a shard',
      ['--resume', '--shard', '1/2'],
      'is for all of the batch; expected shard 1/2',
    ],
  ])('that %s is refused and not touched', (_, more, message) => {
    const path = join(scratch(), 'r.jsonl');
    cli([...SWEEP, '--results', path]);
    const before = readFileSync(path, 'utf8');
    const { code, stderr } = cli([...SWEEP, ...more, '--results', path]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('with a damaged line is refused with its place', () => {
    const path = join(scratch(), 'r.jsonl');
    cli([...SWEEP, '--results', path]);
    appendFileSync(path, '{"schema": "p2msim.point/1"}\n');
    const { code, stderr } = cli([...SWEEP, '--results', path, '--resume']);
    expect(code).toBe(3);
    expect(stderr).toContain('r.jsonl:5:1: trace is missing; expected an object');
  });

  it('has one writer at a time, and the lock of one that was killed is taken over', async () => {
    const path = join(scratch(), 'r.jsonl');
    const long = [...POINTS_200.slice(0, 4), '-P', 'seed', '1', '40', '--step', '+1', '--results', path];
    const first = start(long);
    await whenLarger(path, 1, first);
    const second = cli([...long, '--resume']);
    expect([second.code, second.stderr]).toEqual([2, expect.stringContaining('is writing to it')]);
    first.kill('SIGKILL');
    await ended(first);
    expect(existsSync(`${path}.lock`)).toBe(true);
    const done = numbers(path).length;
    const third = start([...long, '--resume']);
    await whenLarger(path, statSync(path).size + 1, third);
    third.kill('SIGINT');
    expect(await ended(third)).toMatchObject({ code: 130 });
    expect(numbers(path).length).toBeGreaterThan(done);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});

describe('Ctrl-C', { timeout: 60_000 }, () => {
  it('leaves whole lines, says what is left, and ends with 130', async () => {
    const path = join(scratch(), 'r.jsonl');
    const child = start([
      ...POINTS_200.slice(0, 4),
      '-P',
      'seed',
      '1',
      '40',
      '--step',
      '+1',
      '--results',
      path,
    ]);
    const end = ended(child);
    await whenLarger(path, 1000, child);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await end;
    const { points: done, torn } = parseResults(readFileSync(path), path);
    expect(code).toBe(130);
    expect(torn).toBeNull();
    expect(stdout).toBe(`80 points in ${path}: ${done.length} done now, ${80 - done.length} left\n`);
    expect(stderr).toBe(
      `interrupted: ${80 - done.length} of 80 points are left\nhint: the same command with --resume runs them\n`,
    );
  });
});

describe.each<[NodeJS.Signals, number]>([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])('%s', { timeout: 60_000 }, (signal, expected) => {
  it(`says what is left as Ctrl-C does, gives up the lock, and ends with ${expected}`, async () => {
    const path = join(scratch(), 'r.jsonl');
    const seeds = ['-P', 'seed', '1', '40', '--step', '+1'];
    const child = start([...POINTS_200.slice(0, 4), ...seeds, '--results', path]);
    const end = ended(child);
    await whenLarger(path, 1000, child);
    child.kill(signal);
    const { code, stderr } = await end;
    expect(code).toBe(expected);
    expect(stderr).toMatch(/^interrupted: \d+ of 80 points are left\n/);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});

/** A batch of so many seeds of the short example. */
function seedsOf(count: number, modes: readonly string[] = ['hap']): Promise<library.Batch> {
  const seeds = Array.from({ length: count }, (_, i) => i + 1);
  const groups = [built.groupOf(built.axisOfList('seed', seeds, 'test'))];
  const traces = [join(ROOT, 'traces/examples/plain.csv')];
  return built.planBatch({ traces, modes: [...modes], groups, exclusions: [], points: [] }, {});
}

describe('a batch that was given up before it began', () => {
  const given = { jobs: 2, signal: AbortSignal.abort(), onProgress: () => expect.unreachable() };

  it('runs no point', async () => {
    const report = await built.runBatch(await seedsOf(4), null, { ...given, shard: null });
    expect(report).toMatchObject({ total: 4, left: 4, lines: [] });
  });

  it('does not look for its shard', async () => {
    const run = built.runBatch(await seedsOf(4), null, { ...given, shard: { index: 1, of: 2 } });
    await expect(run).rejects.toBe(given.signal.reason);
  });
});

describe('a batch whose results cannot be written', { timeout: 60_000 }, () => {
  // Two groups at once: of 13 or 14 points with a third that waits, or of one point. The first that is done ends the run.
  it.each([40, 2])(
    'ends at the first of %d points, and takes no thread that it ends for a crash',
    async (count) => {
      const script = file(
        'unwritable.mjs',
        `const built = await import(${JSON.stringify(pathToFileURL(join(ROOT, 'dist/index.js')).href)});
      const seeds = Array.from({ length: ${count} }, (_, i) => i + 1);
      const groups = [built.groupOf(built.axisOfList('seed', seeds, 'test'))];
      const traces = ['traces/lackey/sort.lackey.gz'];
      const grid = { traces, modes: ['hap'], groups, exclusions: [], points: [] };
      let calls = 0;
      const onProgress = () => { calls++; throw new Error('disk full'); };
      process.on('exit', () => console.log('calls', calls));
      await built.runBatch(await built.planBatch(grid, { limit: 20000 }), null, { jobs: 2, shard: null, onProgress })
        .catch((error) => console.log(error.message));`,
      );
      const child = spawn(process.execPath, [script], { cwd: ROOT, timeout: 30_000 });
      expect(await ended(child)).toMatchObject({ code: 0, stdout: 'disk full\ncalls 1\n' });
    },
  );
});

describe('--jobs', { timeout: 60_000 }, () => {
  it('spreads the points of a batch over so many threads', async () => {
    const batch = await seedsOf(6);
    for (const jobs of [1, 3]) {
      const threads: number[] = [];
      const onProgress = (_: number, __: number, thread: number): void => void threads.push(thread);
      const { lines } = await built.runBatch(batch, null, { jobs, shard: null, onProgress });
      expect(lines).toHaveLength(6);
      expect([new Set(threads).size, threads.includes(0)]).toEqual([jobs, false]);
    }
  });
});

describe('a backend with a bug', { timeout: 60_000 }, () => {
  it('costs what building costs, and spoils neither the estimate of others nor the shards', () => {
    const module = file(
      'broken.mjs',
      `export const backend = { name: 'broken', summary: 's', describe: () => 'd', create: () => { throw new TypeError('oops'); } };`,
    );
    const words = ['sweep', 'traces/examples/plain.csv', '-m', `hap,${module}`, '-L', 'seed', '1,2'];
    const { code, stdout } = cli([...words, '--dry-run', '--json']);
    expect(code).toBe(0);
    const { points: all } = JSON.parse(stdout) as { points: { cost: number }[] };
    // Points 2 and 4 are those of the module; 300,000 units are 3 ms.
    expect(all.map(({ cost }) => cost > 300_000)).toEqual([true, false, true, false]);
    expect(all[1]?.cost).toBe(300_000);
    // Dearest first, each to the part that has least: 1 and 3 apart, then 2 and 4.
    const path = join(scratch(), 'r.jsonl');
    expect(cli([...words, '--shard', '1/2', '--results', path]).code).toBe(70);
    expect(numbers(path)).toEqual([1, 2]);
  });

  it('fails its own points, and the sweep goes on', () => {
    const module = file(
      'broken.mjs',
      `export const backend = { name: 'broken', summary: 's', describe: () => 'd', create: () => { throw new TypeError('oops'); } };`,
    );
    const path = join(scratch(), 'r.jsonl');
    const words = ['sweep', 'traces/examples/plain.csv', '-m', `hap,${module}`, '-L', 'seed', '1,2'];
    const { code, stderr } = cli([...words, '--results', path]);
    expect(code).toBe(70);
    expect(stderr).toContain('error: point 2 (broken seed=1) failed: oops');
    const { points: done } = parseResults(readFileSync(path), path);
    expect(done.map(({ line }) => [line.number, line.error?.kind ?? 'ok']).sort()).toEqual([
      [1, 'ok'],
      [2, 'internal'],
      [3, 'ok'],
      [4, 'internal'],
    ]);
  });
});

describe('points that fail', { timeout: 60_000 }, () => {
  it('are lines with the error of each, and the others are run', () => {
    const path = join(scratch(), 'r.jsonl');
    // 1,536 entries make 96 sets of 16 ways, which is no power of two; 1,024 make 64.
    const sweep =
      'sweep traces/examples/plain.csv -L stlb.entries 1024,1536 -L stlb.ways 8,16 --results'.split(' ');
    const { code, stderr } = cli([...sweep, path]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: point \d \(hap stlb\.entries=1536 stlb\.ways=\d+\) failed: stlb\.entries is 1536/,
    );
    const { points: done } = parseResults(readFileSync(path), path);
    expect(done.map(({ line }) => [line.status, line.error?.kind]).sort()).toEqual([
      ['failed', 'config'],
      ['failed', 'config'],
      ['ok', undefined],
      ['ok', undefined],
    ]);
    expect(cli([...sweep, path, '--resume']).code).toBe(2);
  });

  it('in a trace that breaks off fail alike, in one pass, whatever the number of threads', () => {
    const trace = file('broken.csv', 'op,va\nR,0x1000\nR,0x2000\nR,nonsense\nR,0x3000\n');
    const files = ['1', '2'].map((jobs) => {
      const path = join(scratch(), 'r.jsonl');
      const run = cli([
        'sweep',
        trace,
        '-P',
        'seed',
        '1',
        '8',
        '--step',
        '+1',
        '--results',
        path,
        '--jobs',
        jobs,
      ]);
      expect(run.code).toBe(3);
      return path;
    });
    expect(points(files[0]!)).toEqual(points(files[1]!));
    expect(points(files[0]!)[0]).toContain('broken.csv:4');
    // What comes before the mistake can be replayed.
    const path = join(scratch(), 'r.jsonl');
    expect(cli(['sweep', trace, '-L', 'seed', '1,2', '--limit', '2', '--results', path]).code).toBe(0);
  });
});

describe('settings that are possible only with the values of a sweep', { timeout: 60_000 }, () => {
  // By itself --set stlb.ways=16 makes 96 sets of the preset's 1,536 entries.
  const SWEEP = 'sweep traces/examples/plain.csv --set stlb.ways=16 -L stlb.entries 1024,2048';

  it.each([
    ['in a table', ''],
    ['in a batch', ' --list'],
  ])('are accepted %s', (_, more) => {
    expect(shell(`p2msim ${SWEEP}${more}`)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('flags beside a specification', { timeout: 60_000 }, () => {
  const spec = file(
    's.toml',
    'traces = ["traces/examples/plain.csv"]\nmodes = ["hap", "shadow"]\nseeds = [1, 2]\nlimit = 10\n' +
      '[set]\nguest.pageSize = "2m"\n[[exclude]]\nmode = "shadow"\nseed = 2\n',
  );
  const modesAndSeeds = (...more: readonly string[]): unknown => {
    const { stdout } = cli(['sweep', spec, ...more, '--list', '--json']);
    const { points: all } = JSON.parse(stdout) as { points: { mode: string; point: object }[] };
    return all.map(({ mode, point }) => [mode, ...Object.values(point)]);
  };

  it('choose other modes, whatever it excludes', () => {
    expect(modesAndSeeds()).toEqual([
      ['hap', 1],
      ['shadow', 1],
      ['hap', 2],
    ]);
    expect(modesAndSeeds('-m', 'native')).toEqual([
      ['native', 1],
      ['native', 2],
    ]);
  });

  it('add axes, and presets', () => {
    expect(modesAndSeeds('-m', 'hap', '-L', 'preset', 'skylake,zen2')).toEqual([
      ['hap', 'skylake', 1],
      ['hap', 'zen2', 1],
      ['hap', 'skylake', 2],
      ['hap', 'zen2', 2],
    ]);
  });

  it('stand above it, and it above the environment', () => {
    const sizeOf = (words: readonly string[], env: Record<string, string>): unknown => {
      const { stdout } = cli(['sweep', spec, '-m', 'hap', ...words, '--json'], { env });
      const { points: all } = JSON.parse(stdout) as library.SweepResult;
      const { config, trace } = all[0]!.manifest;
      return [config.effective.guest.pageSize, trace.accesses];
    };
    const env = { P2MSIM_GUEST_PAGESIZE: '1g' };
    expect(sizeOf([], env)).toEqual(['2m', 10]);
    expect(sizeOf(['--page-size', '4k', '--limit', '5'], env)).toEqual(['4k', 5]);
  });
});

describe('--shard auto', { timeout: 60_000 }, () => {
  const LIST = 'sweep traces/examples/plain.csv -P seed 1 8 --step +1 --list'.split(' ');
  const SLURM = { SLURM_ARRAY_TASK_ID: '2', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_COUNT: '4' };

  it.each<[string, string, Record<string, string>]>([
    ['Slurm', 'auto', SLURM],
    [
      'Slurm, from 0 by steps of 2',
      'auto',
      { ...SLURM, SLURM_ARRAY_TASK_MIN: '0', SLURM_ARRAY_TASK_STEP: '2' },
    ],
    [
      'Slurm, of an array of which only that part is submitted again',
      'auto/4',
      { ...SLURM, SLURM_ARRAY_TASK_MIN: '2', SLURM_ARRAY_TASK_COUNT: '1' },
    ],
    ['Kubernetes', 'auto/4', { JOB_COMPLETION_INDEX: '1' }],
    ['a CI matrix', 'auto', { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '4' }],
  ])('takes the second of four parts from %s', (_, word, env) => {
    expect(parseShardWord(word, env, built)).toEqual({ index: 2, of: 4 });
  });

  it('is the only way in which the environment matters', () => {
    expect(cli(LIST, { env: SLURM }).stdout).toMatch(/^8 points,/);
    expect(cli([...LIST, '--shard', 'auto'], { env: SLURM }).stdout).toMatch(/^2 of 8 points,/);
  });

  it.each<[string, string, Record<string, string>, string]>([
    ['none is there', 'auto', {}, 'no engine says which shard this is'],
    [
      'it does not say how many',
      'auto',
      { JOB_COMPLETION_INDEX: '1' },
      'does not say how many shards there are',
    ],
    ['it is no number', 'auto', { CI_NODE_INDEX: 'x' }, "CI_NODE_INDEX is 'x'; expected a whole number"],
    ['it is too large', 'auto/4', { JOB_COMPLETION_INDEX: '4' }, 'is no shard; expected i/n'],
    ['it is a slip', 'auto:4', {}, "--shard 'auto:4' is no shard; expected i/n"],
  ])('is refused where %s', (_, word, env, message) => {
    expect(() => parseShardWord(word, env, built)).toThrow(message);
  });
});

describe('kill -9', { timeout: 120_000 }, () => {
  it('five times, wherever it strikes, loses no point and leaves no wrong line', () => {
    const { code, stdout } = shell(`"${process.execPath}" test/batch/kill.mjs --kills 5 --seed 3`);
    expect(stdout).toContain('\nok: ');
    expect(code).toBe(0);
    expect(stdout.match(/^round \d+: killed/gm)).toHaveLength(5);
  });
});
