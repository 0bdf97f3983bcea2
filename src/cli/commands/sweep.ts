/** `p2msim sweep`: one pass over a trace, every combination of some configuration values and modes. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { SweepAxis } from '../../index.js';
import type { Context, Library } from '../context.js';
import { examples } from '../help.js';
import { addFlags, collected, Given, modeOf } from '../options.js';
import { runExperiment } from '../experiment.js';
import { runCommand } from '../run-command.js';

/** What the words after a repeated option are worth, `size` at a time; the trace must come before them. */
function grouped(given: Given, name: string, flag: string, size: number, library: Library): string[][] {
  const words = given.list(name);
  if (words.length % size !== 0) {
    throw new library.UsageError(`${flag} takes ${size} words each time; found ${words.join(' ')}`, {
      hint: 'the trace comes first: `p2msim sweep TRACE -L stlb.entries 768,1536 -P l1d.ways 1 4`',
    });
  }
  return Array.from({ length: words.length / size }, (_, i) => words.slice(i * size, (i + 1) * size));
}

/** `-L KEY VALUES`, then `-P KEY FROM TO` with the `--step` of the same place. */
function axesOf(given: Given, library: Library): SweepAxis[] {
  const steps = given.list('step');
  const lists = grouped(given, 'list', '-L', 2, library).map(([key = '', values = '']) =>
    library.axisOfList(key, values.split(','), '-L'),
  );
  const ranges = grouped(given, 'param', '-P', 3, library).map(([key = '', from = '', to = ''], i) =>
    library.axisOfRange(key, from, to, steps[i] ?? 'x2', '-P'),
  );
  if (steps.length > ranges.length) {
    throw new library.UsageError('--step belongs to a range (-P), and there are more steps than ranges');
  }
  const axes = [...lists, ...ranges];
  if (axes.length > 0) return axes;
  throw new library.UsageError('nothing is swept', {
    hint: 'give a key with values: `-L stlb.entries 768,1536` or `-P stlb.entries 384 3072`',
  });
}

export function addSweep(program: Command, context: Context): void {
  const command = program
    .command('sweep')
    .summary('replay a trace under many configurations')
    .description(
      'Replay a trace once under every combination of some configuration values and modes: one row a point.',
    )
    .argument('<trace>', 'trace file, plain or gzip, or - for standard input')
    .optionsGroup('Sweep:')
    .option('-L, --list <words...>', 'KEY A,B,...: a configuration key and its values', collected)
    .option('-P, --param <words...>', 'KEY FROM TO: a range of numbers', collected)
    .option('--experiment <name>', 'a ready-made study instead; see `p2msim experiments`')
    .option('--step <step>', 'of the range before it: xN multiplies, +N adds (default: x2)', collected);
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
    ),
  );
  command.action(async (trace, values: OptionValues) => {
    if (typeof values.experiment === 'string')
      return runExperiment(values.experiment, trace, values, context);
    const library = await context.loadLibrary();
    const axes = axesOf(new Given(values, library), library);
    const modes = modeOf(values, 'hap')
      .split(',')
      .map((mode) => mode.trim());
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
  });
}
