/** Which format a trace is written in: by `--to`, or by the end of the name of the output. */
import type { TraceWriterFormat } from '../index.js';
import type { Context, Tracing } from './context.js';

/** Throws UsageError if neither says, or if what is not text would go to a terminal. */
export function writerOf(
  output: string,
  to: string | undefined,
  context: Context,
  library: Tracing,
): TraceWriterFormat {
  const writer = to === undefined ? byName(output, library) : library.traceWriters.get(to);
  if (output === '-' && writer.name === 'p2mtrace' && context.stdout.isTTY === true) {
    throw new library.UsageError(`standard output is a terminal; ${writer.name} is not text`, {
      hint: 'give the output a name, or pipe it on',
    });
  }
  return writer;
}

function byName(output: string, library: Tracing): TraceWriterFormat {
  const writers = library.traceWriters;
  const writer = library.writerForName(output);
  if (writer !== undefined) return writer;
  const what = output === '-' ? 'standard output has no name' : `the name ${output} says nothing`;
  const suffixes = writers.all().flatMap((format) => format.suffixes);
  throw new library.UsageError(`${what} of the format to write`, {
    hint: `give --to FORMAT (${writers.names().join(', ')}), or a name that ends in ${suffixes.join(', ')}`,
  });
}
