/** `p2msim table`: results as rows and columns of one's choice, against a mode or value, averaged over seeds. */
import { extname } from 'node:path';
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { FailedPoints, ProjectionFormat, SavedRun } from '../../index.js';
import type { Context, FullLibrary } from '../context.js';
import { examples } from '../help.js';
import { collected, Given } from '../options.js';
import { checkStdin } from '../run-command.js';
import { colorChoice, createColorizer, MAX_COLUMNS, outputColumns, wantsColor } from '../terminal.js';
import { OutputFile } from '../output-file.js';

const DEFAULT_METRIC = 'cost.cycles';

function formatOf(given: Given, path: string, library: FullLibrary): ProjectionFormat {
  const formats = library.projectionFormats;
  const word = given.text('format') ?? (given.flag('json') ? 'json' : undefined);
  if (word !== undefined) return formats.get(word);
  const extension = extname(path.replace(/\.gz$/i, '')).toLowerCase();
  return formats.all().find(({ extensions }) => extensions.includes(extension)) ?? formats.get('table');
}

async function runTable(files: readonly string[], values: OptionValues, context: Context): Promise<void> {
  const library = await context.loadFullLibrary();
  const given = new Given(values, library);
  checkStdin(files, context, library);
  const path = given.text('output') ?? '-';
  const format = formatOf(given, path, library);
  const output = new OutputFile(path, files, context, library);
  const runs: SavedRun[] = [];
  const failed: FailedPoints[] = [];
  for (const file of files) {
    const saved = await library.readSaved(file, context.stdin);
    runs.push(...saved.runs);
    if (saved.failed !== undefined) failed.push(saved.failed);
  }
  const metrics = given.list('metric').flatMap((word) => word.split(','));
  const projection = library.project(runs, {
    rows: given.text('row') ?? null,
    columns: given.text('col') ?? null,
    metrics: metrics.length > 0 ? metrics : [DEFAULT_METRIC],
    normalize: given.text('normalize') ?? null,
    tool: library.TOOL,
    failed,
  });
  if (format.failedElsewhere === true)
    for (const each of failed) context.stderr.write(`note: ${library.failedNote(each)}\n`);
  const columns = path === '-' ? outputColumns(context.stdout, context.environment) : MAX_COLUMNS;
  const colored = path === '-' && wantsColor(context.stdout, colorChoice(context.argv), context.environment);
  const color = await createColorizer(colored);
  try {
    output.write(format.render(projection, (text) => color('bold', text), columns));
    output.commit();
  } finally {
    output.discard();
  }
}

export function addTable(program: Command, context: Context): void {
  const command = program
    .command('table')
    .summary('lay saved results out in rows and columns')
    .description(
      'Lay saved results out in rows and columns: a metric of your choice, plain or divided by that of a mode or value, ' +
        'averaged over seeds with its 95% confidence interval.',
    )
    .argument(
      '<files...>',
      'results files, or what --json and -r ndjson wrote; plain or compressed; - for standard input',
    )
    .option('--row <dims>', 'dimensions that make rows (default: what was swept)')
    .option('--col <dims>', 'dimensions that make columns (default: mode)')
    .option(
      '--metric <globs>',
      `metrics, e.g. 'walk.refs,vmexit.*'; repeatable (default: ${DEFAULT_METRIC})`,
      collected,
    )
    .option('--normalize <dim=value>', 'divide by the run with this value, e.g. mode=native')
    .option('-o, --output <file>', 'written there instead of standard output')
    .option('--format <name>', 'table, csv, markdown or json (default: by the name of the output)')
    .option('--json', 'the same as --format json')
    .option('--color <when>', 'always, never or auto (default: auto)');
  command.addHelpText(
    'after',
    `
Dimensions are file, trace, mode, preset, version, and every configuration key. The seed is averaged
over unless it is named; other dimensions that vary make tables of their own.
` +
      examples(
        ['p2msim table all.jsonl', 'cycles: swept keys down, modes across'],
        ['p2msim table all.jsonl --normalize mode=native', 'the same against native'],
        ['p2msim table all.jsonl --row mode --col stlb.entries --metric walk.refs', 'the other way round'],
      ),
  );
  command.action(async (files, values: OptionValues) => runTable(files, values, context));
}
