/** `p2msim compare`: several modes over one pass of each trace, side by side, with a verdict. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { allowedKinds } from '../diff-options.js';
import { examples } from '../help.js';
import { judgementOf } from '../judgement.js';
import { addFlags, collected, Given, modeOf, refuseRunFlags } from '../options.js';
import { Outputs } from '../output.js';
import { checkStdin, runCommand, writeJudged } from '../run-command.js';

/** Puts saved results side by side; false if the inputs are traces. */
async function compareResults(
  paths: readonly string[],
  values: OptionValues,
  context: Context,
): Promise<boolean> {
  const library = await context.loadLibrary();
  const given = new Given(values, library);
  checkStdin(paths, context, library);
  const saved: boolean[] = [];
  for (const path of paths) saved.push(path !== '-' && (await library.looksSaved(path, false, false)));
  const [result, trace] = [saved.indexOf(true), saved.indexOf(false)];
  const allow = allowedKinds(given, library);
  if (result < 0) {
    if (allow.length === 0 || given.has('baseline')) return false;
    throw new library.UsageError('--allow-different is for results or a baseline, and only traces are named');
  }
  if (trace >= 0) {
    throw new library.UsageError(
      `${paths[result]} is a saved result and ${paths[trace]} a trace; expected one kind`,
      {
        hint: '`p2msim diff RESULT TRACE` replays the trace as the result was',
      },
    );
  }
  refuseRunFlags(given, library, 'and results are only read');
  const judging = await context.loadJudging();
  const files = await Promise.all(paths.map(async (path) => judging.readSaved(path)));
  for (const { failed } of files)
    if (failed !== undefined) context.stderr.write(`note: ${judging.failedNote(failed)}\n`);
  const runs = files.flatMap((file) => file.runs);
  const plan = { modes: runs.map(({ mode }) => mode), interval: judging.sliceLength(runs) };
  const judgement = await judgementOf(given, context, library, plan);
  const outputs = await Outputs.open(given, context, library, paths);
  outputs.requireChecks(judgement.budgets.length > 0, library);
  writeJudged(judging.compareSaved(files, allow), judgement, outputs, context, library);
  return true;
}

export function addCompare(program: Command, context: Context): void {
  const command = program
    .command('compare')
    .summary('replay a trace under several modes, side by side')
    .description(
      'Replay each trace once under several modes, print them side by side, and say which is cheaper; or put results ' +
        'of several modes, written by --json, side by side.',
    )
    .argument('<traces...>', 'trace files, plain or compressed, or - for standard input; or saved results')
    .optionsGroup('Compare:')
    .option(
      '--allow-different <kinds>',
      'go on although these differ: trace, config, cost (of results, or from the baseline)',
      collected,
    );
  addFlags(command, 'input', 'run', 'modes', 'jobs', 'model', 'hardware', 'output', 'checks', 'baseline');
  command.addHelpText(
    'after',
    examples(
      ['p2msim compare app.lackey.gz', 'native, hap and shadow'],
      ['p2msim compare app.csv -m hap,shadow --ram 4GiB', 'two modes, a larger guest'],
      ['p2msim compare a.csv b.csv -p zen3 -r markdown', 'two traces, one table each'],
      ['p2msim compare hap.json shadow.json', 'two results that were saved'],
      ["p2msim compare app.csv --fail-on 'hap:walk.refs > 1M'", 'a budget of one mode'],
      ['p2msim compare gen:gups,footprint=1GiB', 'a generated trace: docs/generators.md'],
    ),
  );
  command.action(async (traces, values: OptionValues) => {
    if (await compareResults(traces, values, context)) return;
    const modes = modeOf(values, 'native,hap,shadow')
      .split(',')
      .map((mode) => mode.trim());
    await runCommand(
      { traces, modes, combine: (library, results) => library.comparison(results) },
      values,
      context,
    );
  });
}
