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
import type { Course } from '../../src/validate/experiment.js';
import type { Phase } from '../../src/validate/phase.js';
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

  it('explains nothing away but the pool of Xen and a published number', () => {
    const places = new Set(report.explained.map(({ suite, scenario }) => `${suite} ${scenario}`));
    for (const place of places) expect(['xen shadow_pool', 'published big_memory']).toContain(place);
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

describe('threads', () => {
  it('share the courses, and change neither results nor their order', { timeout: 60_000 }, async () => {
    const path = join(ROOT, 'dist/validate/workforce.js');
    expect(existsSync(join(ROOT, 'dist/validate/worker.js'))).toBe(true);
    const { runCourses } = (await import(path)) as Workforce;
    const kvm = (scenario: string, n: number): Course => {
      const params = completeParams(SUITES.get('kvm').scenarios.get(scenario), { n, op: 1 });
      return { settled: true, experiments: [{ suite: 'kvm', scenario, params, mode: 'shadow' }] };
    };
    const courses = [
      kvm('touch', 4000),
      kvm('touch', 64),
      kvm('demand', 500),
      kvm('touch', 8),
      kvm('unmap', 99),
    ];
    const threads = new Set<number>();
    const onProgress = (_done: number, _total: number, thread: number): void => void threads.add(thread);
    const alone = await runCourses(courses, { jobs: 1, onProgress });
    expect([...threads]).toEqual([0]);
    threads.clear();
    expect(await runCourses(courses, { jobs: 3, onProgress })).toEqual(alone);
    expect(threads.size).toBeGreaterThan(1);
    expect(threads).not.toContain(0);
    const exits = alone.map(([outcome]) => outcome?.phases?.[0]?.exits.total);
    // N/8 fills for pages in use, one after another: the order is that of the courses.
    expect([exits[0], exits[1], exits[3]]).toEqual([500, 8, 1]);
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
    expect(Object.keys(run)).toEqual(['suite', 'scenario', 'params', 'mode', 'phases']);
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

  it.each([
    ['validate --suite zen', "unknown suite 'zen' (did you mean 'xen'?)"],
    ['validate --scenario remap', "suites xen and kvm both have a scenario 'remap'"],
    ['validate --suite xen --scenario remap --param m=1', "scenario remap has no parameter 'm'"],
    ['validate --suite xen --scenario remap --param n', "--param is 'n'; expected NAME=VALUE"],
    ['validate --suite xen --scenario remap --mode shado', "(did you mean 'shadow'?)"],
    ['validate --param n=1', '--param needs --scenario'],
    ['validate --mode hap', '--mode needs --scenario'],
    ['validate --suite xen --scenario remap --all', '--all belongs to the measured cells'],
    ['validate --jobs 0', '--jobs is 0'],
    ['validate --jobs many', "--jobs is 'many'"],
    ['validate --suite published --scenario remap', "unknown suite 'published'"],
  ])('%s: exits with 2 and says what is wrong', (words, message) => {
    const { code, stdout, stderr } = cli(words.split(' '));
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
