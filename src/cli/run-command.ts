/**
 * What `replay` and `compare` share: everything that can be wrong is found before the first access,
 * then the traces are replayed one after another and written out together.
 */
import type {
  CheckReport,
  Finished,
  Output,
  Prepared,
  RunOptions,
  RunResult,
  Setting,
  SingleOutput,
  TraceError,
  WantedMachine,
} from '../index.js';
import type { Context, Library } from './context.js';
import { exitWith, type Judgement, judgementOf } from './judgement.js';
import { reportError } from './error-text.js';
import { Given, configOptions, costOption, readOptions, runOptions } from './options.js';
import { Outputs } from './output.js';
import { printConfig } from './print-config.js';
import { type Progress, createProgress } from './progress.js';
import { colorChoice, createColorizer, wantsColor } from './terminal.js';
import { Unfinished } from './unfinished.js';

/** What the two commands differ in. */
export interface RunCommand {
  readonly traces: readonly string[];
  readonly modes: readonly string[];
  /** True for one run by itself, whose slices reports for people show. */
  readonly alone?: boolean;
  /** The machines, if they differ in more than the mode. */
  readonly machines?: readonly WantedMachine[];
  /** The results of one trace as the command's output. */
  readonly combine: (library: Library, results: readonly RunResult[]) => SingleOutput;
}

/** Refuses to wait for a person to type a trace. */
export function checkStdin(traces: readonly string[], context: Context, library: Library): void {
  if (traces.filter((trace) => trace === '-').length > 1) {
    throw new library.UsageError("'-' is given twice, but standard input can be read once");
  }
  if (traces.includes('-') && context.stdin.isTTY === true) {
    throw new library.UsageError('standard input is a terminal; expected a trace on a pipe', {
      hint: 'for example `zcat app.csv.gz | p2msim replay -`; `p2msim --help` shows more',
    });
  }
}

/** How each of `traces` is replayed, by the words that were given. */
export async function optionsFor(
  traces: readonly string[],
  given: Given,
  context: Context,
  library: Library,
): Promise<RunOptions[]> {
  const common = {
    stdin: context.stdin,
    format: given.text('format'),
    read: readOptions(given, library),
    ...(await configOptions(given, context, library)),
    ...runOptions(given, library),
    costs: await costOption(given, library),
    argv: context.argv,
  };
  return traces.map((trace) => ({ trace, ...common }));
}

/** Opens every trace and configures its machines; what was opened before a failure is closed again. */
async function prepareAll(
  all: readonly RunOptions[],
  { modes, machines }: RunCommand,
  progressOf: (trace: string) => Progress,
  unfinished: Unfinished,
  context: Context,
  library: Library,
): Promise<Prepared[]> {
  const opened: Prepared[] = [];
  try {
    for (const [at, options] of all.entries()) {
      const progress = progressOf(options.trace);
      const warnings: string[] = [];
      const onWarning = (text: string): unknown => warnings.push(text);
      const reported = { ...options, onProgress: unfinished.report(progress), onWarning };
      const prepared =
        machines === undefined
          ? await library.prepare(reported, modes)
          : await library.prepareMachines(reported, machines);
      const ended = (): void => {
        progress.end();
        for (const text of warnings) writeWarning(text, context);
      };
      const run: Prepared['run'] = () => {
        unfinished.begin(at);
        return prepared.run().finally(ended);
      };
      opened.push({ ...prepared, run });
    }
  } catch (error) {
    for (const prepared of opened) await prepared.close();
    throw error;
  }
  return opened;
}

/** What is odd about the numbers that come, before they do. */
export function writeWarning(text: string, context: Context): void {
  context.stderr.write(`warning: ${text}\n`);
}

/** A replay; one in which nothing could be counted has its error alone, and leaves others their results. */
async function replayOne(prepared: Prepared, library: Library): Promise<Finished<readonly RunResult[]>> {
  try {
    return await prepared.run().finally(prepared.close);
  } catch (error) {
    if (error instanceof library.TraceError) return { result: [], error };
    throw error;
  }
}

