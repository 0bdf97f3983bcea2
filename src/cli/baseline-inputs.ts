/** What the two `baseline` commands share: the file, the inputs, the replay of what is in the file. */
import { existsSync } from 'node:fs';
import type { ReplayedAs, SavedFile, SavedRun } from '../index.js';
import type { Context, Judging } from './context.js';
import { type Given, jobsOf } from './options.js';
import { createProgress, type Progress } from './progress.js';

/** File of a baseline unless `--baseline` names another. */
export const DEFAULT_BASELINE = 'p2msim.baseline.json';

export const BASELINE_OPTION = [
  '-b, --baseline <file>',
  `the baseline (default: ${DEFAULT_BASELINE})`,
] as const;

export function baselinePath(given: Given): string {
  return given.text('baseline') ?? DEFAULT_BASELINE;
}

/** The baseline, or null if there is no such file. Throws if it is something else. */
export async function openBaseline(path: string, library: Judging): Promise<SavedFile | null> {
  if (!existsSync(path)) return null;
  const saved = await library.readSaved(path);
  if (saved.schema === library.BASELINE_SCHEMA) return saved;
  throw new library.UsageError(`${path} is a result (${saved.schema}), not a baseline`, {
    hint: `\`p2msim baseline update ${path}\` puts it into ${DEFAULT_BASELINE}; \`p2msim diff\` compares results`,
  });
}

/** As {@link openBaseline}; there must be one. */
export async function requireBaseline(path: string, library: Judging): Promise<SavedFile> {
  const baseline = await openBaseline(path, library);
  if (baseline !== null) return baseline;
  throw new library.UsageError(`there is no baseline ${path}`, {
    hint: '`p2msim baseline update TRACE...` makes one; --baseline names another file',
  });
}

/** Inputs told apart: results are read, traces are named. */
export interface BaselineInputs {
  readonly results: readonly SavedRun[];
  readonly traces: readonly string[];
}

export async function sortInputs(
  paths: readonly string[],
  context: Context,
  library: Judging,
): Promise<BaselineInputs> {
  const results: SavedRun[] = [];
  const traces: string[] = [];
  for (const path of paths) {
    const saved = path === '-' || (await library.looksSaved(path, false));
    if (saved) {
      const { runs, failed } = await library.readSaved(path, context.stdin);
      if (failed !== undefined) context.stderr.write(`note: ${library.failedNote(failed)}\n`);
      results.push(...runs);
    } else traces.push(path);
  }
  return { results, traces };
}

export function progressFor(trace: string, given: Given, context: Context): Progress {
  const choice = given.word('progress', ['auto', 'never', 'ndjson'], 'auto');
  return createProgress(context, choice, given.flag('quiet'), trace);
}

/** Replays everything in `baseline` as it was. */
export async function replayAll(
  baseline: SavedFile,
  given: Given,
  context: Context,
  library: Judging,
): Promise<ReplayedAs> {
  let last: Progress | undefined;
  const progressOf = (trace: string): Progress['report'] => {
    last?.end();
    last = progressFor(trace, given, context);
    return last.report;
  };
  const options = { jobs: jobsOf(given, library, 1), argv: context.argv, progressOf };
  return library.replayBaseline(baseline, options).finally(() => last?.end());
}

/** `3 runs`. */
export function runCount(n: number): string {
  return `${n} ${n === 1 ? 'run' : 'runs'}`;
}
