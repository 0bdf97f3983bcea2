/** `p2msim sweep`: combinations of traces, configuration values and modes; a table, or a batch with a results file. */
import { basename, extname } from 'node:path';
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Batch, ListOptions, PointError, ShardName } from '../../index.js';
import { batchOf, isSpec, modesOf, neededAxes, refuseSwept } from '../batch-inputs.js';
import { EXIT_BY_KIND, runForTable, runIntoFile } from '../batch-run.js';
import type { Context, FullLibrary } from '../context.js';
import { examples } from '../help.js';
import { addFlags, collected, configOptions, Given } from '../options.js';
import { runExperiment } from '../experiment.js';
import { runCommand } from '../run-command.js';
import { parseShardWord } from '../shard-option.js';

/** Flags that need a batch: points that are numbered and run apart from each other. */
const BATCH_FLAGS = ['list', 'dry-run', 'results', 'resume', 'shard', 'emit', 'tasks'];
/** Of the flags of output, those that a results file has no use for. */
const REPORT_FLAGS = ['reporter', 'output', 'json', 'metrics', 'all'];
/** Of the flags of checks, all but the one that says what may differ. */
const CHECK_FLAGS = ['fail-on', 'budgets', 'baseline'];
/** Tasks of a Slurm array unless told otherwise. */
const MOST_TASKS = 64;

/** Without a batch: one pass of the trace over all machines, as a table. */
async function runTable(trace: string, values: OptionValues, context: Context): Promise<void> {
  const library = await context.loadLibrary();
  const given = new Given(values, library);
  const axes = neededAxes(given, library);
  const { settings } = await configOptions(given, context, library);
  refuseSwept(
    settings.filter(({ origin }) => origin.startsWith('--')),
    axes.map(({ key }) => key),
    library,
  );
  const modes = modesOf(given) ?? ['hap'];
  await runCommand(
    {
      traces: [trace],
      modes,
      machines: library.sweepPoints(modes, axes),
      combine: (_, results) => library.sweepResult(modes, axes, results),
    },
    values,
    context,
  );
}

/** Words that make no sense together are refused before anything is read. */
function checkFlags(given: Given, library: FullLibrary): void {
  const refuse = (flag: string, why: string, hint?: string): never => {
    throw new library.UsageError(`--${flag} ${why}`, hint === undefined ? {} : { hint });
  };
  if (given.flag('print-config')) {
    refuse(
      'print-config',
      'shows one configuration, and a batch has many',
      '`--list --json` shows the points',
    );
  }
  if (given.flag('resume') && !given.has('results'))
    refuse('resume', 'goes on with a results file: give --results FILE');
  if (given.has('tasks') && !given.has('emit')) refuse('tasks', 'is for --emit slurm');
  const only = ['emit', 'list', 'dry-run'].filter((flag) => given.has(flag));
  if (only.length > 1) refuse(only[1] ?? '', `and --${only[0]} exclude each other`);
  if (only.length > 0 && given.has('results')) refuse(only[0] ?? '', 'runs nothing; leave --results out');
  if (given.has('emit') && given.has('shard')) refuse('shard', 'is set by the script of --emit');
  const silent = given.has('results') || given.has('emit');
  const check = CHECK_FLAGS.find((flag) => given.has(flag));
  if (check !== undefined && (silent || only.length > 0))
    refuse(
      check,
      'is for results that are printed',
      'check what was collected: `p2msim diff` takes results files',
    );
  const report = REPORT_FLAGS.find((flag) => given.has(flag));
  if (report !== undefined && silent) {
    refuse(
      report,
      'is for results that are printed, and these go to a file',
      '`p2msim collect FILE -o OUT` and `p2msim table FILE` print them',
    );
  }
}

/** The script that submits the batch. */
function slurmText(word: string, batch: Batch, given: Given, context: Context, library: FullLibrary): string {
  given.word('emit', ['slurm'], 'slurm');
  const tasks = given.count('tasks', Math.min(MOST_TASKS, batch.points.length));
  if (tasks < 1 || tasks > batch.points.length) {
    throw new library.UsageError(
      `--tasks is ${tasks}; expected 1 to ${batch.points.length}, the points of the batch`,
    );
  }
  return library.slurmScript({
    words: wordsWithout(context.argv, ['--emit', '--tasks', '--jobs']),
    points: batch.points.length,
    tasks,
    name: isSpec(word) ? basename(word, extname(word)) : 'sweep',
    sweep: batch.sweep,
    version: library.TOOL.version,
  });
}

/** The words of the command line after `sweep`, without some options that take a value. */
function wordsWithout(argv: readonly string[], options: readonly string[]): string[] {
  const words = argv.slice(argv.indexOf('sweep') + 1);
  return words.filter((word, i) => {
    const before = words[i - 1] ?? '';
    return (
      !options.includes(word) &&
      !options.includes(before) &&
      !options.some((each) => word.startsWith(`${each}=`))
    );
  });
}

