/** `p2msim trace convert`: a trace into another format; what can be written is in the library's `traceWriters`. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Conversion, OpenTrace, TraceWriterFormat } from '../../index.js';
import type { Context } from '../context.js';
import { examples } from '../help.js';
import { openInput } from '../open-input.js';
import { Given, addFlags } from '../options.js';
import { createProgress } from '../progress.js';
import { TraceOutput } from '../trace-output.js';
import { writerOf } from '../trace-writer.js';

const counted = (count: number, what: string): string => `${count.toLocaleString('en-US')} ${what}`;

/** What was written and from what, and what is not in it. */
function summary(
  [output, size]: readonly [name: string, size: number],
  to: TraceWriterFormat,
  trace: OpenTrace,
  { accesses, events, lost, error }: Conversion,
): string {
  const from = `${trace.format}, ${counted(trace.bytesRead, 'bytes')}`;
  const records = `${counted(accesses, 'accesses')}, ${counted(events, 'events')}`;
  const name = output === '-' ? 'standard output' : output;
  const lines = [`${name}: ${to.name}, ${records}, ${counted(size, 'bytes')} (from ${from})`];
  const words = [...lost].map(([what, n]) => counted(n, what));
  if (words.length > 0) lines.push(`lost, for ${to.name} cannot say it: ${words.join('; ')}`);
  const addresses = trace.virtual ? 'virtual' : 'physical';
  if (to.addresses !== 'source' && to.addresses !== addresses)
    lines.push(`lost: that addresses are ${addresses}`);
  const { count, first } = trace.skipped;
  if (count > 0) lines.push(`bad records dropped: ${count.toLocaleString('en-US')}; the first: ${first}`);
  if (error !== null) lines.push(`${name}: incomplete${to.marksEnd ? ', as its end says' : ''}`);
  return lines.map((line) => `${line}\n`).join('');
}

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
      ['zstdcat app.csv.zst | p2msim trace convert - - --to p2mtrace > app.p2mtrace', 'in a pipe'],
    ),
  );
  command.action(async (path, output, values) => {
    const library = await context.loadLibrary();
    const given = new Given(values, library);
    const to = writerOf(output, given.text('to'), context, library);
    const destination = new TraceOutput(output, [path], context, library);
    const trace = await openInput(path, given, context, library);
    const progress = createProgress(context, 'auto', false, path);
    try {
      const done = await library.convertTrace(
        trace,
        to,
        (bytes) => destination.write(bytes),
        (accesses) => progress.report?.(accesses, trace.bytesRead, trace.totalBytes),
      );
      progress.end();
      if (done.error !== null && done.accesses + done.events === 0) throw done.error;
      destination.commit();
      context.stderr.write(summary([output, destination.size], to, trace, done));
      if (done.error !== null) throw done.error;
    } finally {
      progress.end();
      destination.discard();
      await trace.close();
    }
  });
}
