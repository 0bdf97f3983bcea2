/** `p2msim compare`: several modes over one pass of each trace, side by side, with a verdict. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { examples } from '../help.js';
import { addFlags, modeOf } from '../options.js';
import { runCommand } from '../run-command.js';

export function addCompare(program: Command, context: Context): void {
  const command = program
    .command('compare')
    .summary('replay a trace under several modes, side by side')
    .description(
      'Replay each trace once under several modes, print them side by side, and say which is cheaper.',
    )
    .argument('<traces...>', 'trace files, plain or gzip, or - for standard input');
  addFlags(command, 'input', 'run', 'modes', 'jobs', 'model', 'hardware', 'output');
  command.addHelpText(
    'after',
    examples(
      ['p2msim compare app.lackey.gz', 'native, hap and shadow'],
      ['p2msim compare app.csv -m hap,shadow --ram 4GiB', 'two modes, a larger guest'],
      ['p2msim compare a.csv b.csv -p zen3 -r markdown', 'two traces, one table each'],
    ),
  );
  command.action(async (traces, values: OptionValues) => {
    const modes = modeOf(values, 'native,hap,shadow')
      .split(',')
      .map((mode) => mode.trim());
    await runCommand(
      { traces, modes, combine: (library, results) => library.comparison(results) },
      values,
      context,
    );
  });
}
