/** `p2msim baseline check`: is what comes out still what the baseline says? Exit 1 if not. */
import type { CommandUnknownOpts, OptionValues } from '@commander-js/extra-typings';
import type { DiffResult, SavedFile, SavedRun } from '../../index.js';
import {
  BASELINE_OPTION,
  baselinePath,
  DEFAULT_BASELINE,
  progressFor,
  replayAll,
  requireBaseline,
  runCount,
  sortInputs,
} from '../baseline-inputs.js';
import type { Context, Judging } from '../context.js';
import { allowedKinds } from '../diff-options.js';
import { examples } from '../help.js';
import { budgetsOf, exitWith } from '../judgement.js';
import { addFlags, collected, Given, jobsOf } from '../options.js';
import { Outputs } from '../output.js';
import { checkStdin, warn } from '../run-command.js';

/** Runs of the baseline, and what they are now. */
interface Checked {
  readonly base: SavedFile;
  readonly head: SavedFile;
  /** True if a trace ended early. */
  readonly failed: boolean;
}

async function checkAll(
  baseline: SavedFile,
  given: Given,
  context: Context,
  library: Judging,
): Promise<Checked> {
  const head = await replayAll(baseline, given, context, library);
  if (head.error !== null) await warn(head.error, context, library);
  return { base: baseline, head, failed: head.error !== null };
}

/** Last part of a path. */
const nameOf = (path: string): string => path.replace(/^.*[/\\]/, '');
const alike = (a: SavedRun, b: SavedRun): boolean =>
  a.mode === b.mode && nameOf(a.trace.path) === nameOf(b.trace.path);

/** Only what is named: traces replayed as the baseline says, results as they are. */
async function checkInputs(
  baseline: SavedFile,
  inputs: readonly string[],
  given: Given,
  context: Context,
  library: Judging,
): Promise<Checked> {
  const { results, traces } = await sortInputs(inputs, context, library);
  const runs = [...results];
  let failed = false;
  for (const trace of traces) {
    const progress = progressFor(trace, given, context);
    const options = { jobs: jobsOf(given, library, 1), argv: context.argv, onProgress: progress.report };
    const { runs: more, error } = await library.replayAs(baseline, trace, options).finally(progress.end);
    if (error !== null) await warn(error, context, library);
    failed ||= error !== null;
    runs.push(...more);
  }
  const base = { ...baseline, runs: baseline.runs.filter((run) => runs.some((other) => alike(run, other))) };
  if (base.runs.length === 0) {
    const held = [...new Set(baseline.runs.map((run) => run.trace.path))].join(', ');
    throw new library.UsageError(
      `nothing of ${inputs.join(', ')} is in ${baseline.file}, which holds ${held}`,
      {
        hint: `\`p2msim baseline update ${inputs.join(' ')}\` puts it there`,
      },
    );
  }
  const head = { file: 'head', schema: baseline.schema, runs: runs.map((run) => ({ ...run, file: 'head' })) };
  return { base, head, failed };
}

/** The metrics that matter. */
function matcherOf(diff: DiffResult, given: Given, library: Judging): ((key: string) => boolean) | undefined {
  const metrics = given.text('metrics');
  const keys = diff.groups.flatMap((group) => group.metrics.map(({ key }) => key));
  return metrics === undefined ? undefined : library.metricMatcher(metrics, keys);
}

/** How to accept what comes out now. */
function updateCommand(path: string): string {
  return path === DEFAULT_BASELINE ? 'p2msim baseline update' : `p2msim baseline update -b ${path}`;
}

function verdict(
  path: string,
  changed: number,
  runs: number,
  judged: boolean,
  metrics: string | undefined,
): string {
  const only = metrics === undefined ? '' : ` in ${metrics}; no other metric was compared (--metrics)`;
  if (changed === 0) return `${path}: ${runCount(runs)}, all as they were${only}\n`;
  if (judged)
    return `${path}: ${changed} of ${runCount(runs)} not as before; budgets say whether that may be\n`;
  const hint = `if that is intended, \`${updateCommand(path)}\` keeps what comes out now`;
  return `${path}: ${changed} of ${runCount(runs)} not as before\nhint: ${hint}\n`;
}

async function runCheck(inputs: readonly string[], values: OptionValues, context: Context): Promise<void> {
  const library = await context.loadJudging();
  const given = new Given(values, library);
  checkStdin(inputs, context, library);
  const allow = allowedKinds(given, library);
  const path = baselinePath(given);
  const budgets = await budgetsOf(given, context, library);
  const baseline = await requireBaseline(path, library);
  const modes = baseline.runs.map(({ mode }) => mode);
  library.checkBudgets(budgets, { modes, interval: 0, baseline });
  const outputs = await Outputs.open(given, context, library, [path, ...inputs]);
  outputs.requireDiff(library);
  const { base, head, failed } =
    inputs.length === 0
      ? await checkAll(baseline, given, context, library)
      : await checkInputs(baseline, inputs, given, context, library);
  const diff = library.diff({ results: [base, head], allow });
  const matches = matcherOf(diff, given, library);
  const changed = library.changedGroups(diff, matches).length;
  const judged = budgets.length > 0;
  const report = judged
    ? library.judgeDiff(budgets, diff)
    : library.sameChecks(diff, matches && { matches, named: given.text('metrics') ?? null });
  // Of chosen metrics, too, nothing is shown if none changed.
  const nothing = matches !== undefined && changed === 0 && !failed && !judged;
  outputs.writeDiff(diff, { rows: ['metric'], nothing }, report, !failed);
  if (changed > 0 || !given.flag('quiet')) {
    context.stderr.write(verdict(path, changed, diff.groups.length, judged, given.text('metrics')));
  }
  // Where there are budgets, they say what may change.
  if (!failed) exitWith(report, { failing: given.flag('exit-code'), ended: failed }, context, library);
}

export function addBaselineCheck(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('check')
    .summary('replay what is in the baseline; exit 1 if anything changed')
    .description(
      'Replay every run of the baseline as it was and compare, metric by metric: exit 0 if all is as it was, 1 if ' +
        'not. Inputs choose: traces are replayed, results are compared as they are.',
    )
    .argument('[inputs...]', 'traces or results to check, instead of everything')
    .optionsGroup('Baseline:')
    .option(...BASELINE_OPTION)
    .option('--allow-different <kinds>', 'go on although these differ: trace, config, cost', collected)
    .option('--jobs <n>', 'threads for the replay; counts do not depend on it (default: 1)');
  addFlags(command, 'output', 'checks');
  command.addHelpText(
    'after',
    examples(
      ['p2msim baseline check', 'in CI'],
      ["p2msim baseline check --metrics 'walk.*,vmexit.*'", 'whatever else changed'],
      ["p2msim baseline check --fail-on 'walk.refs > +1%'", 'a budget says what may change'],
      ['p2msim baseline check -r github -r junit=ci.xml', 'annotations, and a report of tests'],
      ['p2msim baseline check -r markdown=diff.md', 'with a report for the pull request'],
    ),
  );
  command.action(async (inputs, values: OptionValues) => runCheck(inputs, values, context));
}
