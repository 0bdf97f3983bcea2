/** `p2msim experiments`: the ready-made studies of `sweep --experiment`, or what one of them runs. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Experiment } from '../../index.js';
import type { Context, FullLibrary } from '../context.js';
import { writeListing } from '../listing-text.js';
import { experimentOfFiles } from '../experiment.js';
import { examples } from '../help.js';
import { nameTable } from '../name-table.js';
import { addFlags, Given } from '../options.js';
import { Outputs } from '../output.js';

/** Flags of what is made of results. */
const REPORT_FLAGS = ['reporter', 'json', 'output', 'metrics', 'all'];

/** The question, and every row with the settings that it stands for, on the default preset. */
function experimentText(experiment: Experiment, library: FullLibrary): string {
  const { name, question, modes, settings, axis, columns } = experiment;
  const assigned = (values: Experiment['settings']): string =>
    Object.entries(values)
      .map(([key, value]) => `${key}=${library.formatValue(value)}`)
      .join(' ');
  const rows = experiment.rows(library.defaultConfig());
  const width = Math.max(...rows.map(({ label }) => label.length));
  const lines = rows.map(({ label, settings: own, exitScale }) => {
    const what =
      exitScale === undefined ? assigned(own) : `cycles of VMEXITs and their handling x ${exitScale}`;
    return `  ${label.padEnd(width)}  ${what}`;
  });
  const groups = [...new Set(columns.map(({ group }) => group))];
  return [
    `${name}: ${question}`,
    '',
    `modes    ${modes.join(', ')}`,
    ...(Object.keys(settings).length === 0 ? [] : [`all      ${assigned(settings)}`]),
    `columns  ${groups.join(', ')}`,
    `rows     ${axis} (preset ${library.DEFAULT_PRESET}; sizes follow the preset that is chosen)`,
    ...lines,
    '',
  ].join('\n');
}

export function addExperiments(program: Command, context: Context): void {
  const command = program
    .command('experiments')
    .summary('list ready-made studies, what one runs, or its table')
    .description(
      'List the ready-made studies of `sweep --experiment`, or print what one of them runs; with results files, print its table.',
    )
    .argument(
      '[name...]',
      'an experiment; after it results files of `sweep --experiment NAME --results FILE`',
    );
  addFlags(command, 'output');
  command.addHelpText(
    'after',
    examples(
      ['p2msim experiments tlb-size', 'its question, its rows and their settings'],
      ['p2msim sweep app.lackey.gz --experiment tlb-size', 'run it'],
      ['p2msim experiments tlb-size shard-*.jsonl', 'its table, where it ran as a batch'],
    ),
  );
  command.action(async ([name, ...results], values: OptionValues) => {
    const library = await context.loadFullLibrary();
    const given = new Given(values, library);
    const idle = results.length > 0 ? undefined : REPORT_FLAGS.find((flag) => given.has(flag));
    if (idle !== undefined) {
      throw new library.UsageError(`--${idle} is for the table of results files, and there are none`, {
        hint: 'name them after the experiment: `p2msim experiments tlb-size results.jsonl`',
      });
    }
    if (name === undefined) return writeListing(nameTable(library.experiments.all()), context, library);
    const experiment = library.experiments.get(name);
    if (results.length === 0) return void context.stdout.write(experimentText(experiment, library));
    const outputs = await Outputs.open(given, context, library, results);
    outputs.write(await experimentOfFiles(experiment, results, context, library));
  });
}
