/** `p2msim trace merge`: several traces as one, with a scheduler's quantum. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { OpenTrace } from '../../index.js';
import type { Context, Tracing } from '../context.js';
import { convertTo } from '../convert-to.js';
import { examples } from '../help.js';
import { addFlags, Given, readOptions } from '../options.js';
import { checkStdin } from '../run-command.js';
import { writerOf } from '../trace-writer.js';

const DEFAULT_QUANTUM = 10_000;

/** Opens all of them, or none. */
async function openAll(
  paths: readonly string[],
  given: Given,
  context: Context,
  library: Tracing,
): Promise<OpenTrace[]> {
  const [format, read, { stdin }] = [given.text('format'), readOptions(given), context];
  const opened: OpenTrace[] = [];
  try {
    for (const path of paths) opened.push(await library.openTrace(path, { format, read, stdin }));
    return opened;
  } catch (error) {
    for (const trace of opened) await trace.close();
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
    .argument('<out>', 'file to write, compressed if it ends in .gz, or - for standard output')
    .argument('<traces...>', 'two or more traces')
    .option('--to <format>', 'format of OUT (default: by the end of its name)')
    .option(
      '--quantum <n>',
      `accesses of a trace before the next has its turn (default: ${DEFAULT_QUANTUM})`,
    );
  addFlags(command, 'input');
  command.addHelpText(
    'after',
    examples(
      ['p2msim trace merge both.p2mtrace redis.p2mtrace gzip.p2mtrace', 'two programs that take turns'],
      ['p2msim trace merge mix.csv gen:zipf gen:gups --quantum 1000', 'generated ones'],
    ),
  );
  command.action(async (output, paths, values) => {
    const library = await context.loadTracing();
    const given = new Given(values, library);
    const to = writerOf(output, given.text('to'), context, library);
    const quantum = given.count('quantum', DEFAULT_QUANTUM);
    if (paths.length < 2) {
      throw new library.UsageError('one trace is given; expected two or more', {
        hint: '`p2msim trace merge OUT ONE OTHER`; `trace convert` writes one',
      });
    }
    if (quantum === 0) throw new library.UsageError('--quantum is 0; expected at least 1 access');
    checkStdin(paths, context, library);
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
