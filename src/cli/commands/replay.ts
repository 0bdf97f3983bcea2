/** `p2msim replay`: one trace, one mode, one result. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { examples } from '../help.js';
import { addFlags, modeOf, refuseModes } from '../options.js';
import { runCommand } from '../run-command.js';

export function addReplay(program: Command, context: Context): void {
  const command = program
    .command('replay')
    .summary('replay a trace under one mode')
    .description('Replay a trace under one mode and print what happened and what it costs.')
    .argument('<trace>', 'trace file, plain or compressed, or - for standard input');
  addFlags(
    command,
    'input',
    'run',
    'mode',
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
      ['p2msim replay app.csv', 'under HAP, as a table'],
      ['p2msim replay app.lackey.gz -m shadow --limit 1M', 'the first million records'],
      ['p2msim replay app.csv --set stlb.entries=3072', 'with a larger TLB'],
      ["p2msim replay app.csv --fail-on 'walk.refs > 10k'", 'exit 1 if it fails'],
      ['zcat app.gz | p2msim replay - -r json=out.json', 'from a pipe, into a file'],
      ['p2msim replay gen:zipf,footprint=1GiB,accesses=1M', 'a generated trace: docs/generators.md'],
    ),
  );
  command.action(async (trace, values: OptionValues) => {
    const mode = modeOf(values, 'hap');
    refuseModes(mode, 'replay', await context.loadLibrary());
    await runCommand(
      {
        traces: [trace],
        modes: [mode],
        alone: true,
        combine: (library, results) => library.onlyRun(results),
      },
      values,
      context,
    );
  });
}