async function printList(
  batch: Batch,
  shard: ShardName | null,
  given: Given,
  context: Context,
  library: FullLibrary,
) {
  const points = await library.pointsOf(batch, shard);
  const failures = new Map<number, PointError>();
  const costs = given.flag('dry-run')
    ? await library.estimateCosts(batch, undefined, ({ number }, error) => void failures.set(number, error))
    : null;
  const print = given.flag('json') ? library.pointListJson : library.pointListText;
  const options: ListOptions = { costs, points, failures };
  context.stdout.write(print(batch, options));
  if (costs !== null) exitAsRun(options, context, library);
}

/** A dry run exits as the run would: it is there to find out. */
function exitAsRun(options: ListOptions, context: Context, library: FullLibrary): void {
  const errors = options.points.flatMap((point) => library.whyNot(point, options) ?? []);
  if (errors.length === 0) return;
  context.stderr.write(`error: ${errors.length} of ${options.points.length} points cannot be run\n`);
  context.exit(Math.max(...errors.map(({ kind }) => EXIT_BY_KIND[kind])));
}

async function runAsBatch(word: string, values: OptionValues, context: Context): Promise<void> {
  const library = await context.loadFullLibrary();
  const given = new Given(values, library);
  checkFlags(given, library);
  const shardWord = given.text('shard');
  const shard = shardWord === undefined ? null : parseShardWord(shardWord, context.environment, library);
  const batch = await batchOf(word, given, context, library);
  if (given.has('emit')) return void context.stdout.write(slurmText(word, batch, given, context, library));
  if (given.flag('list') || given.flag('dry-run')) return printList(batch, shard, given, context, library);
  if (given.has('results')) await runIntoFile(batch, shard, given, context, library);
  else await runForTable(batch, shard, given, context, library);
}

export function addSweep(program: Command, context: Context): void {
  const command = program
    .command('sweep')
    .summary('replay a trace under many configurations')
    .description(
      'Replay a trace under every combination of some configuration values and modes.\n' +
        'With a specification (TOML or JSON, docs/batch.md): many traces, keys that go\n' +
        'together, exclusions, named points. With --results: a batch, whose points are\n' +
        'kept as soon as they are done, and which can be stopped, resumed and divided.',
    )
    .argument('<trace>', 'trace file, - for standard input, or a specification: FILE.toml, FILE.json')
    .optionsGroup('Sweep:')
    .option(
      '-L, --values <words...>',
      'KEY A,B,...: a configuration key (or preset) and its values',
      collected,
    )
    .option('-P, --param <words...>', 'KEY FROM TO: a range of numbers', collected)
    .option('--step <step>', 'of the range before it: xN multiplies, +N adds (default: x2)', collected)
    .option('--experiment <name>', 'a ready-made study instead; see `p2msim experiments`')
    .option('--list', 'number the points, run nothing')
    .option('--dry-run', 'the same, with the cost of each, from a sample; exits as the run would')
    .optionsGroup('Batch:')
    .option('--results <file>', 'append a line a point to FILE, each on the disk when it is done')
    .option('--resume', 'run only the points that FILE does not have yet')
    .option(
      '--shard <i/n>',
      'the i-th of n parts, points numbered as in the whole batch; auto: as Slurm, a CI matrix or (auto/n) Kubernetes says',
    )
    .option('--emit <engine>', 'print a script that submits the sweep: slurm')
    .option('--tasks <n>', `tasks of the array (default: one a point, at most ${MOST_TASKS})`);
  addFlags(
    command,
    'input',
    'run',
    'sweepModes',
    'jobs',
    'model',
    'hardware',
    'output',
    'checks',
    'baseline',
    'allowDifferent',
  );
  command.addHelpText(
    'after',
    examples(
      ['p2msim sweep app.lackey.gz -L stlb.entries 768,1536,3072', 'three TLBs under HAP'],
      ['p2msim sweep app.csv -P stlb.entries 384 3072 --step x2', 'a range'],
      ['p2msim sweep app.csv -m hap,shadow -L guest.faultAround 1,16 -r csv', 'two modes, as CSV'],
      ["p2msim sweep app.csv -L l1d.ways 2,4 --fail-on 'walk.refs > 10k'", 'a budget of every point'],
      ['p2msim sweep study.toml --dry-run', 'what would be run'],
      ['p2msim sweep study.toml --results r.jsonl --resume --jobs 8', 'a batch, or what is left of it'],
      ['p2msim sweep study.toml --shard 1/4 --results r1.jsonl', 'a quarter of it'],
      ['p2msim sweep study.toml --emit slurm > study.sh', 'the same on a cluster'],
    ),
  );
  command.action(async (trace, values: OptionValues) => {
    const given = values as Readonly<Record<string, unknown>>;
    const batch =
      isSpec(trace) || BATCH_FLAGS.some((flag) => given[flag === 'dry-run' ? 'dryRun' : flag] !== undefined);
    const experiment = given['experiment'];
    if (batch) await runAsBatch(trace, values, context);
    else if (typeof experiment === 'string') await runExperiment(experiment, trace, values, context);
    else await runTable(trace, values, context);
  });
}
