/**
 * Runs a batch for a person: progress, Ctrl-C, what is left, what failed.
 */
import type { Batch, BatchReport, FailureKind, PointLine, ResultsTarget, ShardName } from '../index.js';
import type { Context, FullLibrary } from './context.js';
import { EXIT_INPUT, EXIT_INTERNAL, EXIT_USAGE } from './exit-codes.js';
import { judgementOf } from './judgement.js';
import { lockOwner } from './lock-owner.js';
import { type Given, jobsOf } from './options.js';
import { Outputs } from './output.js';
import { createPointProgress } from './progress.js';
import { writeJudged } from './run-command.js';

/** Failed points that are named; of more there is the number. */
const NAMED_FAILURES = 10;

/** What a run exits with if points failed so; of several kinds the largest. */
export const EXIT_BY_KIND: Readonly<Record<FailureKind, number>> = {
  config: EXIT_USAGE,
  trace: EXIT_INPUT,
  internal: EXIT_INTERNAL,
};

/** Runs the batch into the file of `--results`. */
export async function runIntoFile(
  batch: Batch,
  shard: ShardName | null,
  given: Given,
  context: Context,
  library: FullLibrary,
): Promise<void> {
  const file = given.text('results') ?? '';
  const target = { file, resume: given.flag('resume'), owner: lockOwner() };
  const ended = await run(batch, target, shard, given, context, library);
  if (ended.report !== null) context.stdout.write(summary(ended.report, file));
  complain(ended, 'hint: the same command with --resume runs them', context);
}

/** Runs the batch in memory and prints it as other sweeps are; one that is interrupted is not printed. */
export async function runForTable(
  batch: Batch,
  shard: ShardName | null,
  given: Given,
  context: Context,
  library: FullLibrary,
): Promise<void> {
  const modes = [...new Set(batch.points.map(({ mode }) => mode))];
  const interval = batch.options.interval ?? 0;
  const judgement = await judgementOf(given, context, library, { modes, interval });
  const outputs = await Outputs.open(given, context, library, batch.grid.traces);
  outputs.requireChecks(judgement.budgets.length > 0, library);
  const ended = await run(batch, null, shard, given, context, library);
  const { report } = ended;
  const sweeps = report === null || report.left > 0 ? [] : library.sweepResults(report.lines);
  const [only] = sweeps;
  if (only !== undefined) {
    const failed = (report?.failed.length ?? 0) > 0;
    const how = { early: false, failed };
    writeJudged(sweeps.length === 1 ? only : sweeps, judgement, outputs, context, library, how);
  }
  const hint = 'hint: with --results FILE, points that are done stay, and --resume runs the others';
  complain(ended, hint, context);
}

interface Ended {
  /** Null if it was interrupted before its shard was found: then nothing was run, nor any file touched. */
  readonly report: BatchReport | null;
  /** Exit code of the signal that ended it, if one did. */
  readonly exitCode: number | null;
}

/** Runs it with a counter of points on a terminal, and until Ctrl-C, SIGTERM or SIGHUP. */
async function run(
  batch: Batch,
  target: ResultsTarget | null,
  shard: ShardName | null,
  given: Given,
  context: Context,
  library: FullLibrary,
): Promise<Ended> {
  const choice = given.word('progress', ['auto', 'never', 'ndjson'], 'auto');
  const progress = createPointProgress(context, choice, given.flag('quiet'));
  const interruption = new AbortController();
  let exitCode: number | null = null;
  context.onInterrupt((code) => {
    exitCode = code;
    interruption.abort();
  });
  try {
    const report = await library.runBatch(batch, target, {
      jobs: jobsOf(given, library, 1),
      shard,
      signal: interruption.signal,
      onRepaired: ({ at, bytes }) => {
        if (given.flag('quiet')) return;
        context.stderr.write(`note: ${target?.file}:${at}: a torn line of ${bytes} bytes was cut off\n`);
      },
      onProgress: progress.report,
    });
    return { report, exitCode };
  } catch (error) {
    if (interruption.signal.aborted && error === interruption.signal.reason)
      return { report: null, exitCode };
    throw error;
  } finally {
    context.onInterrupt(null);
    progress.end();
  }
}

/** `24 points in r.jsonl: 10 there before, 13 done now, 1 failed`: the numbers add up to the first. */
function summary({ total, before, lines, failed, left }: BatchReport, file: string): string {
  const done = lines.filter(({ status }) => status === 'ok').length;
  const failedBefore = failed.length - (lines.length - done);
  const parts = [
    ...(before === 0 ? [] : [`${before - failedBefore} there before`]),
    `${done} done now`,
    ...(failed.length === 0 ? [] : [`${failed.length} failed`]),
    ...(left === 0 ? [] : [`${left} left`]),
  ];
  return `${total} ${total === 1 ? 'point' : 'points'} in ${file}: ${parts.join(', ')}\n`;
}

/** What is to be known besides the result, on standard error, and the exit code that says so. */
function complain({ report, exitCode }: Ended, hint: string, context: Context): void {
  const say = (text: string): unknown => context.stderr.write(`${text}\n`);
  if (report === null) say('interrupted: no point was run');
  else complainOf(report, hint, say, context);
  if (exitCode !== null && report?.left !== 0) context.exit(exitCode);
}

function complainOf(
  { failed, left, total }: BatchReport,
  hint: string,
  say: (text: string) => unknown,
  context: Context,
): void {
  for (const line of failed.slice(0, NAMED_FAILURES)) say(failure(line));
  if (failed.length > NAMED_FAILURES) say(`error: ${failed.length - NAMED_FAILURES} more points failed`);
  if (failed.length > 0)
    context.exit(Math.max(...failed.map(({ error }) => EXIT_BY_KIND[error?.kind ?? 'internal'])));
  if (left === 0) return;
  say(`interrupted: ${left} of ${total} points are left`);
  say(hint);
}

function failure({ number, name, mode, point, error }: PointLine): string {
  const values = Object.entries(point).map(([key, value]) => ` ${key}=${value}`);
  const label = name === null ? '' : ` '${name}'`;
  return `error: point ${number}${label} (${mode}${values.join('')}) failed: ${error?.message ?? ''}`;
}
