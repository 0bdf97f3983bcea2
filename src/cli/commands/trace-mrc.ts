/** `p2msim trace mrc`: misses of TLBs of every size from one pass: a table, a plot, CSV or JSON. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { OpenTrace } from '../../index.js';
import type { Context, FullLibrary } from '../context.js';
import { examples } from '../help.js';
import { openPart } from '../open-input.js';
import { Given, addFlags } from '../options.js';
import { outputColumns, wantsUnicode } from '../terminal.js';

type Reporter = 'table' | 'csv' | 'json';

const MAX_ENTRIES = 2 ** 31 - 1;
const MAX_SETS = 65536;
const MAX_WAYS = 1024;
/** Entries of one set-associative array: 4 MiB. */
const MAX_SET_ENTRIES = 2 ** 20;
const DEFAULT_WAYS = 16;
/** Flags that say something about the curve, which --sets does not make. */
const CURVE_FLAGS = ['at', 'sample', 'seed', 'plot'] as const;

/** What to do, read from the words before the trace is opened. */
type Task = (trace: OpenTrace) => Promise<string>;

function addOptions(command: CommandUnknownOpts): void {
  command
    .option('--accesses <which>', 'all, data (reads and writes) or fetch (default: all)')
    .option('--page-size <size>', 'size of every page: 4k, 2m or 1g (default: 4k)')
    .option('--at <sizes>', 'sizes to show besides the powers of two, e.g. 64,1536')
    .option(
      '--sample <rate>',
      'estimate, with a standard error, from this share of the pages, e.g. 0.01; fails if none is in it (default: exact)',
    )
    .option('--seed <n>', 'which pages --sample takes (default: 1)')
    .option('--plot', 'draw the curve, too')
    .option('--sets <n>', 'set-associative instead: misses by ways at this number of sets')
    .option('--ways <n>', `most ways with --sets (default: ${DEFAULT_WAYS})`)
    .option('-r, --reporter <name>', 'table, csv or json; csv and json have every size (default: table)')
    .option('--json', 'the same as -r json');
}

/** An integer from `min` to `max`. */
function integerOf(word: string, flag: string, min: number, max: number, library: FullLibrary): number {
  const value = /^\d{1,10}$/.test(word) ? Number(word) : NaN;
  if (value >= min && value <= max) return value;
  throw new library.UsageError(`${flag} is '${word}'; expected a number from ${min} to ${max}`);
}

function integer(
  given: Given,
  name: string,
  otherwise: number,
  min: number,
  max: number,
  library: FullLibrary,
): number {
  const word = given.text(name);
  return word === undefined ? otherwise : integerOf(word, `--${name}`, min, max, library);
}

function rateOf(word: string, library: FullLibrary): number {
  const rate = /^[\d.]+(?:e-\d+)?$/.test(word) ? Number(word) : NaN;
  if (rate > 0 && rate <= 1) return rate;
  throw new library.UsageError(`--sample is '${word}'; expected a share of the pages above 0 and at most 1`, {
    hint: 'without --sample the curve is exact; 0.01 samples one page in a hundred',
  });
}

function reporterOf(given: Given, library: FullLibrary): Reporter {
  const reporter = given.word('reporter', ['table', 'csv', 'json'], given.flag('json') ? 'json' : 'table');
  if (!given.flag('json') || reporter === 'json') return reporter;
  throw new library.UsageError(`--json and -r ${reporter} exclude each other`);
}

function inputOf(given: Given) {
  return {
    pageSize: given.word('page-size', ['4k', '2m', '1g'], '4k'),
    kinds: given.word('accesses', ['all', 'data', 'fetch'], 'all'),
  };
}

