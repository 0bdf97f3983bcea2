/**
 * `p2msim validate` as a user runs it: the whole replay from the built package, its threads, its words.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { validationMarkdown, type ValidationRecord } from '../../src/report/validation-doc.js';
import { completeParams } from '../../src/scenario/params.js';
import { SUITES } from '../../src/scenario/suites.js';
import { readMeasured } from '../../src/validate/measured.js';
import type { Cell } from '../../src/validate/cell.js';
import type { Course, Experiment, Outcome } from '../../src/validate/experiment.js';
import type { Phase } from '../../src/validate/phase.js';
import type { PublishedPart } from '../../src/validate/published/index.js';
import type { ScenarioSummary } from '../../src/validate/summary.js';
import { cli, type CliResult, ROOT } from './run-cli.js';

type Workforce = typeof import('../../src/validate/workforce.js');

interface Report {
  readonly passed: boolean;
  readonly verdict: string;
  readonly scenarios: readonly ScenarioSummary[];
  readonly different: readonly Cell[];
  readonly explained: readonly Cell[];
}

describe('p2msim validate', () => {
  let result: CliResult;
  let report: Report;
  let seconds: number;

  beforeAll(() => {
    const start = performance.now();
    result = cli(['validate', '--json', '--jobs', '2']);
    seconds = (performance.now() - start) / 1000;
    report = JSON.parse(result.stdout) as Report;
  }, 240_000);

  it('finds no cell that differs without a reason, and exits with 0', () => {
    expect(report.different).toEqual([]);
    expect(report.passed).toBe(true);
    expect(result.code).toBe(0);
    expect(result.stderr).toBe('');
  });

  it('takes less than two minutes', () => {
    expect(seconds).toBeLessThan(120);
  });

  it('covers every scenario that was measured, and what was published', () => {
    const seen = new Set(report.scenarios.map(({ suite, scenario }) => `${suite} ${scenario}`));
    for (const suite of ['xen', 'kvm'] as const) {
      for (const { scenario } of readMeasured(suite).experiments)
        expect(seen).toContain(`${suite} ${scenario}`);
    }
    expect(report.scenarios.some(({ suite }) => suite === 'published')).toBe(true);
  });

  it('explains nothing away but the pool of Xen and two published numbers', () => {
    const places = new Set(report.explained.map(({ suite, scenario }) => `${suite} ${scenario}`));
    for (const place of places) {
      expect(['xen shadow_pool', 'published big_memory', 'published vmitosis_gups']).toContain(place);
    }
    expect(report.explained.filter(({ suite }) => suite === 'published')).toHaveLength(2);
    const exits = report.explained.filter(
      ({ suite, quantity }) => suite === 'xen' && quantity.startsWith('exits'),
    );
    expect(exits).toEqual([]);
  });

  it('is what docs/validation.md says', () => {
    const record = JSON.parse(readFileSync(join(ROOT, 'docs/validation.json'), 'utf8')) as ValidationRecord;
    const hint = 'run `npm run docs:validation`';
    expect(record.verdict, hint).toBe(report.verdict);
    expect(record.different, hint).toEqual(report.different);
    expect(record.explained, hint).toEqual(report.explained);
    expect(readFileSync(join(ROOT, 'docs/validation.md'), 'utf8'), hint).toBe(validationMarkdown(record));
  });
});

describe('threads', { timeout: 60_000 }, () => {
  let workforce: Workforce;
  beforeAll(async () => {
    expect(existsSync(join(ROOT, 'dist/validate/worker.js'))).toBe(true);
    workforce = (await import(join(ROOT, 'dist/validate/workforce.js'))) as Workforce;
  });

  const experiment = (scenario: string, n: number): Experiment => {
    const params = completeParams(SUITES.get('kvm').scenarios.get(scenario), { n, op: 1 });
    return { suite: 'kvm', scenario, params, mode: 'shadow' };
  };
  const course = (...experiments: readonly Experiment[]): Course => ({ settled: true, experiments });

  it('share the courses, and change neither results nor their order', async () => {
    const courses = [
      course(experiment('touch', 4000)),
      course(experiment('touch', 64)),
      course(experiment('demand', 500)),
      course(experiment('touch', 8)),
      course(experiment('unmap', 99)),
    ];
    const threads = new Set<number>();
    const onProgress = (_done: number, _total: number, thread: number): void => void threads.add(thread);
    const alone = await workforce.runCourses(courses, { jobs: 1, onProgress });
    expect([...threads]).toEqual([0]);
    threads.clear();
    expect(await workforce.runCourses(courses, { jobs: 3, onProgress })).toEqual(alone);
    expect(threads.size).toBeGreaterThan(1);
    expect(threads).not.toContain(0);
    const exits = alone.map(([outcome]) => outcome?.phases?.[0]?.exits.total);
    // N/8 fills for pages in use, one after another: the order is that of the courses.
    expect([exits[0], exits[1], exits[3]]).toEqual([500, 8, 1]);
  });

  it('share the parts of the published suite, and tell of each', async () => {
    const parts = ['smoke', 'pool', 'walkCaches', 'recycling'] as const;
    const seen: (readonly [number, number])[] = [];
    const threads = new Set<number>();
    const cells = await workforce.runParts(parts, {
      jobs: 2,
      onProgress: (done, total, thread) => {
        seen.push([done, total]);
        threads.add(thread);
      },
    });
    expect(seen).toEqual([1, 2, 3, 4].map((done) => [done, 4]));
    expect(threads).not.toContain(0);
    expect(cells.map(([first]) => first?.scenario)).toEqual([
      'sagepte_smoke',
      'pool',
      'walk_cache_combined',
      'pool_recycling',
    ]);
    expect(await workforce.runParts(parts, { jobs: 1 })).toEqual(cells);
  });

  it.each([1, 2])('%i: hand over the error of a refused experiment', async (jobs) => {
    const refused = course({ ...experiment('touch', 8), mode: 'shadwo' });
    const good = course(experiment('touch', 8));
    const [[outcome], [other]] = (await workforce.runCourses([refused, good], { jobs })) as [
      Outcome[],
      Outcome[],
    ];
    expect(outcome?.error).toMatchObject({ name: 'UsageError', exitCode: 2 });
    expect(outcome?.error?.message).toContain("'shadwo' (did you mean 'shadow'?)");
    expect(other?.phases).toHaveLength(4);
  });

  it.each([1, 2])('%i: end with the error that only a bug can cause, as it is', async (jobs) => {
    // A guest of KVM runs one scenario: to ask for two is a mistake of this program's.
    const broken = course(experiment('touch', 8), experiment('touch', 8));
    const courses = [course(experiment('touch', 64)), broken];
    await expect(workforce.runCourses(courses, { jobs })).rejects.toMatchObject({
      name: 'InternalError',
      exitCode: 70,
      message: 'a KVM guest runs one scenario: boot another one',
      stack: expect.stringContaining('scenario/kvm/index.js'),
    });
    const none = 'none' as PublishedPart;
    await expect(workforce.runParts([none, 'pool'], { jobs })).rejects.toMatchObject({
      name: 'InternalError',
    });
  });
});

describe('p2msim validate --scenario', () => {
  it('prints one object: the modelled phases of any parameters', () => {
    const { code, stdout } = cli(
      'validate --suite xen --scenario fork_exit --param r=4 --param pages=512 --param cow=64 --mode shadow --json'.split(
        ' ',
      ),
    );
    expect(code).toBe(0);
    const run = JSON.parse(stdout) as { phases: readonly Phase[] };
    expect(Object.keys(run)).toEqual(['schema', 'suite', 'scenario', 'params', 'mode', 'phases']);
    expect(run).toMatchObject({
      suite: 'xen',
      scenario: 'fork_exit',
      params: { r: 4, pages: 512, cow: 64 },
      mode: 'shadow',
    });
    expect(run.phases).toHaveLength(1);
    const [region] = run.phases;
    expect(region).toMatchObject({ phase: 'region', seq: 0 });
    // Per iteration 5 CR3 loads and 2 x 64 INVLPG; 2 x 64 guest faults.
    expect(region?.exits.byReason).toMatchObject({ CR3_WRITE: 20, INVLPG: 512 });
    expect(region?.guestFaults).toBe(512);
    const classes = Object.values(region?.exits.byClass ?? {}).reduce((sum, n) => sum + n, 0);
    expect(classes).toBe(region?.exits.byReason['EXCP_PF']);
  });

  it('prints a table without --json', () => {
    const { code, stdout } = cli(['validate', '--scenario', 'cpuid', '--param', 'n=5', '-m', 'hap']);
    expect(code).toBe(0);
    expect(stdout).toContain('xen cpuid n=5 mode=hap\n');
    expect(stdout).toMatch(/region {2}exits +5\n +by reason CPUID +5\n/);
  });

  it('says of a pool experiment what it lacks, apart from the object', { timeout: 20_000 }, () => {
    const words = 'validate --scenario shadow_pool --param n=20 --param passes=1 --json'.split(' ');
    const { stdout, stderr } = cli(words);
    expect(stderr).toMatch(/^note: by itself this finds in the pool what the boot left there/);
    expect(cli([...words, '--quiet'])).toEqual({ code: 0, stdout, stderr: '' });
  });

  it.each([
    ['validate --suite zen', "unknown suite 'zen' (did you mean 'xen'?)"],
    ['validate --scenario remap', "suites xen and kvm both have a scenario 'remap'", '--suite xen'],
    ['validate --scenario foo', "unknown scenario 'foo'\n", '`p2msim validate --list` shows'],
    [
      'validate --suite xen --scenario fork-exit',
      "(did you mean 'fork_exit'?) in suite xen",
      '--list --suite xen`',
    ],
    [
      'validate --suite xen --scenario remap --param m=1',
      "scenario remap has no parameter 'm'",
      '--list` shows',
    ],
    [
      'validate --suite xen --scenario remap --param n',
      "--param is 'n'; expected NAME=VALUE",
      '--param n=256',
    ],
    [
      'validate --scenario cpuid --param n=-1',
      "n is '-1'; expected a whole number, 0 to",
      'n: instructions;',
    ],
    ['validate --suite xen --scenario remap --mode shado', "(did you mean 'shadow'?)"],
    ['validate --param n=1', '--param needs --scenario', '--list` shows the names'],
    ['validate --mode hap', '--mode needs --scenario', '--list` shows the names'],
    ['validate --suite xen --scenario remap --all', '--all belongs to the measured cells', 'runs by itself'],
    ['validate --jobs 0', '--jobs is 0; expected 1 to 256', 'one per processor'],
    ['validate --jobs many', "--jobs is 'many'"],
    ['validate --list --jobs 2', '--jobs does not go with --list', 'only --suite'],
    [
      'validate --list --suite published',
      'suite published has no scenarios',
      'validate --suite published --all',
    ],
    [
      'validate --suite published --scenario x',
      'suite published has no scenarios',
      'xen and kvm have scenarios',
    ],
  ])('%s: exits with 2, says what is wrong and what to do', (words, message, hint = '') => {
    const { code, stdout, stderr } = cli(words.split(' '));
    expect(stderr).toContain(message);
    if (hint !== '') expect(stderr).toMatch(/^hint: /m);
    expect(stderr).toContain(hint);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('p2msim validate --list', () => {
  it('is what trace generate lists of a suite; without one that lists names alone, behind its generators', () => {
    const kvm = cli(['validate', '--list', '--suite', 'kvm']);
    expect(kvm.code).toBe(0);
    expect(kvm.stdout).toMatch(/^kvm: [^]+\n {2}baseline /m);
    expect(cli(['trace', 'generate', '--list', '--suite', 'kvm']).stdout).toBe(kvm.stdout);
    const names = (text: string): string[] => text.match(/^ {2}\w+|^\w+: /gm) ?? [];
    const all = cli(['validate', '--list']).stdout;
    const generated = cli(['trace', 'generate', '--list']).stdout;
    expect(all.startsWith('xen: ')).toBe(true);
    expect(names(all).length).toBeGreaterThan(40);
    expect(names(generated.slice(generated.indexOf('\nxen: ') + 1))).toEqual(names(all));
  });
});
