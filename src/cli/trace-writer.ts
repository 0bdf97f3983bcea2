/** Which format a trace is written in: by `--to`, or by the end of the name of the output. */
import type { TraceWriterFormat } from '../index.js';
import type { Context, TraceTools } from './context.js';

/** Throws UsageError if neither says, or if what is not text would go to a terminal. */
export function writerOf(
  output: string,
  to: string | undefined,
  context: Context,
  library: TraceTools,
): TraceWriterFormat {
  checkOutputName(output, library);
  const writer = to === undefined ? byName(output, library) : library.traceWriters.get(to);
  if (output === '-' && writer.name === 'p2mtrace' && context.stdout.isTTY === true) {
    throw new library.UsageError(`standard output is a terminal; ${writer.name} is not text`, {
      hint: 'give the output a name, or pipe it on',
    });
  }
  return writer;
}

/** Ends of names of compressed files that are read and not written. */
const UNWRITTEN = /\.(xz|zst|zstd|zip|bz2|lz4)$/i;

/** Refuses a name that promises what is not written: another compression, a generated trace. */
export function checkOutputName(output: string, library: TraceTools): void {
  if (library.isGenerated(output)) {
    throw new library.UsageError(`${output} is a generated trace; expected a file to write`, {
      hint: `the file to write comes last; ./${output} is a file of that name`,
    });
  }
  const compression = UNWRITTEN.exec(output)?.[1];
  if (compression === undefined) return;
  throw new library.UsageError(`${output}: .${compression} is not written; .gz is`, {
    hint: `name it ${output.replace(UNWRITTEN, '.gz')}, or write to - and compress that`,
  });
}

function byName(output: string, library: TraceTools): TraceWriterFormat {
  const writers = library.traceWriters;
  const writer = library.writerForName(output);
  if (writer !== undefined) return writer;
  const readOnly = library.formats.names().find((name) => output.replace(/\.gz$/, '').endsWith(`.${name}`));
  const what =
    readOnly !== undefined
      ? `${output}: ${readOnly} can be read and not written; the name says nothing`
      : output === '-'
        ? 'standard output has no name'
        : `the name ${output} says nothing`;
  const suffixes = writers.all().flatMap((format) => format.suffixes);
  throw new library.UsageError(`${what} of the format to write`, {
    hint: `give --to FORMAT (${writers.names().join(', ')}), or a name that ends in ${suffixes.join(', ')}`,
  });
}
