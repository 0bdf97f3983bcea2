/** `p2msim validate`: what was measured on real Xen and real KVM against the model, or one scenario by itself. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Context, FullLibrary } from '../context.js';
import { EXIT_CHECK_FAILED } from '../exit-codes.js';
import { examples } from '../help.js';
import { collected, Given, jobsOf } from '../options.js';
import { writeListing } from '../listing-text.js';
import { asJson } from '../json-text.js';
import { createCounter } from '../progress.js';
import { outputColumns } from '../terminal.js';

/** Options that make no sense with the others, and what to do about it. */
interface Refusal {
  readonly names: readonly string[];
  readonly why: string;
  readonly hint: string;
}

function refuse(given: Given, { names, why, hint }: Refusal, library: FullLibrary): void {
  for (const name of names) {
    if (given.text(name) === undefined && given.list(name).length === 0 && !given.flag(name)) continue;
    throw new library.UsageError(`--${name} ${why}`, { hint });
  }
}

const NEEDS_SCENARIO: Refusal = {
  names: ['param', 'mode', 'set'],
  why: 'needs --scenario: it belongs to one scenario by itself',
  hint: 'give --scenario NAME; `p2msim validate --list` shows the names',
};

const NEEDS_ALL: Refusal = {
  names: ['all', 'jobs'],
  why: 'belongs to the measured cells; leave it out, or --scenario',
  hint: 'with --scenario one scenario runs by itself, on one thread, and all its numbers are printed',
};

const NOT_LISTED: Refusal = {
  names: ['scenario', 'param', 'mode', 'set', 'all', 'jobs', 'json'],
  why: 'does not go with --list, which runs nothing',
  hint: 'only --suite narrows the list',
};

/** All that was measured. */
async function runAll(given: Given, context: Context, library: FullLibrary): Promise<void> {
  refuse(given, NEEDS_SCENARIO, library);
  const suite = given.text('suite');
  const progress = createCounter(context, given.flag('quiet'));
  const validation = await library
    .validate({
      suites: suite === undefined ? undefined : [suite],
      jobs: jobsOf(given, library, process.getBuiltinModule('node:os').availableParallelism()),
      onProgress: (name, done, total) => progress.report(`validate ${name}`, done, total),
    })
    .finally(progress.end);
  const all = given.flag('all');
  const columns = outputColumns(context.stdout, context.environment);
  context.stdout.write(
    given.flag('json')
      ? asJson(library.validationJson(validation, all, library.TOOL))
      : library.validationText(validation, columns, all),
  );
  if (!validation.passed) context.exit(EXIT_CHECK_FAILED);
}

/** `shadow`, or with `--set` the build or setting that the data calls so: `hap:legacy`. */
function modeOf(given: Given): string | undefined {
  const set = given.text('set');
  return set === undefined ? given.text('mode') : `${given.text('mode') ?? 'shadow'}:${set}`;
}

/** One scenario with any parameters. */
function runOne(scenario: string, given: Given, context: Context, library: FullLibrary): void {
  refuse(given, NEEDS_ALL, library);
  const run = library.runScenario({
    suite: given.text('suite'),
    scenario,
    params: library.splitParams(given.list('param')),
    mode: modeOf(given),
  });
  const columns = outputColumns(context.stdout, context.environment);
  if (!given.flag('json')) {
    context.stdout.write(library.scenarioText(run, columns));
    return;
  }
  context.stdout.write(asJson(library.scenarioListing(run)));
  const missing = library.missingHistory(run);
  if (missing !== null && !given.flag('quiet')) context.stderr.write(`note: ${missing}\n`);
}

async function runValidate(values: OptionValues, context: Context): Promise<void> {
  const library = await context.loadFullLibrary();
  const given = new Given(values, library);
  if (given.flag('list')) {
    refuse(given, NOT_LISTED, library);
    writeListing(library.scenarioListText(library.scenarioSuites(given.text('suite'))), context, library);
    return;
  }
  const scenario = given.text('scenario');
  if (scenario === undefined) await runAll(given, context, library);
  else runOne(scenario, given, context, library);
}

export function addValidate(program: Command, context: Context): void {
  const command = program
    .command('validate')
    .summary('hold the model against real Xen, real KVM and published numbers')
    .description(
      'Replay everything that was measured and compare it number by number; exit 1 if any differs.\n' +
        'With --scenario: run one scenario with any parameters and print what the model gives.',
    )
    .option('--suite <name>', 'xen, kvm or published (default: all)')
    .option('--scenario <name>', 'run this scenario by itself')
    .option('--param <name=value>', 'parameter of the scenario; repeatable', collected)
    .option('-m, --mode <mode>', 'xen: shadow, shadow-nooos, hap; kvm: shadow, hap, hap:legacy, ...')
    .option('--set <name>', 'other build or setting of kvm: linux-6.12.107 (shadow), legacy (hap)')
    .option('--list', 'print suites, scenarios and their parameters')
    .option('--all', 'print every cell')
    .option('--json', 'print JSON')
    .option('--jobs <n>', 'threads (default: one per processor)')
    .option('-q, --quiet', 'no progress, no notes');
  command.addHelpText(
    'after',
    examples(
      ['p2msim validate', 'all suites, a line per scenario'],
      ['p2msim validate --suite kvm --all', 'every cell of one suite'],
      ['p2msim validate --list', 'every scenario and its parameters'],
      ['p2msim validate --suite xen --scenario fork_exit --param r=4 --json', 'one scenario, any parameters'],
    ),
  );
  command.action((values: OptionValues) => runValidate(values, context));
}