/** Replays one after another, writes all results together, then reports the inputs that ended early. */
async function replayAll(
  opened: readonly Prepared[],
  command: RunCommand,
  judgement: Judgement,
  outputs: Outputs,
  context: Context,
  library: Library,
): Promise<void> {
  const errors: TraceError[] = [];
  const results: SingleOutput[] = [];
  for (const prepared of opened) {
    const { result, error } = await replayOne(prepared, library);
    if (error !== null) errors.push(error);
    if (result.length > 0) results.push(command.combine(library, result));
  }
  context.onEnd(null);
  const [only] = results;
  const ended = { early: errors.length > 0, failed: errors.length > 0 };
  if (only !== undefined)
    writeJudged(results.length === 1 ? only : results, judgement, outputs, context, library, ended);
  for (const error of errors) await warn(error, context, library);
}

/** How runs ended. */
interface Ended {
  /** True if some ended before their trace did. */
  readonly early: boolean;
  /** True if others ended with an error, and have no result. */
  readonly failed: boolean;
}

/** Results that cannot be judged are written before the reason is. */
export function writeJudged(
  output: Output,
  judgement: Judgement,
  outputs: Outputs,
  context: Context,
  library: Library,
  { early, failed }: Ended = { early: false, failed: false },
): void {
  const runs = library.outputsOf(output).flatMap(library.runsOf);
  let report: CheckReport | undefined;
  try {
    report = judgement.judge(runs);
  } finally {
    outputs.write(output, report, !early);
  }
  const ended = failed || runs.some(({ manifest }) => manifest.incomplete !== null);
  exitWith(report, { failing: judgement.failing, ended }, context, library);
}

/** Finds what is wrong with the options, before anything is opened; the modes of the command. */
function checkCommand(options: RunOptions, { modes, machines }: RunCommand, library: Library) {
  return machines === undefined ? library.check(options, modes) : library.checkMachines(options, machines);
}

/** Runs one of the commands to its end. */
export async function runCommand(
  command: RunCommand,
  values: Readonly<Record<string, unknown>>,
  context: Context,
): Promise<void> {
  const library = await context.loadLibrary();
  const given = new Given(values, library);
  checkStdin(command.traces, context, library);
  const choice = given.word('progress', ['auto', 'never', 'ndjson'], 'auto');
  const all = await optionsFor(command.traces, given, context, library);
  if (given.flag('print-config')) return printConfig(all, command, given, context, library);
  const interval = all[0]?.interval ?? 0;
  const plugins = await Promise.all(all.map((options) => checkCommand(options, command, library)));
  const modes = plugins[0]!.map(({ name }) => name);
  const judgement = await judgementOf(given, context, library, { modes, interval });
  const outputs = await Outputs.open(given, context, library, command.traces);
  outputs.requireChecks(judgement.budgets.length > 0, library);
  const sliced = judgement.budgets.some(({ perInterval }) => perInterval);
  if (interval > 0 && !sliced && !given.flag('quiet')) outputs.noteSlices(command.alone !== true);
  if (!given.flag('quiet')) noteIdle(all[0]?.settings ?? [], modes, context);
  const progressOf = (trace: string): Progress => createProgress(context, choice, given.flag('quiet'), trace);
  const unfinished = new Unfinished(command.traces);
  const opened = await prepareAll(all, command, progressOf, unfinished, context, library);
  context.onEnd(() => unfinished.say((text) => context.stderr.write(text)));
  await replayAll(opened, command, judgement, outputs, context, library);
}

/** Says of a flag for shadow paging that no mode here reads it; a mode of the user's may. */
function noteIdle(settings: readonly Setting[], modes: readonly string[], context: Context): void {
  if (modes.some((mode) => mode !== 'hap' && mode !== 'native')) return;
  const idle = settings.find(({ key, origin }) => key.startsWith('shadow.') && origin.startsWith('--'));
  if (idle === undefined) return;
  const flag = idle.origin === '--set' ? `--set ${idle.key}` : idle.origin;
  context.stderr.write(
    `note: ${flag} changes nothing under ${modes.join(' and ')}, only the digest of the configuration\n`,
  );
}

/** An error after which results were still written. */
export async function warn(error: TraceError, context: Context, library: Library): Promise<void> {
  const color = await createColorizer(
    wantsColor(context.stderr, colorChoice(context.argv), context.environment),
  );
  const report = reportError(library, error, color, false);
  context.stderr.write(report.text);
  context.exit(report.exitCode);
}
