/**
 * The library's verb on saved results: diff. HEAD may be a trace, which is replayed as BASE was.
 */
import { basename } from 'node:path';
import { saidBy, withOrigin } from './config/origin.js';
import { parseSetting, type Setting } from './config/values.js';
import { presets } from './config/presets/index.js';
import { DEFAULT_COST_TABLE } from './cost/table.js';
import type { CostTable } from './cost/types.js';
import { comparison } from './api.js';
import { ConfigError, type TraceError, UsageError } from './errors.js';
import { checkPolicyName } from './hypervisor/shadow/policies/load.js';
import { prepareMachines, resolveModes, type RunOptions, type WantedMachine } from './prepare.js';
import { type DiffOptions, diffSaved } from './report/diff/diff.js';
import type { DiffResult } from './report/diff/diff-result.js';
import { checkComparable } from './report/diff/comparable.js';
import { INPUT_KINDS, type InputKind } from './report/diff/inputs.js';
import { lengthOf } from './report/diff/slices.js';
import type { CompareResult } from './report/result.js';
import { type SavedFile, savedRun, type SavedRun } from './report/saved/saved-run.js';
import { TOOL } from './version.js';

export interface SavedDiffOptions extends DiffOptions {
  /** Saved results; the first is the base. */
  readonly results: readonly SavedFile[];
}

/** Compares saved results metric by metric. Throws what {@link diffSaved} does. */
export function diff({ results, ...options }: SavedDiffOptions): DiffResult {
  return diffSaved(results, TOOL, options);
}

/**
 * Results that were saved apart as one comparison, as `compare` gives it for one pass. They have to be whole results of
 * different modes. Throws UsageError for others, and for what {@link checkComparable} refuses.
 */
export function compareSaved(files: readonly SavedFile[], allow: readonly InputKind[] = []): CompareResult {
  const runs = files.flatMap((file) => file.runs);
  for (const [i, run] of runs.entries()) {
    const twice = runs.slice(0, i).find((other) => other.mode === run.mode);
    if (twice === undefined) continue;
    throw new UsageError(`mode ${run.mode} is in ${twice.file} and in ${run.file}`, {
      hint: '`p2msim diff` compares results of one mode',
    });
  }
  checkComparable(runs, allow);
  const results = runs.map((run) => {
    if (run.result !== null) return run.result;
    throw new UsageError(`${run.file} is a baseline, which holds no whole results`, {
      hint: '`p2msim diff` compares baselines, too',
    });
  });
  return comparison(results, INPUT_KINDS);
}

/** What of a replay is not the saved run's. */
export interface ReplayAsOptions {
  /** Settings over the saved configuration. */
  readonly settings?: readonly Setting[] | undefined;
  readonly jobs?: number | undefined;
  readonly argv?: readonly string[] | undefined;
  readonly onProgress?: RunOptions['onProgress'];
}

/** Runs that were replayed as some saved ones were, and the input error that ended them early. */
export interface ReplayedAs extends SavedFile {
  readonly error: TraceError | null;
}

/**
 * Replays `trace` with the configurations, modes, costs, --skip, --warmup and --limit of `saved`, in as few passes as
 * they allow. Of several traces in `saved` it is those runs whose trace has the name of `trace`.
 */
export async function replayAs(
  saved: SavedFile,
  trace: string,
  options: ReplayAsOptions = {},
): Promise<ReplayedAs> {
  const runs: SavedRun[] = [];
  let error: TraceError | null = null;
  for (const pass of passesOf(runsOfTrace(saved, trace))) {
    const wanted: WantedMachine[] = [];
    for (const run of pass) wanted.push(await wantedMachine(run, options.settings ?? []));
    const prepared = await prepareMachines(passOptions(pass[0]!, trace, options), wanted);
    const finished = await prepared.run();
    error ??= finished.error;
    runs.push(
      ...finished.result.map((result, i) => {
        const { point } = pass[i]!;
        return savedRun(Object.keys(point).length === 0 ? result : { ...result, point }, trace);
      }),
    );
  }
  return { file: trace, schema: saved.schema, runs, error };
}

function runsOfTrace({ file, runs }: SavedFile, trace: string): readonly SavedRun[] {
  const traces = [...new Set(runs.map((run) => run.trace.path))];
  if (traces.length === 1) return runs;
  const named = runs.filter((run) => run.trace.path === trace);
  const called =
    named.length > 0 ? named : runs.filter((run) => basename(run.trace.path) === basename(trace));
  if (new Set(called.map((run) => run.trace.path)).size === 1) return called;
  throw new ConfigError(
    `${file} holds results of ${traces.length} traces, ${called.length === 0 ? 'none' : 'several'} of which called ` +
      `${basename(trace)}: ${traces.join(', ')}`,
    { hint: 'replay the trace by the name that it has in the result' },
  );
}

/** Runs that one pass over the trace can give: the same records in the same format, the same prices. */
function passesOf(runs: readonly SavedRun[]): SavedRun[][] {
  const passes = new Map<string, SavedRun[]>();
  for (const run of runs) {
    const { format, skipped, warmup, badRecords } = run.trace;
    const key = JSON.stringify([
      format,
      skipped,
      warmup,
      badRecords,
      limitOf(run),
      lengthOf(run),
      run.replay,
      [...run.prices],
    ]);
    passes.set(key, [...(passes.get(key) ?? []), run]);
  }
  return [...passes.values()];
}

/** `--limit` that the run had: what it counted, unless the trace or an error ended it. */
function limitOf({ trace, incomplete }: SavedRun): number {
  return trace.whole || incomplete !== null ? Infinity : trace.accesses;
}

function passOptions(run: SavedRun, trace: string, options: ReplayAsOptions): RunOptions {
  const { format, skipped, warmup, badRecords } = run.trace;
  const { modifyAsTwo = false, ignoreColumns = false, lenient = false } = run.replay;
  return {
    trace,
    // A trace of the same name may be stored in another format.
    format: trace === run.trace.path ? format : undefined,
    read: {
      onError: badRecords > 0 ? 'skip' : 'fail',
      maxErrors: badRecords,
      modifyAsTwo,
      ignoreColumns,
    },
    preset: presets.has(run.config.preset) ? run.config.preset : undefined,
    skip: skipped,
    warmup,
    limit: limitOf(run),
    interval: lengthOf(run),
    lenient,
    jobs: options.jobs,
    costs: costsOf(run),
    argv: options.argv,
    onProgress: options.onProgress,
  };
}

/** Every key as it was, whatever the presets of this version say. What is no name here is the file's mistake. */
async function wantedMachine(run: SavedRun, settings: readonly Setting[]): Promise<WantedMachine> {
  const origin = `${run.file}: the run of ${run.trace.path}, ${run.mode}`;
  const mode = run.replay.module ?? run.mode;
  await resolveModes([mode]).catch((error: unknown) => {
    throw withOrigin(error, origin);
  });
  const saved = [...run.config.values].map(([key, value]) =>
    saidBy(origin, () => {
      const setting = parseSetting(key, value, run.file);
      checkPolicyName(setting);
      return setting;
    }),
  );
  return { mode, settings: [...saved, ...settings] };
}

/** The prices of the saved run; terms that it did not have cost what they do now. */
function costsOf({ prices, file }: SavedRun): CostTable {
  return {
    name: file,
    rows: DEFAULT_COST_TABLE.rows.map((row) => {
      const cyclesEach = prices.get(row.term);
      if (cyclesEach === undefined || cyclesEach === row.cyclesEach) return row;
      return { ...row, cyclesEach, source: `assumption of ${file}` };
    }),
  };
}
