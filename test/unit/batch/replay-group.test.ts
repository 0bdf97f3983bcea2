import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Batch } from '../../../src/batch/plan.js';
import { type PointOutcome, replayGroup } from '../../../src/batch/replay-group.js';
import { groupPoints } from '../../../src/batch/run-points.js';
import { parseSetting } from '../../../src/config/values.js';
import type { WantedMachine } from '../../../src/prepare.js';

const FORK = 'traces/examples/fork.csv';

/** With leaves of 2 MiB, scattered, the guest of fork.csv runs out of its 64 MiB; with leaves of 4 KiB it does not. */
function machine(pageSize: string, mode = 'hap'): WantedMachine {
  return { mode, settings: [parseSetting('guest.pageSize', pageSize, 'test')] };
}

const MACHINES = [
  machine('4k'),
  machine('2m'),
  machine('4k', 'shadow'),
  machine('2m', 'shadow'),
  machine('4k', 'native'),
];

function run(trace: string, machines: readonly WantedMachine[]): Promise<readonly PointOutcome[]> {
  const settings = [parseSetting('guest.frames', 'scatter', 'test')];
  return replayGroup({ options: { trace, settings }, machines });
}

/** Each by itself. */
async function oneByOne(trace: string, machines: readonly WantedMachine[]): Promise<readonly PointOutcome[]> {
  const outcomes: PointOutcome[] = [];
  for (const each of machines) outcomes.push(...(await run(trace, [each])));
  return outcomes;
}

describe('a group of points', () => {
  it('loses only those whose machine cannot go on', async () => {
    const outcomes = await run(FORK, MACHINES);
    expect(outcomes.map(({ error }) => error?.kind ?? 'ok')).toEqual(['ok', 'trace', 'ok', 'trace', 'ok']);
    expect(outcomes).toEqual(await oneByOne(FORK, MACHINES));
  });

  it('has the error of the trace for those that come so far, and their own for the others', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'p2msim-group-')), 'bad.csv');
    writeFileSync(path, `${readFileSync(FORK, 'utf8')}nonsense\n`);
    const outcomes = await run(path, MACHINES);
    const about = outcomes.map(({ error }) =>
      /out of memory/.test(error?.message ?? '') ? 'memory' : 'record',
    );
    expect(about).toEqual(['record', 'memory', 'record', 'memory', 'record']);
    expect(outcomes).toEqual(await oneByOne(path, MACHINES));
  });

  it('has no command line in its results, which may be run by any', async () => {
    const [outcome] = await run(FORK, [machine('4k')]);
    expect(outcome?.result?.manifest.argv).toEqual([]);
  });
});

describe('the groups of a batch', () => {
  const points = Array.from({ length: 40 }, (_, i) => ({ number: i + 1, trace: i < 35 ? 'a' : 'b' }));
  const sizes = (jobs: number): number[] =>
    groupPoints(points as unknown as Batch['points'], jobs).map((group) => group.points.length);

  it('are of one trace, of at most 16 points, and about equal', () => {
    // 35 points of one trace are three groups, 5 of another one.
    expect(sizes(1)).toEqual([11, 12, 12, 5]);
  });

  it('are enough for all threads', () => {
    expect(sizes(4)).toEqual([8, 9, 9, 9, 1, 1, 1, 2]);
  });
});
