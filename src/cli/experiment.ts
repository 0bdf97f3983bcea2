/** `p2msim sweep TRACE --experiment NAME`: a ready-made study instead of axes. */
import type { OptionValues } from '@commander-js/extra-typings';
import type { Context } from './context.js';
import { configOptions, Given } from './options.js';
import { runCommand } from './run-command.js';

/** Flags that say what is swept, which the experiment does. */
const SWEPT_BY_FLAGS = ['values', 'param', 'step', 'mode'];

/** Replays `trace` on the machines of the experiment called `name`. */
export async function runExperiment(
  name: string,
  trace: string,
  values: OptionValues,
  context: Context,
): Promise<void> {
  const library = await context.loadFullLibrary();
  const given = new Given(values, library);
  const experiment = library.experiments.get(name);
  const other = SWEPT_BY_FLAGS.find((flag) => given.has(flag));
  if (other !== undefined) {
    throw new library.UsageError(
      `--${other} and --experiment exclude each other: the experiment says what is swept`,
      {
        hint: '`p2msim sweep --help` shows how to sweep values of your own',
      },
    );
  }
  const { config } = library.resolveConfig(await configOptions(given, context, library));
  const plan = library.planExperiment(experiment, config);
  await runCommand(
    {
      traces: [trace],
      modes: experiment.modes,
      machines: library.experimentMachines(plan),
      combine: (_, results) => library.experimentResult(plan, results, library.TOOL),
    },
    values,
    context,
  );
}
