/** The backend in examples/: loaded by path, built on nothing but what the package exports. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CompareResult } from '../../src/index.js';
import { ROOT, cli, file } from './run-cli.js';

const BACKEND = './examples/my-backend/flat-nested.mjs';
const MODES = ['native', 'hap', BACKEND].join(',');

/** Counters of every mode, by key, for a trace and options separated by blanks. */
function counters(words: string): (key: string) => (number | undefined)[] {
  const { code, stdout, stderr } = cli(['compare', '-m', MODES, '--json', ...words.split(' ')]);
  expect([code, stderr]).toEqual([0, '']);
  const { results } = JSON.parse(stdout) as CompareResult;
  expect(results.map((run) => run.mode)).toEqual(['native', 'hap', 'flat-nested']);
  expect(new Set(results.map((run) => run.guestDigest)).size).toBe(1);
  return (key) => results.map((run) => run.counters[key] ?? run.memory[key as keyof typeof run.memory]);
}

describe('the example backend', { timeout: 60_000 }, () => {
  // No TLB and no walk cache: each access walks 4 guest levels. Native: 4. HAP: (4+1)*(4+1) - 1 = 24.
  // Flat host table: a nested and a guest reference per level and one for the page, 4*2 + 1 = 9.
  it('makes 9 references for a cold 4-level walk of a real trace', () => {
    const of = counters(
      'traces/lackey/cc1-with-instructions.lackey.gz --limit 20000 --preset none --guest premapped',
    );
    const walks = of('walk.count')[0] ?? NaN;
    expect(walks).toBe(of('accesses')[0]);
    expect(walks).toBeGreaterThanOrEqual(20000);
    expect(of('walk.refs')).toEqual([4 * walks, 24 * walks, 9 * walks]);
    expect(of('walk.refs.nested')).toEqual([0, 20 * walks, 5 * walks]);
  });

  // 5 guest levels: 5, (5+1)*(4+1) - 1 = 29, 5*2 + 1 = 11.
  it('makes 11 references with 5 guest levels', () => {
    const of = counters('traces/examples/plain.csv --preset none --guest premapped --guest-paging 5');
    const walks = of('walk.count')[0] ?? NaN;
    expect(of('walk.refs')).toEqual([5 * walks, 29 * walks, 11 * walks]);
  });

  // 64 MiB are 16,384 frames of 8 bytes: 32 pages. HAP: 32 L1 tables, and one table each of L2, L3, L4.
  it('has a host table of RAM / 512 pages', () => {
    const of = counters('traces/examples/fork.csv');
    expect(of('p2m.pages')).toEqual([0, 35, 32]);
  });

  it('replays a trace with events under the default preset, with the TLB counts of hap', () => {
    const of = counters('traces/examples/fork.csv');
    for (const key of ['tlb.stlb.miss', 'walk.count', 'walk.refs.guest', 'guest.faults', 'guest.cr3']) {
      const [, hap, flat] = of(key);
      expect(flat, key).toBe(hap);
    }
    expect(of('vmexit.total')).toEqual([0, 0, 0]);
  });

  it('refuses an event that it does not model, unless asked to pass over it', () => {
    const trace = file('mmio.csv', 'op,va,note\nR,0x1000,\nMMIO,0xfee00000,dm\nR,0x1000,\n');
    const { code, stderr } = cli(['replay', trace, '-m', BACKEND]);
    expect(code).toBe(3);
    expect(stderr).toContain('mode flat-nested cannot replay this event');
    expect(stderr).toContain('does not model mmio');
    const lenient = cli(['replay', trace, '-m', BACKEND, '--lenient']);
    expect(lenient.code).toBe(0);
    expect(lenient.stdout.replaceAll(/\s+/g, ' ')).toContain('1 events passed over (--lenient)');
  });

  // The command line and the package have one copy of each class: a second one would make this an internal error.
  it('can throw an error of the package that the command line takes for its own', () => {
    const library = pathToFileURL(join(ROOT, 'lib/index.js')).href;
    const plugin = `{ name: 'x', summary: 'x', describe: () => 'x', create() { throw new ConfigError('not so'); } }`;
    const module = file(
      'throws.mjs',
      `import { ConfigError } from '${library}';\nexport const backend = ${plugin};\n`,
    );
    const { code, stderr } = cli(['replay', 'traces/examples/plain.csv', '-m', module]);
    expect([code, stderr]).toEqual([2, 'error: not so\n']);
  });

  it('imports nothing but the package', () => {
    const text = readFileSync(join(ROOT, BACKEND), 'utf8');
    expect([...text.matchAll(/from '([^']+)'/g)].map(([, from]) => from)).toEqual(['p2msim', 'p2msim']);
  });
});

describe('a module that is no backend', { timeout: 60_000 }, () => {
  it('is refused with what was expected', () => {
    const module = file('wrong.mjs', 'export const backend = { name: 1 };\n');
    const { code, stderr } = cli(['replay', 'traces/examples/plain.csv', '-m', module]);
    expect(code).toBe(2);
    expect(stderr).toContain('exports no backend: expected `export const backend');
  });

  it('that does not exist is an error of the options', () => {
    const { code, stderr } = cli(['replay', 'traces/examples/plain.csv', '-m', './no-such.mjs']);
    expect(code).toBe(2);
    expect(stderr).toContain('./no-such.mjs: no such file; expected a module with a backend');
  });
});
