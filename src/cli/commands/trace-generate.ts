/** `p2msim trace generate`: writes a measured workload, with any parameters, as a trace. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context, FullLibrary } from '../context.js';
import { systemReason } from '../error-text.js';
import { examples } from '../help.js';
import { collected, Given } from '../options.js';

/** Where the text goes. */
interface Destination {
  write(text: string): void;
  close(): void;
}

/**
 * A file, compressed if its name ends in .gz (one gzip member per piece), or standard output. The file is opened
 * when there is something to write: a scenario that is refused leaves an older one alone.
 */
function destinationOf(path: string | undefined, context: Context, library: FullLibrary): Destination {
  if (path === undefined || path === '-') {
    return { write: (text) => void context.stdout.write(text), close: () => undefined };
  }
  const encode = path.endsWith('.gz') ? gzipSync : (text: string) => Buffer.from(text);
  let fd: number | null = null;
  return {
    write: (text) => {
      try {
        fd ??= openSync(path, 'w');
        writeAll(fd, encode(text));
      } catch (cause) {
        throw new library.UsageError(`${path}: cannot be written: ${systemReason(cause)}`, {
          cause,
          hint: 'give -o a file in a folder that exists and may be written to; without -o the trace goes to standard output',
        });
      }
    },
    close: () => {
      if (fd !== null) closeSync(fd);
    },
  };
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
}

export function addGenerate(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('generate')
    .summary('write a measured workload as a trace')
    .description(
      'Write a workload that was measured on Xen or KVM, with any parameters, as a p2msim trace (CSV). ROI marks ' +
        'hold the measured region.',
    )
    .option('--scenario <name>', 'the workload; --list shows all')
    .option('--suite <name>', 'suite of the scenario (default: the one that has it)')
    .option('--param <name=value>', 'parameter of the scenario; repeatable', collected)
    .option('-o, --output <file>', 'file; compressed if it ends in .gz (default: standard output)')
    .option('--list', 'print suites, scenarios and their parameters')
    .addHelpText(
      'after',
      examples(
        ['p2msim trace generate --list', 'every scenario and its parameters'],
        [
          'p2msim trace generate --scenario fork_exit --param r=2 -o fork.csv.gz',
          'then: p2msim replay fork.csv.gz -m shadow',
        ],
      ),
    );
  command.action(async (values) => {
    const library = await context.loadFullLibrary();
    const given = new Given(values, library);
    if (given.flag('list')) {
      context.stdout.write(library.scenarioListText(library.scenarioSuites(given.text('suite'))));
      return;
    }
    const name = given.text('scenario');
    if (name === undefined) {
      throw new library.UsageError('no scenario given', {
        hint: 'give --scenario NAME; `p2msim trace generate --list` shows the names',
      });
    }
    const { suite, scenario } = library.findScenario(name, given.text('suite'));
    const params = library.completeParams(scenario, library.splitParams(given.list('param')));
    const destination = destinationOf(given.text('output'), context, library);
    try {
      library.writeScenarioTrace(suite, scenario, params, (text) => destination.write(text));
    } finally {
      destination.close();
    }
  });
}
