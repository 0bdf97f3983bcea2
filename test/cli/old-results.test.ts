/** What earlier versions wrote stays readable (test/fixtures/results); what a later one will write says what to do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cli, file, ROOT } from './run-cli.js';

const FOLDER = 'test/fixtures/results';
const FILES = readdirSync(join(ROOT, FOLDER)).filter((name) => name.endsWith('.gz'));
const FORK = 'traces/examples/fork.csv';
const path = (name: string): string => join(FOLDER, name);

interface Written {
  readonly counters: Record<string, number>;
  readonly cost: { readonly cycles: number; readonly low?: number };
}

const FIRST = JSON.parse(
  gunzipSync(readFileSync(join(ROOT, path('first-replay.json.gz')))).toString(),
) as Written;

describe('results of earlier versions', () => {
  it('are those that the README of their folder names', () => {
    const readme = readFileSync(join(ROOT, FOLDER, 'README.md'), 'utf8');
    expect([...readme.matchAll(/^\| (\S+\.gz) /gm)].map(([, name]) => name).sort()).toEqual(
      [...FILES].sort(),
    );
  });

  it.each(FILES)('%s is read, and the same as itself', (name) => {
    expect(cli(['diff', path(name), path(name)])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.each(FILES.filter((name) => name !== 'bare-list.json.gz'))('%s is replayed as it was', (name) => {
    const { code, stdout, stderr } = cli(['diff', path(name), FORK]);
    expect([code, stderr]).toEqual([0, '']);
    // Nothing that the first commit counts on this trace has changed but for a counter that is gone.
    const gone = name.startsWith('first-') && name !== 'first-sweep.json.gz';
    expect(stdout.includes('shadow.bad_gfn')).toBe(gone);
    expect(stdout === '').toBe(!gone);
  });

  it('keep their counts, that of a metric that is gone too', () => {
    const { groups, unchanged } = JSON.parse(
      cli(['diff', path('first-replay.json.gz'), FORK, '--json']).stdout,
    ) as { unchanged: number; groups: { metrics: { key: string; values: (number | null)[] }[] }[] };
    expect(groups[0]?.metrics.map(({ key, values }) => [key, values])).toEqual([
      ['shadow.bad_gfn', [0, null]],
    ]);
    expect(unchanged).toBeGreaterThan(200);
    expect(FIRST.counters).toHaveProperty(['shadow.bad_gfn'], 0);
  });

  it('without a range of the cost have the one that follows from their terms', () => {
    expect(FIRST.cost.low).toBeUndefined();
    const { stdout } = cli([
      'table',
      path('first-replay.json.gz'),
      '--metric',
      'cost.cycles,cost.low.cycles',
      '--json',
    ]);
    const { tables } = JSON.parse(stdout) as { tables: { rows: { cells: { mean: number }[] }[] }[] };
    const [cycles = 0, low = 0] = tables[0]?.rows[0]?.cells.map(({ mean }) => mean) ?? [];
    expect(cycles).toBe(FIRST.cost.cycles);
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(cycles);
  });

  it('that end early are not taken for whole traces', () => {
    const limited = {
      ...FIRST,
      manifest: { ...(FIRST as unknown as { manifest: object }).manifest, argv: ['--limit=9'] },
    };
    const { code, stderr } = cli([
      'diff',
      file('limited.json', JSON.stringify(limited)),
      path('first-replay.json.gz'),
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/trace\.whole +false -> true/);
  });
});

describe('results of a later version', () => {
  it.each([
    ['result', 2],
    ['compare', 9],
    ['sweep', 2],
    ['list', 2],
    ['baseline', 2],
  ])('p2msim.%s/%i: which version this one reads, who wrote it, what to do', (name, version) => {
    const later = { schema: `p2msim.${name}/${version}`, tool: { name: 'p2msim', version: '7.1.0' } };
    const { code, stdout, stderr } = cli([
      'diff',
      file('later.json', JSON.stringify(later)),
      path(FILES[0] ?? ''),
    ]);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(
      `schema is "p2msim.${name}/${version}", written by p2msim 7.1.0; this version reads up to "p2msim.${name}/1"\n`,
    );
    expect(stderr).toContain(
      'hint: read it with the p2msim that wrote it, or replay the trace with this one\n',
    );
  });
});
