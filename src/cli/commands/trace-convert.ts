/** `p2msim trace convert`: a trace into another format; what can be written is in the library's `traceWriters`. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { convertTo } from '../convert-to.js';
import { examples } from '../help.js';
import { openInput } from '../open-input.js';
import { Given, addFlags } from '../options.js';
import { writerOf } from '../trace-writer.js';

export function addConvert(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('convert')
    .summary('write a trace in another format')
    .description(
      'Write a trace in another format: p2mtrace (compact, and several times faster to read), csv, or what other ' +
        'tools read: lackey, din, xdin, rw. Says what that format cannot hold. OUT is replaced when it is whole.',
    )
    .argument('<trace>', 'trace file, plain or compressed, or - for standard input')
    .argument('<out>', 'file to write, compressed if it ends in .gz, or - for standard output')
    .option('--to <format>', 'p2mtrace, csv, lackey, din, xdin or rw (default: by the end of OUT)');
  addFlags(command, 'input');
  command.addHelpText(
    'after',
    examples(
      ['p2msim trace convert app.lackey.gz app.p2mtrace', 'smaller, and 4 times faster to read'],
      ['p2msim trace convert app.p2mtrace app.csv.gz', 'back to text'],
      ['p2msim trace convert app.champsimtrace.xz app.p2mtrace', 'a trace of another tool'],
      ['p2msim trace convert app.p2mtrace app.xdin', 'for another tool'],
      ['make-csv | p2msim trace convert - - --to p2mtrace > app.p2mtrace', 'in a pipe'],
    ),
  );
  command.action(async (path, output, values) => {
    const library = await context.loadTraceTools();
    const given = new Given(values, library);
    const to = writerOf(output, given.text('to'), context, library);
    await convertTo(output, to, [path], () => openInput(path, given, context, library), context, library);
  });
}
