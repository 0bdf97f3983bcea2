/** `p2msim trace generate`: writes a made-up program, or a measured workload, with any parameters, as a trace. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context, FullLibrary } from '../context.js';
import { lossLines } from '../convert-to.js';
import { examples } from '../help.js';
import { collected, Given } from '../options.js';
import { OutputFile } from '../output-file.js';
import { writeListing } from '../listing-text.js';
import { checkOutputName, writerOf } from '../trace-writer.js';

/** `--list`: one generator or scenario, the scenarios of one suite, or everything but the parameters of scenarios. */
function listText(name: string | undefined, given: Given, library: FullLibrary): string {
  if (name !== undefined) return library.generatorListText([library.generators.get(name)], true);
  const scenario = given.text('scenario');
  if (scenario !== undefined) {
    const found = library.findScenario(scenario, given.text('suite'));
    return `${found.suite.name}:\n${library.scenarioLines(found.scenario, true).join('\n')}\n`;
  }
  const suite = given.text('suite');
  const scenarios = library.scenarioListText(library.scenarioSuites(suite), suite !== undefined);
  if (suite !== undefined) return scenarios;
  const head =
    'measured workloads: `p2msim trace generate --scenario NAME`; `--list --scenario NAME` and `--list --suite NAME` show parameters';
  return `${library.generatorListText(library.generators.all(), false)}\n${head}\n\n${scenarios}`;
}

function writeScenario(name: string, given: Given, context: Context, library: FullLibrary): void {
  if (given.text('to') !== undefined) {
    throw new library.UsageError('--to does not go with --scenario: scenarios are written as CSV', {
      hint: '`p2msim trace convert` makes p2mtrace of it',
    });
  }
  checkOutputName(given.text('output') ?? '-', library);
  const { suite, scenario } = library.findScenario(name, given.text('suite'));
  const params = library.completeParams(scenario, library.splitParams(given.list('param')));
  const destination = new OutputFile(given.text('output') ?? '-', [], context, library);
  try {
    library.writeScenarioTrace(suite, scenario, params, (text) => destination.write(text));
    destination.commit();
  } finally {
    destination.discard();
  }
}

async function writeGenerated(
  name: string,
  given: Given,
  context: Context,
  library: FullLibrary,
): Promise<void> {
  if (given.text('suite') !== undefined) {
    throw new library.UsageError('--suite goes with --scenario only', {
      hint: `leave it out: ${name} is a generator`,
    });
  }
  // A generator of that name before anything about its words.
  library.generators.get(name);
  const trace = await library.openTrace(library.generatedPath(name, given.list('param')), {
    read: library.DEFAULT_READ_OPTIONS,
  });
  const output = given.text('output') ?? '-';
  const to = writerOf(output, given.text('to') ?? (output === '-' ? 'csv' : undefined), context, library);
  const destination = new OutputFile(output, [], context, library);
  try {
    const { lost } = await library.convertTrace(trace, to, (bytes) => destination.write(bytes));
    destination.commit();
    for (const line of lossLines(to, trace, lost, library)) context.stderr.write(`${line}\n`);
  } finally {
    destination.discard();
  }
}

export function addGenerate(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('generate')
    .summary('write a made-up or a measured program as a trace')
    .description(
      'Write a trace: of a generator (docs/generators.md), or of a workload that was measured on Xen or KVM ' +
        '(--scenario; ROI marks hold the measured region). Generators need no file: `gen:NAME,KEY=VALUE,...` is a ' +
        'trace for every command.',
    )
    .argument('[name]', 'generator; --list shows all')
    .option('--param <name=value>', 'parameter; repeatable. Sizes: 4k, 1GiB; counts: 10k = 10,000', collected)
    .option('-o, --output <file>', 'file; compressed if it ends in .gz (default: standard output)')
    .option('--to <format>', 'format (default: by the end of the name of the file, else csv)')
    .option('--scenario <name>', 'a measured workload instead of a generator')
    .option('--suite <name>', 'suite of the scenario (default: the one that has it)')
    .option(
      '--list',
      'print generators with their parameters, and scenarios; with NAME, --scenario or --suite: what these take',
    )
    .addHelpText(
      'after',
      examples(
        ['p2msim trace generate --list', 'every generator and scenario'],
        ['p2msim trace generate zipf --param footprint=1GiB -o zipf.p2mtrace', 'into a file'],
        ['p2msim compare gen:zipf,footprint=1GiB', 'the same without a file'],
        [
          'p2msim trace generate --scenario fork_exit --param r=2 -o fork.csv.gz',
          'then: p2msim replay fork.csv.gz -m shadow',
        ],
      ),
    );
  command.action(async (name, values) => {
    const library = await context.loadFullLibrary();
    const given = new Given(values, library);
    const scenario = given.text('scenario');
    if (given.flag('list')) {
      writeListing(listText(name, given, library), context, library);
    } else if (name !== undefined && scenario !== undefined) {
      throw new library.UsageError(`both a generator (${name}) and a scenario (${scenario}) are given`, {
        hint: 'leave out one of the two',
      });
    } else if (scenario !== undefined) {
      writeScenario(scenario, given, context, library);
    } else if (name !== undefined) {
      await writeGenerated(name, given, context, library);
    } else {
      throw new library.UsageError('no generator and no scenario given', {
        hint: 'give a NAME or --scenario NAME; `p2msim trace generate --list` shows the names',
      });
    }
  });
}
