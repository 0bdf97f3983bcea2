/**
 * The library's verbs on baselines: what is put into one, and the replay of all that is in one.
 */
import { type ReplayAsOptions, type ReplayedAs, replayAs } from './diff.js';
import { type TraceError, UsageError } from './errors.js';
import { inputDifferences } from './report/diff/inputs.js';
import { BASELINE_SCHEMA, placeOfRun } from './report/saved/baseline.js';
import { metricOf, type SavedFile, type SavedRun } from './report/saved/saved-run.js';

/** Stands for the file of runs that were just replayed. */
const REPLAYED = 'replayed';

/** A baseline, and what became of its runs. */
export interface UpdatedBaseline {
  readonly runs: readonly SavedRun[];
  readonly added: number;
  readonly changed: number;
}

/**
 * The runs of `before` with `runs` put in: a run of the same trace (by path), mode and point is replaced if anything in
 * it is different, and stays as it is, version and all, if not. Throws {@link UsageError} for a run that is incomplete,
 * comes twice, or is of standard input.
 */
export function updateBaseline(before: readonly SavedRun[], runs: readonly SavedRun[]): UpdatedBaseline {
  const kept = new Map(before.map((run) => [placeOfRun(run), run]));
  const seen = new Set<string>();
  let [added, changed] = [0, 0];
  for (const run of runs) {
    const place = placeOfRun(run);
    refuseRun(run, seen.has(place));
    seen.add(place);
    const old = kept.get(place);
    if (old !== undefined && sameRun(old, run)) continue;
    if (old === undefined) added++;
    else changed++;
    kept.set(place, run);
  }
  return { runs: [...kept.values()], added, changed };
}

function refuseRun(run: SavedRun, twice: boolean): void {
  const name = `${run.trace.path}, ${run.mode}`;
  if (twice) {
    throw new UsageError(`${name}: two runs for one entry of the baseline`, {
      hint: 'keep runs of one trace and mode with several configurations in baselines of their own',
    });
  }
  if (run.trace.path === '-') {
    throw new UsageError(`a run of standard input cannot be a baseline: nobody could replay it`, {
      hint: 'replay the trace by its name',
    });
  }
  if (run.incomplete === null) return;
  throw new UsageError(`${name}: an incomplete run cannot be a baseline: ${run.incomplete}`);
}

/** True if both were given and counted the same. */
export function sameRun(a: SavedRun, b: SavedRun): boolean {
  const keys = new Set([...a.metrics.keys(), ...b.metrics.keys()]);
  const counted = [...keys].every((key) => (metricOf(a, key) ?? 0) === (metricOf(b, key) ?? 0));
  return counted && a.guestDigest === b.guestDigest && inputDifferences(a, b).length === 0;
}

/** Replays every run of a baseline, one trace after the other, each as it was. */
export async function replayBaseline(
  baseline: SavedFile,
  options: Omit<ReplayAsOptions, 'settings' | 'onProgress'> & {
    /** Progress of the trace called so. */
    readonly progressOf?: ((trace: string) => ReplayAsOptions['onProgress']) | undefined;
  } = {},
): Promise<ReplayedAs> {
  const runs: SavedRun[] = [];
  let error: TraceError | null = null;
  for (const trace of new Set(baseline.runs.map((run) => run.trace.path))) {
    const ofTrace = { ...baseline, runs: baseline.runs.filter((run) => run.trace.path === trace) };
    const replayed = await replayAs(ofTrace, trace, { ...options, onProgress: options.progressOf?.(trace) });
    runs.push(...replayed.runs);
    error ??= replayed.error;
  }
  return {
    file: REPLAYED,
    schema: BASELINE_SCHEMA,
    runs: runs.map((run) => ({ ...run, file: REPLAYED })),
    error,
  };
}
