/** `p2msim trace generate`: writes a measured workload, with any parameters, as a trace. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { examples } from '../help.js';
import { collected, Given } from '../options.js';
import { TraceOutput } from '../trace-output.js';

export function addGenerate(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('generate')
    .summary('write a measured workload as a trace')
    .description(
      'Write a workload that was measured on Xen or KVM, with any parameters, as a p2msim trace (CSV). ROI marks ' +
        'hold the measured region.',
    )
    .option('--scenario <name>', 'the workload; --list shows all')
    .option('--suite <name>', 'suite of the scenario (default: the one that has it)')
    .option('--param <name=value>', 'parameter of the scenario; repeatable', collected)
    .option('-o, --output <file>', 'file; compressed if it ends in .gz (default: standard output)')
    .option('--list', 'print suites, scenarios and their parameters')
    .addHelpText(
      'after',
      examples(
        ['p2msim trace generate --list', 'every scenario and its parameters'],
        [
          'p2msim trace generate --scenario fork_exit --param r=2 -o fork.csv.gz',
          'then: p2msim replay fork.csv.gz -m shadow',
        ],
      ),
    );
  command.action(async (values) => {
    const library = await context.loadFullLibrary();
    const given = new Given(values, library);
    if (given.flag('list')) {
      context.stdout.write(library.scenarioListText(library.scenarioSuites(given.text('suite'))));
      return;
    }
    const name = given.text('scenario');
    if (name === undefined) {
      throw new library.UsageError('no scenario given', {
        hint: 'give --scenario NAME; `p2msim trace generate --list` shows the names',
      });
    }
    const { suite, scenario } = library.findScenario(name, given.text('suite'));
    const params = library.completeParams(scenario, library.splitParams(given.list('param')));
    const destination = new TraceOutput(given.text('output') ?? '-', [], context, library);
    try {
      library.writeScenarioTrace(suite, scenario, params, (text) => destination.write(text));
      destination.commit();
    } finally {
      destination.discard();
    }
  });
}
