import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { axisOfList, groupOf } from '../../../src/batch/axis.js';
import { estimateCosts, SAMPLE_RECORDS } from '../../../src/batch/estimate.js';
import type { Grid } from '../../../src/batch/grid.js';
import { type Batch, type BatchOptions, lineOf, planBatch } from '../../../src/batch/plan.js';
import { pointsOf } from '../../../src/batch/run-batch.js';
import type { RunResult } from '../../../src/report/result.js';
import { run } from '../report/fixtures.js';
import { parseSetting } from '../../../src/config/values.js';

const TEXT = 'op,va\nR,0x1000\nW,0x2000\n';
const FOLDER = mkdtempSync(join(tmpdir(), 'p2msim-plan-'));

function traceFile(name: string, bytes: string | Uint8Array): string {
  const path = join(FOLDER, name);
  writeFileSync(path, bytes);
  return path;
}

const PLAIN = traceFile('a.csv', TEXT);

function plan(grid: Partial<Grid> = {}, options: BatchOptions = {}): Promise<Batch> {
  const axis = axisOfList('stlb.entries', ['768', '1536'], '-L');
  const whole = { traces: [PLAIN], modes: ['hap'], groups: [groupOf(axis)], exclusions: [], points: [] };
  return planBatch({ ...whole, ...grid }, options);
}

async function ids(grid?: Partial<Grid>, options?: BatchOptions): Promise<string[]> {
  return (await plan(grid, options)).points.map(({ id }) => id);
}

const setting = (key: string, value: unknown) => parseSetting(key, value, 'test');

describe('the id of a point', () => {
  it('is that of another trace file of the same bytes, however stored', async () => {
    const stored = [traceFile('b.csv', TEXT), traceFile('c.csv.gz', gzipSync(TEXT))];
    for (const path of stored) expect(await ids({ traces: [path] })).toEqual(await ids());
  });

  it.each<[string, BatchOptions]>([
    ['a default in words', { settings: [setting('guest.pageSize', '4k')] }],
    ['the default preset', { preset: 'skylake' }],
    ['no stripping', { strip: false }],
    ['default ways of reading', { read: { onError: 'fail' } }],
  ])('does not change by %s', async (_, options) => {
    expect(await ids({}, options)).toEqual(await ids());
  });

  it.each<[string, BatchOptions]>([
    ['a configuration key', { settings: [setting('guest.pageSize', '2m')] }],
    ['another preset', { preset: 'zen2' }],
    ['a limit', { limit: 1 }],
    ['a warm-up', { warmup: 1 }],
    ['records passed over', { skip: 1 }],
    ['a time series', { interval: 1 }],
    ['bad records passed over', { read: { onError: 'skip', maxErrors: 3 } }],
    ['events passed over', { lenient: true }],
  ])('changes by %s', async (_, options) => {
    const before = new Set(await ids());
    for (const id of await ids({}, options)) expect(before).not.toContain(id);
  });

  it('changes with the mode and with the bytes of the trace', async () => {
    const other = traceFile('d.csv', `${TEXT}R,0x3000\n`);
    const all = [await ids(), await ids({ modes: ['shadow'] }), await ids({ traces: [other] })].flat();
    expect(new Set(all).size).toBe(6);
  });
});

describe('a plan', () => {
  it('numbers points from 1, and its digest is that of all of them in order', async () => {
    const batch = await plan();
    expect(batch.points.map(({ number }) => number)).toEqual([1, 2]);
    expect((await plan()).sweep).toBe(batch.sweep);
    const reversed = axisOfList('stlb.entries', ['1536', '768'], '-L');
    expect((await plan({ groups: [groupOf(reversed)] })).sweep).not.toBe(batch.sweep);
  });

  it('keeps points that cannot be, with the reason', async () => {
    const { points } = await plan({ groups: [groupOf(axisOfList('stlb.ways', ['12', '16'], '-L'))] });
    // 1,536 entries: 128 sets of 12, but 96 of 16.
    expect(points.map(({ error }) => error?.kind ?? null)).toEqual([null, 'config']);
    expect(points[1]!.error?.message).toContain('stlb.entries is 1536');
  });

  it('refuses a point that is there twice under two names', async () => {
    const point = { settings: [setting('stlb.entries', 768)], trace: null, modes: null, origin: 'test' };
    const points = [{ ...point, name: 'small' }];
    await expect(plan({ points })).rejects.toThrow(
      "points 1 (hap stlb.entries=768) and 3 ('small' hap stlb.entries=768) are the same machine",
    );
  });

  it('refuses standard input', async () => {
    await expect(plan({ traces: ['-'] })).rejects.toThrow('a batch cannot read standard input');
  });

  it('takes generated traces', async () => {
    const { points } = await plan({ traces: ['gen:zipf,accesses=1000'] });
    expect(points.map(({ error }) => error)).toEqual([null, null]);
  });
});

describe('the line of a point', () => {
  const outcome = (sha256: string, whole: boolean): { result: RunResult; error: null } => ({
    result: run({ trace: { sha256, whole } }),
    error: null,
  });

  it('is refused if the trace is not the one that was planned with, as far as that shows', async () => {
    const batch = await plan();
    const [point] = batch.points;
    const other = '0'.repeat(64);
    expect(lineOf(batch, point!, outcome(point!.facts.sha256, true)).status).toBe('ok');
    expect(lineOf(batch, point!, outcome(other, false)).status).toBe('ok');
    expect(() => lineOf(batch, point!, outcome(other, true))).toThrow('the trace has changed');
  });
});

describe('an estimate', () => {
  it('grows with the records that are wanted, the sample being the same', async () => {
    const traces = [`gen:zipf,accesses=${4 * SAMPLE_RECORDS}`];
    const costs = async (limit: number): Promise<number> =>
      (await estimateCosts(await plan({ traces }, { limit }))).get(1)!;
    const [one, two, four] = [
      await costs(SAMPLE_RECORDS),
      await costs(2 * SAMPLE_RECORDS),
      await costs(4 * SAMPLE_RECORDS),
    ];
    // A constant for the machine, and the same for every record.
    expect(two - one).toBeGreaterThan(SAMPLE_RECORDS);
    expect(Math.abs(four - two - 2 * (two - one))).toBeLessThanOrEqual(2);
  });

  it('knows how long a whole trace is', async () => {
    const traces = [`gen:zipf,accesses=${4 * SAMPLE_RECORDS}`];
    const all = await estimateCosts(await plan({ traces }));
    expect(all).toEqual(await estimateCosts(await plan({ traces }, { limit: 4 * SAMPLE_RECORDS })));
  });

  it('divides a batch so that every point is in one shard', async () => {
    const groups = [groupOf(axisOfList('seed', [1, 2, 3, 4, 5, 6, 7], '-L'))];
    const batch = await plan({ groups, modes: ['hap', 'shadow'] });
    const parts = await Promise.all([1, 2, 3].map((index) => pointsOf(batch, { index, of: 3 })));
    const numbers = parts.flat().map(({ number }) => number);
    expect(numbers.sort((a, b) => a - b)).toEqual(batch.points.map(({ number }) => number));
    expect(Math.min(...parts.map((part) => part.length))).toBeGreaterThan(3);
  });
});
