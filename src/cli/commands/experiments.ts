/** `p2msim experiments`: the ready-made studies of `sweep --experiment`, or what one of them runs. */
import type { Command } from '@commander-js/extra-typings';
import type { Experiment } from '../../index.js';
import type { Context, FullLibrary } from '../context.js';
import { examples } from '../help.js';
import { nameTable } from '../name-table.js';

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
    .summary('list ready-made studies, or what one of them runs')
    .description('List the ready-made studies of `sweep --experiment`, or print what one of them runs.')
    .argument('[name]', 'an experiment');
  command.addHelpText(
    'after',
    examples(
      ['p2msim experiments tlb-size', 'its question, its rows and their settings'],
      ['p2msim sweep app.lackey.gz --experiment tlb-size', 'run it'],
    ),
  );
  command.action(async (name) => {
    const library = await context.loadFullLibrary();
    context.stdout.write(
      name === undefined
        ? nameTable(library.experiments.all())
        : experimentText(library.experiments.get(name), library),
    );
  });
}
