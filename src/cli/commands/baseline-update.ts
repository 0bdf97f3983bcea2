/** `p2msim baseline update`: puts runs into the baseline: traces that are replayed, results, or what is in it, anew. */
import type { CommandUnknownOpts, OptionValues } from '@commander-js/extra-typings';
import type { SavedFile, SavedRun, UpdatedBaseline } from '../../index.js';
import {
  BASELINE_OPTION,
  baselinePath,
  openBaseline,
  progressFor,
  replayAll,
  requireBaseline,
  runCount,
  sortInputs,
} from '../baseline-inputs.js';
import type { Context, Judging } from '../context.js';
import { examples } from '../help.js';
import { addFlags, Given, modeOf, refuseRunFlags } from '../options.js';
import { Outputs } from '../output.js';
import { checkStdin, optionsFor } from '../run-command.js';
import { OutputFile } from '../output-file.js';

const MODES = 'native,hap,shadow';
const NOTHING_NAMED = 'and none is named: everything is replayed as it was';

/** The runs of traces, replayed as the words say. */
async function replayTraces(
  traces: readonly string[],
  given: Given,
  values: OptionValues,
  context: Context,
  library: Judging,
): Promise<SavedRun[]> {
  const modes = modeOf(values, MODES)
    .split(',')
    .map((mode) => mode.trim());
  const all = await optionsFor(traces, given, context, library);
  for (const options of all) await library.check(options, modes);
  const runs: SavedRun[] = [];
  for (const options of all) {
    const progress = progressFor(options.trace, given, context);
    const prepared = await library.prepare({ ...options, onProgress: progress.report }, modes);
    const { result, error } = await prepared.run().finally(progress.end);
    if (error !== null) throw error;
    runs.push(...result.map((run) => library.savedRun(run, 'replayed')));
  }
  return runs;
}

/** What is put in, and the baseline that it is put into. */
async function newRuns(
  path: string,
  inputs: readonly string[],
  values: OptionValues,
  context: Context,
  library: Judging,
): Promise<{ readonly before: SavedFile | null; readonly runs: readonly SavedRun[] }> {
  const given = new Given(values, library);
  if (inputs.length === 0) {
    refuseRunFlags(given, library, NOTHING_NAMED);
    const before = await requireBaseline(path, library);
    const { runs, error } = await replayAll(before, given, context, library);
    if (error !== null) throw error;
    return { before, runs };
  }
  const before = await openBaseline(path, library);
  const { results, traces } = await sortInputs(inputs, context, library);
  if (traces.length === 0) refuseRunFlags(given, library, NOTHING_NAMED);
  return { before, runs: [...results, ...(await replayTraces(traces, given, values, context, library))] };
}

/** What the update changes, for the reporters. */
function showChanges(
  before: SavedFile | null,
  runs: readonly SavedRun[],
  outputs: Outputs,
  library: Judging,
): void {
  const places = new Set(runs.map((run) => library.placeOfRun(run)));
  const old = (before?.runs ?? []).filter((run) => places.has(library.placeOfRun(run)));
  if (old.length === 0) return;
  const known = new Set(old.map((run) => library.placeOfRun(run)));
  const head = runs.filter((run) => known.has(library.placeOfRun(run)));
  const renamed = head.map((run) => ({ ...run, file: 'updated' }));
  const results = [
    { file: old[0]!.file, schema: library.BASELINE_SCHEMA, runs: old },
    { file: 'updated', schema: library.BASELINE_SCHEMA, runs: renamed },
  ];
  outputs.writeDiff(library.diff({ results, allow: library.INPUT_KINDS }), { rows: ['metric'] });
}

function summary(path: string, { runs, added, changed }: UpdatedBaseline): string {
  const news = [...(added > 0 ? [`${added} new`] : []), ...(changed > 0 ? [`${changed} changed`] : [])];
  return `${path}: ${runCount(runs.length)}, ${news.length === 0 ? 'nothing changed' : news.join(', ')}\n`;
}

async function runUpdate(inputs: readonly string[], values: OptionValues, context: Context): Promise<void> {
  const library = await context.loadJudging();
  const given = new Given(values, library);
  checkStdin(inputs, context, library);
  const path = baselinePath(given);
  const outputs = await Outputs.open(given, context, library, [path, ...inputs]);
  const file = new OutputFile(path, inputs, context, library);
  try {
    outputs.requireDiff(library);
    const { before, runs } = await newRuns(path, inputs, values, context, library);
    const updated = library.updateBaseline(before?.runs ?? [], runs);
    if (updated.added + updated.changed > 0) {
      file.write(library.baselineText(updated.runs));
      file.commit();
    }
    showChanges(before, runs, outputs, library);
    if (!given.flag('quiet')) context.stderr.write(summary(path, updated));
  } finally {
    file.discard();
  }
}

export function addBaselineUpdate(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('update')
    .summary('put runs into the baseline, or replay all that is in it')
    .description(
      'Replay traces and put the runs into the baseline, or put saved results there. Without an input, replay ' +
        'everything in the baseline as it was, and keep what comes out now.',
    )
    .argument('[inputs...]', 'traces, and results written by --json')
    .optionsGroup('Baseline:')
    .option(...BASELINE_OPTION);
  addFlags(command, 'input', 'run', 'modes', 'jobs', 'model', 'hardware', 'output');
  command.addHelpText(
    'after',
    examples(
      ['p2msim baseline update app.csv', 'native, hap and shadow, into p2msim.baseline.json'],
      ['p2msim baseline update app.csv -m hap -p zen3', 'one mode of another machine'],
      ['p2msim baseline update result.json', 'a result that was saved'],
      ['p2msim baseline update', 'accept what comes out now'],
    ),
  );
  command.action(async (inputs, values: OptionValues) => runUpdate(inputs, values, context));
}
