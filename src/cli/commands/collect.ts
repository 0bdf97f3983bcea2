/** `p2msim collect`: the results files of one batch as one, checked, and as what other tools read. */
import { extname } from 'node:path';
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Collection, ExportFormat, ResultsInput } from '../../index.js';
import type { Context, FullLibrary } from '../context.js';
import { EXIT_CHECK_FAILED } from '../exit-codes.js';
import { examples } from '../help.js';
import { collected, Given } from '../options.js';
import { checkStdin } from '../run-command.js';
import { OutputFile } from '../output-file.js';

interface Target {
  readonly format: ExportFormat;
  readonly output: OutputFile;
}

/** The format of a file by its extension, that of what is compressed with .gz included. */
function formatOf(path: string, library: FullLibrary): ExportFormat {
  const extension = extname(path.replace(/\.gz$/i, '')).toLowerCase();
  const found = library.exportFormats.all().find(({ extensions }) => extensions.includes(extension));
  if (found !== undefined) return found;
  const known = library.exportFormats.all().flatMap(({ extensions }) => extensions);
  throw new library.UsageError(`${path}: the name does not say the format; expected ${known.join(', ')}`, {
    hint: `or give --format, one of ${library.exportFormats.names().join(', ')}`,
  });
}

function targetsOf(files: readonly string[], given: Given, context: Context, library: FullLibrary): Target[] {
  const outputs = given.list('output');
  const word = given.text('format');
  const chosen = word === undefined ? undefined : library.exportFormats.get(word);
  if (outputs.length > 1 && chosen !== undefined) {
    throw new library.UsageError('--format is for one output; the names of several say their formats');
  }
  const twice = outputs.find((path, i) => outputs.indexOf(path) !== i);
  if (twice !== undefined) throw new library.UsageError(`--output ${twice} is given twice`);
  if (outputs.length === 0) outputs.push('-');
  return outputs.map((path) => ({
    format: chosen ?? (path === '-' ? library.exportFormats.get('jsonl') : formatOf(path, library)),
    output: new OutputFile(path, files, context, library),
  }));
}

async function readAll(
  files: readonly string[],
  context: Context,
  library: FullLibrary,
): Promise<ResultsInput[]> {
  checkStdin(files, context, library);
  const inputs: ResultsInput[] = [];
  for (const file of files) inputs.push(await library.readResultsInput(file, context.stdin));
  return inputs;
}

async function runCollect(files: readonly string[], values: OptionValues, context: Context): Promise<void> {
  const library = await context.loadFullLibrary();
  const given = new Given(values, library);
  const targets = targetsOf(files, given, context, library);
  const metrics = given.text('metrics') ?? null;
  const collection = library.collect(await readAll(files, context, library));
  if (collection.contradictions.length > 0) {
    context.stderr.write(library.contradictionText(collection));
    return context.exit(EXIT_CHECK_FAILED);
  }
  try {
    for (const { format, output } of targets) output.write(await format.write(collection, { metrics }));
    for (const { output } of targets) output.commit();
  } finally {
    for (const { output } of targets) output.discard();
  }
  if (!given.flag('quiet')) context.stderr.write(library.collectionText(collection));
  if (!given.flag('partial') && !isWhole(collection)) context.exit(EXIT_CHECK_FAILED);
}

/** Every point is known to be there and done. */
function isWhole({ points, missing, lines }: Collection): boolean {
  return points !== null && missing.length === 0 && lines.every(({ status }) => status === 'ok');
}

export function addCollect(program: Command, context: Context): void {
  const command = program
    .command('collect')
    .summary('join the results files of a batch, and export them')
    .description(
      'Join the results files of one batch (its shards, or what several runs left) in the order of its points, check ' +
        'them for gaps, repetitions and contradictions, and write them as what other tools read.',
    )
    .argument(
      '<files...>',
      'results files of `sweep --results`, plain or compressed, or - for standard input',
    )
    .option('-o, --output <file>', 'written there; repeatable (default: standard output)', collected)
    .option('--format <name>', 'jsonl, csv, json, markdown or parquet (default: by the name of the output)')
    .option(
      '--metrics <globs>',
      "columns of CSV, Markdown and Parquet: only these, e.g. 'walk.*,cost.cycles'",
    )
    .option('--partial', 'points that are missing or failed, or may be missing, are no error')
    .option('-q, --quiet', 'no summary');
  command.addHelpText(
    'after',
    `
Exit code 1: points are missing or failed, or no file has the header line, which says how many there
should be (what is there is written nevertheless); or two results of a point differ (then nothing is).
` +
      examples(
        ['p2msim collect shard-*.jsonl -o all.jsonl', 'one file, the same bytes however it was sharded'],
        ['p2msim collect all.jsonl -o all.csv -o all.parquet', 'for spreadsheets, pandas, DuckDB'],
        ['p2msim collect all.jsonl --format markdown --metrics cost.cycles', 'a table to paste'],
      ),
  );
  command.action(async (files, values: OptionValues) => runCollect(files, values, context));
}
