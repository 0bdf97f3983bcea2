/**
 * Runs a batch for a person: progress, Ctrl-C, what is left, what failed.
 */
import type { Batch, BatchReport, FailureKind, PointLine, ResultsTarget, ShardName } from '../index.js';
import type { Context, FullLibrary } from './context.js';
import { EXIT_INPUT, EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USAGE } from './exit-codes.js';
import { judgementOf } from './judgement.js';
import { lockOwner } from './lock-owner.js';
import { type Given, jobsOf } from './options.js';
import { Outputs } from './output.js';
import { createPointProgress } from './progress.js';
import { writeJudged } from './run-command.js';

/** Failed points that are named; of more there is the number. */
const NAMED_FAILURES = 10;

const EXIT_BY_KIND: Readonly<Record<FailureKind, number>> = {
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
  const report = await run(batch, target, shard, given, context, library);
  context.stdout.write(summary(report, file));
  complain(report, 'hint: the same command with --resume runs them', context);
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
  const judgement = await judgementOf(given, library, { modes, interval: batch.options.interval ?? 0 });
  const outputs = await Outputs.open(given, context, library, batch.grid.traces);
  try {
    outputs.requireChecks(judgement.budgets.length > 0, library);
    const report = await run(batch, null, shard, given, context, library);
    const sweeps = report.left > 0 ? [] : library.sweepResults(report.lines);
    const [only] = sweeps;
    if (only === undefined) outputs.discard();
    else writeJudged(sweeps.length === 1 ? only : sweeps, judgement, outputs, context, library);
    const hint = 'hint: with --results FILE, points that are done stay, and --resume runs the others';
    complain(report, hint, context);
  } catch (error) {
    outputs.discard();
    throw error;
  }
}

/** Runs it with a counter of points on a terminal, and until Ctrl-C. */
async function run(
  batch: Batch,
  target: ResultsTarget | null,
  shard: ShardName | null,
  given: Given,
  context: Context,
  library: FullLibrary,
): Promise<BatchReport> {
  const choice = given.word('progress', ['auto', 'never', 'ndjson'], 'auto');
  const progress = createPointProgress(context, choice, given.flag('quiet'));
  const interruption = new AbortController();
  context.onInterrupt(() => interruption.abort());
  try {
    return await library.runBatch(batch, target, {
      jobs: jobsOf(given, library, 1),
      shard,
      signal: interruption.signal,
      onRepaired: ({ at, bytes }) => {
        if (given.flag('quiet')) return;
        context.stderr.write(`note: ${target?.file}:${at}: a torn line of ${bytes} bytes was cut off\n`);
      },
      onProgress: progress.report,
    });
  } finally {
    context.onInterrupt(null);
    progress.end();
  }
}

/** `24 points in r.jsonl: 10 there before, 14 done now, 1 failed`. */
function summary({ total, before, lines, failed, left }: BatchReport, file: string): string {
  const parts = [
    ...(before === 0 ? [] : [`${before} there before`]),
    `${lines.length} done now`,
    ...(failed.length === 0 ? [] : [`${failed.length} failed`]),
    ...(left === 0 ? [] : [`${left} left`]),
  ];
  return `${total} points in ${file}: ${parts.join(', ')}\n`;
}

/** What is to be known besides the result, on standard error, and the exit code that says so. */
function complain(report: BatchReport, hint: string, context: Context): void {
  const { failed, left } = report;
  const say = (text: string): unknown => context.stderr.write(`${text}\n`);
  for (const line of failed.slice(0, NAMED_FAILURES)) say(failure(line));
  if (failed.length > NAMED_FAILURES) say(`error: ${failed.length - NAMED_FAILURES} more points failed`);
  if (failed.length > 0)
    context.exit(Math.max(...failed.map(({ error }) => EXIT_BY_KIND[error?.kind ?? 'internal'])));
  if (left === 0) return;
  say(`interrupted: ${left} of ${report.total} points are left`);
  say(hint);
  context.exit(EXIT_INTERRUPTED);
}

function failure({ number, name, mode, point, error }: PointLine): string {
  const values = Object.entries(point).map(([key, value]) => ` ${key}=${value}`);
  const label = name === null ? '' : ` '${name}'`;
  return `error: point ${number}${label} (${mode}${values.join('')}) failed: ${error?.message ?? ''}`;
}
