/** An experiment as a batch: its shards, and its table from their results files. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli, scratch } from './run-cli.js';

const FOLDER = scratch();
const TRACE = 'traces/examples/fork.csv';
const shard = (i: number): string => join(FOLDER, `shard-${i}.jsonl`);

beforeAll(() => {
  for (const i of [1, 2]) {
    const words = ['sweep', TRACE, '--experiment', 'oos-slots', '--results', shard(i), '--shard', `${i}/2`];
    expect(cli(words).code).toBe(0);
  }
});

describe('an experiment in shards', () => {
  it('has the table of one process', () => {
    const whole = cli(['sweep', TRACE, '--experiment', 'oos-slots', '-q']);
    expect(cli(['experiments', 'oos-slots', shard(2), shard(1)])).toEqual({ ...whole, stderr: '' });
  });

  it('has points that are named by their rows', () => {
    const { stdout } = cli(['sweep', TRACE, '--experiment', 'exit-cost', '--list']);
    expect(stdout).toMatch(/^3 points, .*\n\npoint {2}name +mode\n +1 {2}at any price {2}native\n/);
  });

  it('keeps rows that fall together: their first names the point, and the table is that of one process', () => {
    // 1/16, 1/8 and 1/4 of 4 entries are 1 each: 4 points of 6 rows.
    const words =
      'sweep traces/examples/plain.csv --experiment tlb-size --set stlb.entries=4 --set stlb.ways=4';
    const path = join(FOLDER, 'together.jsonl');
    expect(cli([...words.split(' '), '--list']).stdout).toMatch(
      /\n +1 {2}1 +1 +1 {2}native\n(.*\n){2} +4 {2}2 +2 +2 {2}native\n/,
    );
    expect(cli([...words.split(' '), '--results', path]).code).toBe(0);
    const { stdout } = cli([...words.split(' '), '-q']);
    expect(cli(['experiments', 'tlb-size', path])).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('is laid out when all of its points are there', () => {
    const { code, stderr } = cli(['experiments', 'oos-slots', shard(1)]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: points [\d, -]+ are missing, and the table of an experiment needs all\n/);
  });

  it('is what reporters report: without results files they have nothing to do', () => {
    const { code, stderr } = cli(['experiments', 'oos-slots', '--json']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--json is for the table of results files')]);
    const json = JSON.parse(cli(['experiments', 'oos-slots', shard(1), shard(2), '--json']).stdout) as object;
    expect(json).toMatchObject({ schema: 'p2msim.sweep/1', experiment: { name: 'oos-slots' } });
  });

  it('is not taken for another one', () => {
    const { code, stderr } = cli(['experiments', 'page-sizes', shard(1), shard(2)]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'these are not the points of experiment page-sizes: 4 rows with native, hap, shadow',
    );
    expect(cli(['experiments', 'oos-slot', shard(1)]).stderr).toContain("did you mean 'oos-slots'?");
  });

  it('takes a trace, no specification and no axes', () => {
    const spec = join(FOLDER, 'study.toml');
    writeFileSync(spec, `traces = ["${TRACE}"]\n[axes]\nseed = [1, 2]\n`);
    const words = ['--experiment', 'oos-slots', '--list'];
    expect(cli(['sweep', spec, ...words]).stderr).toContain('--experiment takes a trace');
    expect(cli(['sweep', TRACE, '-L', 'seed', '1,2', ...words]).stderr).toContain('exclude each other');
  });
});
