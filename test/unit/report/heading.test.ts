import { describe, expect, it } from 'vitest';
import { assumptionLines } from '../../../src/report/heading.js';
import type { RunResult } from '../../../src/report/result.js';

const run = (mode: string, ...assumptions: string[]): RunResult =>
  ({ mode, manifest: { assumptions } }) as unknown as RunResult;

describe('assumptions', () => {
  it('are there once, and begin with the modes if they are of some only', () => {
    expect(assumptionLines([run('native', 'a', 'no p2m'), run('hap', 'a')])).toEqual(['a', 'native: no p2m']);
  });

  it('that differ in numbers alone are one, with every number that differs', () => {
    const points = [1, 16, 64].map((pages) => run('hap', `4k leaves, fault-around ${pages}`, 'RAM 64 MiB'));
    expect(assumptionLines(points)).toEqual(['4k leaves, fault-around 1/16/64', 'RAM 64 MiB']);
  });

  it('of different modes stay apart', () => {
    expect(assumptionLines([run('native', 'every 10'), run('hap', 'every 20')])).toEqual([
      'native: every 10',
      'hap: every 20',
    ]);
  });
});
