/** `p2msim walk`: one access, its translation step by step, every memory reference numbered. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Word64 } from '../../index.js';
import type { Context, Library } from '../context.js';
import { examples } from '../help.js';
import { Given, addFlags, configOptions, readOptions, refuseModes } from '../options.js';
import { asJson } from '../json-text.js';
import { checkStdin, writeWarning } from '../run-command.js';
import { walkText } from '../walk-text.js';

function parseAddress(text: string, library: Library): Word64 {
  const halves = library.parseHex(text);
  if (halves !== null) return halves;
  throw new library.UsageError(`--gva is '${text}'; expected a hexadecimal address of at most 64 bits`);
}

async function runWalk(trace: string, values: OptionValues, context: Context): Promise<void> {
  const library = await context.loadLibrary();
  const given = new Given(values, library);
  checkStdin([trace], context, library);
  refuseModes(given.text('mode') ?? '', 'walk', library);
  const [at, gva] = [given.text('at'), given.text('gva')];
  if (at === undefined && gva === undefined) {
    throw new library.UsageError('walk needs an access to look at; expected --at N or --gva HEX');
  }
  const report = await library.walk({
    trace,
    stdin: context.stdin,
    format: given.text('format'),
    read: readOptions(given, library),
    onWarning: (text) => writeWarning(text, context),
    ...(await configOptions(given, context, library)),
    mode: given.text('mode'),
    at: at === undefined ? null : given.count('at', 0),
    va: gva === undefined ? null : parseAddress(gva, library),
    cold: given.flag('cold'),
  });
  const text = given.flag('json')
    ? asJson(library.walkListing(report))
    : walkText(report, library.formatAddress(report.va.hi, report.va.lo));
  context.stdout.write(text);
}

export function addWalk(program: Command, context: Context): void {
  const command = program
    .command('walk')
    .summary('show the translation of one access step by step')
    .description(
      'Replay a trace up to one access and show every memory reference that translating it makes, and which caches ' +
        '(PWC, nested TLB, host PWC) saved others.',
    )
    .argument('<trace>', 'trace file, plain or compressed, or - for standard input')
    .option('--at <n>', 'record to look at, from 0')
    .option('--gva <hex>', 'address to translate instead of that of the record')
    .option('--cold', 'empty TLBs and walk caches first')
    .option('--json', 'print the steps as JSON');
  addFlags(command, 'input', 'mode', 'model', 'hardware');
  command.addHelpText(
    'after',
    examples(
      ['p2msim walk app.csv --at 0 --cold', 'the first access, nothing cached'],
      ['p2msim walk app.csv --gva 0x7f3a1c2d5e10', 'an address, after the trace'],
    ),
  );
  command.action((trace, values: OptionValues) => runWalk(trace, values, context));
}
