/** `p2msim trace cut`: part of a trace: by position, kind of access, addresses, address spaces, vcpus. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { convertTo } from '../convert-to.js';
import { examples } from '../help.js';
import { openInput } from '../open-input.js';
import { addFlags, Given } from '../options.js';
import { writeWarning } from '../run-command.js';
import { addSelectionFlags, KINDS, kindsOf, selectionOf } from '../selection.js';
import { writerOf } from '../trace-writer.js';

export function addCut(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('cut')
    .summary('write part of a trace')
    .description(
      'Write part of a trace: by position, kind of access, addresses, address spaces and vcpus. Positions count what ' +
        'the other conditions leave. Events of what is kept stay, those before the part too: they say what is mapped.',
    )
    .argument('<trace>', 'trace file, plain or compressed, or - for standard input')
    .argument('<out>', 'file to write, compressed if it ends in .gz, or - for standard output')
    .option('--to <format>', 'format of OUT (default: by the end of its name)')
    .option('--accesses <kinds>', 'loads, stores, fetches, separated by commas (default: all)');
  addSelectionFlags(command);
  addFlags(command, 'input');
  command.addHelpText(
    'after',
    examples(
      [
        'p2msim trace cut app.p2mtrace part.p2mtrace --skip 10M --limit 1M',
        'a million accesses from the middle',
      ],
      ['p2msim trace cut app.p2mtrace child.csv --process 2', 'one process'],
      ['p2msim trace cut app.lackey.gz heap.csv --range 4000000-5000000', 'one region'],
    ),
  );
  command.action(async (path, output, values) => {
    const library = await context.loadTraceTools();
    const given = new Given(values, library);
    const to = writerOf(output, given.text('to'), context, library);
    const wanted = selectionOf(given, kindsOf(given, KINDS, library), library);
    const onWarning = (text: string): void => writeWarning(text, context);
    const open = async () =>
      library.selectTrace(await openInput(path, given, context, library), wanted, onWarning);
    await convertTo(output, to, [path], open, context, library);
  });
}