function waysTask(given: Given, context: Context, library: FullLibrary): Task {
  const other = CURVE_FLAGS.find((flag) => given.text(flag) !== undefined || given.flag(flag));
  if (other !== undefined) {
    throw new library.UsageError(`--sets and --${other} exclude each other`, {
      hint: '--sets prints exact misses by ways, not a curve over sizes',
    });
  }
  const sets = integer(given, 'sets', 1, 1, MAX_SETS, library);
  if (!Number.isInteger(Math.log2(sets))) {
    throw new library.UsageError(`--sets is '${sets}'; expected a power of two`);
  }
  const ways = integer(given, 'ways', DEFAULT_WAYS, 1, MAX_WAYS, library);
  if (sets * ways > MAX_SET_ENTRIES) {
    throw new library.UsageError(
      `${sets} sets of ${ways} ways are ${sets * ways} entries; at most ${MAX_SET_ENTRIES}`,
    );
  }
  const options = { ...inputOf(given), sets, ways };
  const reporter = reporterOf(given, library);
  return async (trace) => {
    const result = await library.missesByWays(trace, options);
    if (reporter === 'json') return library.missesByWaysJson(result);
    if (reporter === 'csv') return library.missesByWaysCsv(result);
    return library.missesByWaysText(result, outputColumns(context.stdout, context.environment));
  };
}

function curveTask(given: Given, context: Context, library: FullLibrary): Task {
  const rate = given.text('sample');
  for (const [flag, needed] of [
    ['ways', 'sets'],
    ['seed', 'sample'],
  ] as const) {
    if (given.text(flag) !== undefined && given.text(needed) === undefined)
      throw new library.UsageError(`--${flag} needs --${needed}`);
  }
  const at = given.text('at');
  const options = {
    ...inputOf(given),
    at: at === undefined ? [] : at.split(',').map((word) => integerOf(word, '--at', 1, MAX_ENTRIES, library)),
    sample:
      rate === undefined
        ? null
        : { rate: rateOf(rate, library), seed: integer(given, 'seed', 1, 0, MAX_ENTRIES, library) },
  };
  const reporter = reporterOf(given, library);
  if (given.flag('plot') && reporter !== 'table') {
    throw new library.UsageError(`--plot and -r ${reporter} exclude each other`);
  }
  return async (trace) => {
    const result = await library.missRatioCurve(trace, options);
    if (reporter === 'json') return library.missRatioJson(result);
    if (reporter === 'csv') return library.missRatioCsv(result);
    const characters = wantsUnicode(context.environment) ? library.UNICODE_PLOT : library.ASCII_PLOT;
    const columns = outputColumns(context.stdout, context.environment);
    return library.missRatioText(result, { columns, plot: given.flag('plot') ? characters : null });
  };
}

export function addMrc(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('mrc')
    .summary('print the misses of TLBs of every size')
    .description(
      'Print the misses of a TLB by its size (miss-ratio curve), exact for every size at once: LRU stack distances ' +
        'in one pass over the trace. Fully associative, LRU, never flushed; docs/mrc.md.',
    )
    .argument('<trace>', 'trace file, plain or compressed, or - for standard input');
  addOptions(command);
  addFlags(command, 'input', 'part');
  command.addHelpText(
    'after',
    examples(
      ['p2msim trace mrc app.lackey.gz --at 1536 --plot', 'one TLB, at powers of two and 1536'],
      ['p2msim trace mrc app.lackey.gz --accesses data --sets 16', 'data TLBs of 16 sets, 1 to 16 ways'],
      ['p2msim trace mrc big.csv.gz --sample 0.01', 'an estimate, with its error'],
      ['p2msim trace mrc big.csv.gz --skip 10M --limit 1M', 'a million records from the middle'],
    ),
  );
  command.action(async (path, values) => {
    const library = await context.loadFullLibrary();
    const given = new Given(values, library);
    const task =
      given.text('sets') === undefined
        ? curveTask(given, context, library)
        : waysTask(given, context, library);
    const trace = await openPart(path, given, context, library);
    context.stdout.write(await task(trace).finally(() => trace.close()));
  });
}
