/** Results files of a small batch: real runs of a small trace, and lines and shards made of them. */
import { createHash } from 'node:crypto';
import { formatBatchHeader, formatPointLine, type PointLine } from '../../src/batch/point-line.js';
import type { ResultsInput } from '../../src/batch/collect.js';
import { parseSetting } from '../../src/config/values.js';
import { prepareMachines } from '../../src/prepare.js';
import { BATCH_SCHEMA, POINT_SCHEMA } from '../../src/report/result.js';
import { TOOL } from '../../src/version.js';

const TRACE = 'traces/examples/fork.csv';
export const SWEEP = 'ab'.repeat(32);

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** hap and shadow x l1d.ways 1, 2, 4 x seeds 1, 2: twelve points, numbered. */
export async function twelvePoints(): Promise<PointLine[]> {
  const wanted = [1, 2, 4].flatMap((ways) =>
    [1, 2].flatMap((seed) =>
      ['hap', 'shadow'].map((mode) => ({
        mode,
        settings: [parseSetting('l1d.ways', ways, 'test'), parseSetting('seed', seed, 'test')],
      })),
    ),
  );
  const prepared = await prepareMachines({ trace: TRACE }, wanted);
  const { result } = await prepared.run().finally(prepared.close);
  return result.map((run, i) => ({
    schema: POINT_SCHEMA,
    sweep: SWEEP,
    number: i + 1,
    id: digest(`point ${i}`),
    name: null,
    point: Object.fromEntries(wanted[i]!.settings.map(({ key, value }) => [key, value])),
    trace: { path: TRACE, sha256: run.manifest.trace.sha256 },
    mode: run.mode,
    seed: run.manifest.seed,
    status: 'ok',
    result: run,
    error: null,
  }));
}

/** The point as one that failed. */
export function failedPoint(line: PointLine, message = 'out of memory'): PointLine {
  return { ...line, status: 'failed', result: null, error: { kind: 'internal', message } };
}

/** A results file of some points, with the header of a batch of `points`. */
export function resultsFile(
  file: string,
  lines: readonly PointLine[],
  points = 12,
  version = TOOL.version,
): ResultsInput {
  const tool = { ...TOOL, version };
  const header = formatBatchHeader({ schema: BATCH_SCHEMA, tool, sweep: SWEEP, points, shard: null });
  return { file, bytes: Buffer.from(header + lines.map(formatPointLine).join('')) };
}
