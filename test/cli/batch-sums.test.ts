/** What batches say of their points adds up, and of points that cannot be nothing is promised. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, file, scratch } from './run-cli.js';

/** 1,536 entries in 12 ways are 128 sets; 16 ways would make 96, which is no power of two. */
const HALF = ['sweep', 'traces/examples/fork.csv', '-L', 'stlb.ways', '12,16'];

describe('a batch with a point that cannot be', { timeout: 60_000 }, () => {
  it('is estimated without it', () => {
    const { stdout, stderr, code } = cli([...HALF, '--dry-run']);
    const [, cost] = /^ +1 +12 +hap +([\d,]+)$/m.exec(stdout) ?? [];
    expect(cost).toBeDefined();
    expect(stdout).toContain(`\nestimated cost of the 1 point that can be run ${cost}, in units`);
    expect(stdout).toMatch(/^ +2 +16 +hap +impossible$/m);
    expect(stdout).toMatch(/^point 2 cannot be: stlb\.entries is 1536, which makes 96 sets of 16 ways/m);
    expect(stderr).toBe('error: 1 of 2 points cannot be run\n');
    expect(code).toBe(2);
    // As the run does, and unlike a list.
    expect(cli([...HALF, '--results', join(scratch(), 'r.jsonl')]).code).toBe(2);
    expect(cli([...HALF, '--list']).code).toBe(0);
    const { points } = JSON.parse(cli([...HALF, '--dry-run', '--json']).stdout) as {
      points: { cost?: number }[];
    };
    expect(points.map((point) => 'cost' in point)).toEqual([true, false]);
  });

  it('as a whole has no cost', () => {
    const { stdout, code } = cli([
      'sweep',
      'traces/examples/fork.csv',
      '-L',
      'stlb.ways',
      '16,32',
      '--dry-run',
    ]);
    expect(stdout).not.toContain('estimated cost');
    expect(code).toBe(2);
  });

  it('may be one whose records it cannot take', () => {
    const trace = file('two.csv', 'op,va,vcpu\nR,0x1000,0\nR,0x1000,1\n');
    const words = ['sweep', trace, '-L', 'vcpus', '1,2'];
    const { stdout, code } = cli([...words, '--dry-run']);
    expect(stdout).toMatch(/^ +1 +1 +hap +fails\n +2 +2 +hap +[\d,]+$/m);
    expect(stdout).toMatch(
      /^point 1 fails: .*two\.csv:3:10: the trace uses vcpu 1, but the machine has 1 \(0\)$/m,
    );
    expect([code, cli([...words, '--results', join(scratch(), 'r.jsonl')]).code]).toEqual([3, 3]);
    // The first record may be one that is passed over.
    expect(cli([...words, '--skip', '1', '--dry-run']).code).toBe(0);
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

  it('divided has every point in one list, under its number in the whole', () => {
    const words = ['sweep', 'traces/examples/fork.csv', '-L', 'stlb.ways', '4,6,8,12,16'];
    const lists = ['--list', '--dry-run'].map((flag) =>
      ['1/2', '2/2'].map((shard) => cli([...words, '--shard', shard, flag]).stdout),
    );
    for (const shards of lists) {
      for (const text of shards)
        expect(text).toMatch(/^[23] of 5 points, batch .{8}; numbered as in the whole batch$/m);
      const rows = shards.flatMap((text) =>
        [...text.matchAll(/^ +(\d) +(\d+) +hap/gm)].map(([, ...cells]) => cells),
      );
      expect(rows.sort()).toEqual([
        ['1', '4'],
        ['2', '6'],
        ['3', '8'],
        ['4', '12'],
        ['5', '16'],
      ]);
    }
    expect(cli([...words, '--list']).stdout).not.toContain('numbered as');
  });

  it('of one point has a point, not points', () => {
    const { stdout } = cli(['sweep', 'traces/examples/fork.csv', '-L', 'stlb.ways', '12', '--list']);
    expect(stdout).toMatch(/^1 point, batch/);
  });
});
