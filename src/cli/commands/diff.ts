/** `p2msim diff`: saved results metric by metric; or a result and a trace, replayed as the result was. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { SavedFile, Setting } from '../../index.js';
import type { Context, Judging } from '../context.js';
import { allowedKinds } from '../diff-options.js';
import { examples } from '../help.js';
import { budgetsOf, exitWith } from '../judgement.js';
import { addFlags, collected, Given, jobsOf } from '../options.js';
import { Outputs } from '../output.js';
import { createProgress } from '../progress.js';
import { checkStdin, warn } from '../run-command.js';

/** What was given, checked as far as that needs no trace. */
interface DiffRequest {
  readonly base: SavedFile;
  /** A result that was read, the path of a trace, or null for none. */
  readonly head: SavedFile | string | null;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  readonly settings: readonly Setting[];
}

async function requestOf(
  paths: readonly [base: string, head: string | undefined],
  given: Given,
  context: Context,
  library: Judging,
): Promise<DiffRequest> {
  const [basePath, headPath] = paths;
  const columns = library.parseDimensions(given.text('col') ?? 'file', '--col', false);
  const rows = library.parseDimensions(given.text('row') ?? 'metric', '--row', true);
  const both = rows.find((name) => columns.includes(name));
  if (both !== undefined) throw new library.UsageError(`--row and --col both name ${both}`);
  const settings = given.list('set').map((text) => library.parseAssignment(text, '--set'));
  const base = await library.readSaved(basePath, context.stdin);
  const isTrace = headPath !== undefined && headPath !== '-' && !(await library.looksSaved(headPath, true));
  const read = async (path: string): Promise<SavedFile> => library.readSaved(path, context.stdin);
  const head = headPath === undefined ? null : isTrace ? headPath : await read(headPath);
  if (settings.length > 0 && !isTrace) {
    throw new library.UsageError('--set changes a replay, and nothing is replayed: HEAD is no trace');
  }
  return { base, head, columns, rows, settings };
}

/** A setting that is given makes another configuration; that is known before the replay. */
function checkSettings(
  { settings, columns }: DiffRequest,
  allowed: readonly string[],
  library: Judging,
): void {
  const other = settings.find(({ key }) => !columns.includes(key));
  if (other === undefined || allowed.includes('config')) return;
  throw new library.UsageError(`--set ${other.key} makes the configurations differ`, {
    hint: '`--allow-different config` compares them nevertheless',
  });
}

async function replayHead(
  { base, settings }: DiffRequest,
  trace: string,
  given: Given,
  context: Context,
  library: Judging,
): Promise<SavedFile> {
  const progress = createProgress(
    context,
    given.word('progress', ['auto', 'never', 'ndjson'], 'auto'),
    given.flag('quiet'),
    trace,
  );
  const options = {
    settings,
    jobs: jobsOf(given, library, 1),
    argv: context.argv,
    onProgress: progress.report,
  };
  const replayed = await library.replayAs(base, trace, options).finally(progress.end);
  if (replayed.error !== null) await warn(replayed.error, context, library);
  return replayed;
}

async function runDiff(
  paths: readonly [base: string, head: string | undefined],
  values: OptionValues,
  context: Context,
): Promise<void> {
  const library = await context.loadJudging();
  const given = new Given(values, library);
  const inputs = paths.filter((path) => path !== undefined);
  checkStdin(inputs, context, library);
  const allow = allowedKinds(given, library);
  const request = await requestOf(paths, given, context, library);
  checkSettings(request, allow, library);
  const { base, head, columns, rows } = request;
  const slices = [...rows, ...columns].includes('interval');
  const budgets = await budgetsOf(given, context, library);
  const read = typeof head === 'string' || head === null ? [base] : [base, head];
  const all = read.flatMap(({ runs }) => runs);
  library.checkBudgets(budgets, {
    modes: all.map(({ mode }) => mode),
    interval: library.sliceLength(all),
    baseline: base,
    crossing: true,
  });
  const known = new Set(read.flatMap(({ runs }) => runs.flatMap((run) => [...run.metrics.keys()])));
  const outputs = await Outputs.open(given, context, library, inputs, [...known]);
  outputs.requireDiff(library);
  outputs.requireChecks(budgets.length > 0, library);
  const replayed = typeof head === 'string' ? [await replayHead(request, head, given, context, library)] : [];
  const results = [...read, ...replayed];
  const diff = library.diff({ results, columns, slices, allow });
  // Budgets are for runs (or for their slices, each by itself), however the numbers are laid out.
  const whole = columns.filter((name) => name !== 'interval');
  const judged =
    slices && budgets.length > 0
      ? library.diff({ results, columns: whole.length === 0 ? ['file'] : whole, allow })
      : diff;
  const report = library.judgeDiff(budgets, judged);
  const ended = replayed.some(({ runs }) => runs.some(({ incomplete }) => incomplete !== null));
  outputs.writeDiff(diff, { rows }, report, !ended);
  if (!ended) exitWith(report, { failing: given.flag('exit-code'), ended }, context, library);
}

export function addDiff(program: Command, context: Context): void {
  const command = program
    .command('diff')
    .summary('compare saved results, metric by metric')
    .description(
      'Compare two saved results metric by metric; or a result with a trace, which is replayed with the configuration ' +
        'of the result. Counts are exact: = means identical, and a result against itself prints nothing.',
    )
    .argument('<base>', 'result written by --json or -r ndjson, plain or compressed, or - for standard input')
    .argument('[head]', 'another result, or a trace; with --col one file may be enough')
    .optionsGroup('Compare:')
    .option('--row <dims>', 'dimensions that make rows: metric, mode, trace, ... (default: metric)')
    .option('--col <dims>', 'dimensions whose values are compared, the first is the base (default: file)')
    .option('--allow-different <kinds>', 'go on although these differ: trace, config, cost', collected)
    .option('--set <key=value>', 'replay the trace with another value; repeatable', collected)
    .option('--jobs <n>', 'threads for the replay; counts do not depend on it (default: 1)');
  addFlags(command, 'output', 'checks');
  command.addHelpText(
    'after',
    `
Dimensions are file, trace, mode, preset, version, interval (a slice of --interval), and every
configuration key.
Those that are neither rows nor columns make tables of their own.
` +
      examples(
        ['p2msim diff base.json head.json', 'what changed'],
        ['p2msim diff base.json app.csv', 'the same replay again: did p2msim or the trace change?'],
        ["p2msim diff a.json b.json --row mode --metrics 'walk.refs'", 'one metric, a row a mode'],
        ['p2msim diff compare.json --col mode', 'modes of one file against the first'],
        ["p2msim diff a.json b.json --fail-on 'walk.refs > +1%'", 'exit 1 if there are more'],
      ),
  );
  command.action(async (base, head, values: OptionValues) => runDiff([base, head], values, context));
}
