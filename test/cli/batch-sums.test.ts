/** What batches say of their points adds up, and of points that cannot be nothing is promised. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, scratch } from './run-cli.js';

/** 1,536 entries in 12 ways are 128 sets; 16 ways would make 96, which is no power of two. */
const HALF = ['sweep', 'traces/examples/fork.csv', '-L', 'stlb.ways', '12,16'];

describe('a batch with a point that cannot be', { timeout: 60_000 }, () => {
  it('is estimated without it', () => {
    const { stdout, code } = cli([...HALF, '--dry-run']);
    const [, cost] = /^ +1 +12 +hap +([\d,]+)$/m.exec(stdout) ?? [];
    expect(cost).toBeDefined();
    expect(stdout).toContain(`\nestimated cost of the 1 point that can be ${cost}, in units`);
    expect(code).toBe(0);
    const { points } = JSON.parse(cli([...HALF, '--dry-run', '--json']).stdout) as {
      points: { cost?: number }[];
    };
    expect(points.map((point) => 'cost' in point)).toEqual([true, false]);
  });

  it('counts each of its points once, and tells what helps', () => {
    const file = join(scratch(), 'r.jsonl');
    expect(cli([...HALF, '--results', file]).stdout).toBe(`2 points in ${file}: 1 done now, 1 failed\n`);
    expect(cli([...HALF, '--results', file, '--resume']).stdout).toBe(
      `2 points in ${file}: 1 there before, 0 done now, 1 failed\n`,
    );
    const { stderr } = cli(['collect', file]);
    expect(stderr).toContain(
      'hint: a point that cannot be fails every time: leave out the values, or exclude',
    );
    expect(stderr).not.toContain('--resume');
  });

  it('of one point has a point, not points', () => {
    const { stdout } = cli(['sweep', 'traces/examples/fork.csv', '-L', 'stlb.ways', '12', '--list']);
    expect(stdout).toMatch(/^1 point, batch/);
  });
});
