/** `p2msim trace capture`: the trace of a program, made by running it. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context, Library } from '../context.js';
import { examples } from '../help.js';
import { Given } from '../options.js';
import { addSelectionFlags, kindsOf, selectionOf } from '../selection.js';
import { writerOf } from '../trace-writer.js';

/** Sizes as everywhere; Infinity if none is given. */
function maxBytesOf(given: Given, library: Library): number {
  const text = given.text('max-size');
  if (text === undefined) return Infinity;
  const bytes = library.parseSize(text);
  if (bytes !== null && bytes > 0) return bytes;
  throw new library.UsageError(`--max-size is '${text}'; expected a size such as 500k, 64M or 1GiB`);
}

export function addCapture(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('capture')
    .summary('run a program and write its trace')
    .description(
      'Run a program and write what it accesses and maps, with its threads and the processes it starts: by a plugin ' +
        'for qemu-x86_64 that is built on the spot, or by valgrind lackey (accesses of one process only). Prints the ' +
        'commands it runs. docs/capture.md.',
    )
    .argument('<program>', 'x86-64 Linux program or script, after --')
    .argument('[args...]', 'its arguments')
    .requiredOption('-o, --output <file>', 'trace to write, compressed if it ends in .gz')
    .option('--to <format>', 'format (default: by the end of the name of the file)')
    .option('--tool <name>', 'qemu, lackey, or auto: qemu if it is there, else lackey (default: auto)')
    .option('--accesses <kinds>', 'loads, stores, fetches, separated by commas (default: loads,stores)')
    .option('--max-size <size>', 'stop the program when the trace has so many bytes (as p2mtrace)');
  addSelectionFlags(command);
  command.addHelpText(
    'after',
    examples(
      ['p2msim trace capture -o ls.p2mtrace -- ls -l /', 'then: p2msim compare ls.p2mtrace'],
      [
        'p2msim trace capture -o app.csv.gz --accesses loads,stores,fetches -- ./app',
        'instruction fetches too',
      ],
      [
        'p2msim trace capture -o app.p2mtrace --skip 10M --limit 5M -- ./app',
        'a part; then the program is stopped',
      ],
    ),
  );
  command.action(async (program, args, values) => {
    const library = await context.loadFullLibrary();
    const given = new Given(values, library);
    const output = given.text('output') ?? '-';
    if (output === '-') {
      throw new library.UsageError("a capture needs a file: standard output is the program's", {
        hint: 'give -o FILE',
      });
    }
    const { capture, TOOLS } = await import('../capture/capture.js');
    const kinds = kindsOf(given, ['loads', 'stores'], library);
    const request = {
      program,
      args,
      output,
      to: writerOf(output, given.text('to'), context, library),
      tool: given.word('tool', TOOLS, 'auto'),
      kinds,
      selection: selectionOf(given, kinds, library),
      maxBytes: maxBytesOf(given, library),
    };
    await capture(request, context, library);
  });
}
