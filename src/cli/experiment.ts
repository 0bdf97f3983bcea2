/** `p2msim sweep TRACE --experiment NAME`: a ready-made study instead of axes; and its table from results files. */
import type { OptionValues } from '@commander-js/extra-typings';
import type { Experiment, ExperimentPlan, ResultsInput, Setting, SweepResult } from '../index.js';
import type { Context, FullLibrary } from './context.js';
import { configOptions, Given } from './options.js';
import { checkStdin, runCommand } from './run-command.js';

/** Flags that say what is swept, which the experiment does. */
const SWEPT_BY_FLAGS = ['values', 'param', 'step', 'mode'];

/** The rows of the experiment called `name`, for the configuration that was chosen. */
export function experimentPlan(
  name: string,
  options: { readonly preset: string | undefined; readonly settings: readonly Setting[] },
  given: Given,
  library: FullLibrary,
): ExperimentPlan {
  const experiment = library.experiments.get(name);
  const other = SWEPT_BY_FLAGS.find((flag) => given.has(flag));
  if (other !== undefined) {
    throw new library.UsageError(
      `--${other} and --experiment exclude each other: the experiment says what is swept`,
      { hint: '`p2msim sweep --help` shows how to sweep values of your own' },
    );
  }
  return library.planExperiment(experiment, library.resolveConfig(options).config);
}

/** Replays `trace` on the machines of the experiment called `name`. */
export async function runExperiment(
  name: string,
  trace: string,
  values: OptionValues,
  context: Context,
): Promise<void> {
  const library = await context.loadFullLibrary();
  const given = new Given(values, library);
  library.experiments.get(name);
  const plan = experimentPlan(name, await configOptions(given, context, library), given, library);
  await runCommand(
    {
      traces: [trace],
      modes: plan.experiment.modes,
      machines: library.experimentMachines(plan),
      combine: (_, results) => library.experimentResult(plan, results, library.TOOL),
    },
    values,
    context,
  );
}

/** The table of an experiment whose points are in results files. */
export async function experimentOfFiles(
  experiment: Experiment,
  files: readonly string[],
  context: Context,
  library: FullLibrary,
): Promise<SweepResult> {
  checkStdin(files, context, library);
  const inputs: ResultsInput[] = [];
  for (const file of files) inputs.push(await library.readResultsInput(file, context.stdin));
  const collection = library.collect(inputs);
  const [contradiction] = collection.contradictions;
  if (contradiction !== undefined) {
    throw new library.UsageError(
      `point ${contradiction.number} has two results: ${contradiction.places.join(' and ')}`,
      { hint: '`p2msim collect` shows what differs' },
    );
  }
  if (collection.missing.length > 0) {
    throw new library.UsageError(
      `points ${library.numberRanges(collection.missing)} are missing, and the table of an experiment needs all`,
      { hint: '`p2msim sweep` with the same words, --results FILE and --resume runs them' },
    );
  }
  return library.experimentOfPoints(experiment, collection.lines, collection.tool);
}
