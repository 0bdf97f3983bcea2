/**
 * One JSON object per line: each interval (`p2msim.interval/1`), each run (`p2msim.result/1`, its
 * intervals on the lines before it), the verdict of a comparison (`p2msim.verdict/1`), and checks (`p2msim.check/1`).
 */
import { checkNdjson } from '../budget/check-data.js';
import { diffNdjson } from '../diff/diff-data.js';
import { isCompare, outputsOf, type Reporter, runsOf, type SingleOutput } from '../output.js';
import type { Interval, RunResult, Verdict } from '../result.js';

const INTERVAL_SCHEMA = 'p2msim.interval/1' as const;
const VERDICT_SCHEMA = 'p2msim.verdict/1' as const;

/** One slice of a run, before the run's own line. */
export interface IntervalLine extends Interval {
  readonly schema: typeof INTERVAL_SCHEMA;
  readonly mode: string;
  readonly trace: string;
}

/** The verdict of a comparison, after its runs. */
export interface VerdictLine extends Verdict {
  readonly schema: typeof VERDICT_SCHEMA;
  readonly trace: string;
}

type Line = IntervalLine | VerdictLine | RunResult;

export const ndjson = {
  name: 'ndjson',
  slices: 'always',
  summary: 'one JSON object per line: intervals, results, verdict',
  render(output) {
    const records = outputsOf(output).flatMap(recordsOf);
    return records.map((record) => `${JSON.stringify(record)}\n`).join('');
  },
  renderDiff: diffNdjson,
  renderChecks: checkNdjson,
} satisfies Reporter;

function recordsOf(output: SingleOutput): Line[] {
  const verdict = isCompare(output) ? output.verdict : null;
  const trace = runsOf(output)[0]?.manifest.trace.path ?? '';
  return [
    ...runsOf(output).flatMap(runRecords),
    ...(verdict === null ? [] : [{ schema: VERDICT_SCHEMA, trace, ...verdict }]),
  ];
}

function runRecords(run: RunResult): Line[] {
  const trace = run.manifest.trace.path;
  return [
    ...run.intervals.map((interval) => ({ schema: INTERVAL_SCHEMA, mode: run.mode, trace, ...interval })),
    { ...run, intervals: [] },
  ];
}
