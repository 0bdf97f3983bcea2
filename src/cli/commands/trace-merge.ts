/** `p2msim trace merge`: several traces as one, with a scheduler's quantum. */
import { statSync } from 'node:fs';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { OpenTrace } from '../../index.js';
import type { Context, TraceTools } from '../context.js';
import { convertTo } from '../convert-to.js';
import { examples } from '../help.js';
import { addFlags, Given, readOptions } from '../options.js';
import { checkStdin, writeWarning } from '../run-command.js';
import { writerOf } from '../trace-writer.js';

const DEFAULT_QUANTUM = 10_000;

/** Opens all of them, or none. */
async function openAll(
  paths: readonly string[],
  given: Given,
  context: Context,
  library: TraceTools,
): Promise<OpenTrace[]> {
  const [format, read, { stdin }] = [given.text('format'), readOptions(given, library), context];
  const onWarning = (text: string): void => writeWarning(text, context);
  const opened: OpenTrace[] = [];
  try {
    for (const path of paths) opened.push(await library.openTrace(path, { format, read, stdin, onWarning }));
    return opened;
  } catch (error) {
    for (const trace of opened) await trace.close();
    throw error;
  }
}

/** The traces, and the file to write behind them. */
function operandsOf(words: readonly string[], library: TraceTools): { paths: string[]; output: string } {
  const [paths, output] = [words.slice(0, -1), words.at(-1)];
  if (output !== undefined && paths.length >= 2) return { paths, output };
  const found = paths.length === 1 ? 'one trace is given' : 'no trace is given';
  throw new library.UsageError(`${found} before OUT; expected two or more`, {
    hint: '`p2msim trace merge ONE OTHER OUT`; `trace convert` writes one',
  });
}

/** A trace in the place of OUT may be one that was to be merged: there are several, and nothing tells them apart. */
async function refuseTrace(output: string, library: TraceTools): Promise<void> {
  const format = await formatOf(output, library);
  if (format === null) return;
  throw new library.UsageError(`${output} is there already and is a trace (${format})`, {
    hint: 'the last word is the file to write: `p2msim trace merge ONE OTHER OUT`; --force writes over it',
  });
}

/** The format of the trace at `path`; null: it is none. */
async function formatOf(path: string, library: TraceTools): Promise<string | null> {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
  try {
    const trace = await library.openTrace(path, { read: library.DEFAULT_READ_OPTIONS });
    await trace.close();
    return trace.format;
  } catch (error) {
    if (error instanceof library.TraceError) return null;
    throw error;
  }
}

export function addMerge(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('merge')
    .summary('write several traces as one')
    .description(
      'Write several traces as one, as if a scheduler gave each the machine for a quantum of accesses in turn. Address ' +
        'spaces become NUMBER:NAME, by the number of the trace; vcpus keep their numbers.',
    )
    // commander has no argument behind one that repeats; the last word is taken off by us.
    .usage('[options] <traces...> <out>')
    .argument(
      '<traces...>',
      'two or more traces; then OUT: file to write, compressed if it ends in .gz, or - for standard output',
    )
    .option('--to <format>', 'format of OUT (default: by the end of its name)')
    .option('--force', 'write over OUT even if it is a trace')
    .option(
      '--quantum <n>',
      `accesses of a trace before the next has its turn (default: ${DEFAULT_QUANTUM})`,
    );
  addFlags(command, 'input');
  command.addHelpText(
    'after',
    examples(
      ['p2msim trace merge redis.p2mtrace gzip.p2mtrace both.p2mtrace', 'two programs that take turns'],
      ['p2msim trace merge gen:zipf gen:gups mix.csv --quantum 1000', 'generated ones'],
    ),
  );
  command.action(async (words, values) => {
    const library = await context.loadTraceTools();
    const given = new Given(values, library);
    const { paths, output } = operandsOf(words, library);
    const to = writerOf(output, given.text('to'), context, library);
    const quantum = given.count('quantum', DEFAULT_QUANTUM);
    if (quantum === 0) throw new library.UsageError('--quantum is 0; expected at least 1 access');
    checkStdin(paths, context, library);
    if (!given.flag('force')) await refuseTrace(output, library);
    const open = async () => {
      const traces = await openAll(paths, given, context, library);
      try {
        return library.mergeTraces(traces, quantum);
      } catch (error) {
        for (const trace of traces) await trace.close();
        throw error;
      }
    };
    await convertTo(output, to, paths, open, context, library);
  });
}
