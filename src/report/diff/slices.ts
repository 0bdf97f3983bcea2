/**
 * Runs as their slices (--interval), each a run of its own: so that a diff goes slice by slice.
 */
import { UsageError } from '../../errors.js';
import { metricOf, type SavedFile, type SavedRun } from '../saved/saved-run.js';

const HINT = 'replay with --interval N and --json, every side with the same N';

/** The slices of all runs. Throws {@link UsageError} unless every run has some, all of one length. */
export function slicedFiles(files: readonly SavedFile[]): readonly SavedFile[] {
  const runs = files.flatMap((file) => file.runs);
  const whole = runs.find(({ slices }) => slices.length === 0);
  if (whole !== undefined) {
    throw new UsageError(`${whole.file}: ${whole.mode}, ${whole.trace.path} has no slices`, { hint: HINT });
  }
  const [first] = runs;
  const other = runs.find((run) => lengthOf(run) !== lengthOf(first!));
  if (first !== undefined && other !== undefined) {
    throw new UsageError(
      `${first.file} has slices of ${lengthOf(first)} records, ${other.file} of ${lengthOf(other)}`,
      { hint: HINT },
    );
  }
  return files.map((file) => ({ ...file, runs: file.runs.flatMap(slicesOf) }));
}

function slicesOf(run: SavedRun): SavedRun[] {
  return run.slices.map(({ from, metrics }) => ({ ...run, slice: from, metrics, slices: [], result: null }));
}

/** Records of a slice: of the first, for the last one may be shorter. 0 if there are none. */
export function lengthOf({ slices }: SavedRun): number {
  return slices[0]?.accesses ?? 0;
}

/** Slices of two runs that counted something differently; 0 if they were not cut alike. */
export function changedSlices(base: SavedRun, head: SavedRun): number {
  const alike =
    base.slices.length === head.slices.length &&
    base.slices.every(({ from }, i) => from === head.slices[i]!.from);
  if (!alike) return 0;
  return base.slices.filter((slice, i) => {
    const other = head.slices[i]!;
    const keys = new Set([...slice.metrics.keys(), ...other.metrics.keys()]);
    const count = ({ metrics }: typeof slice, key: string): number | null =>
      metricOf({ metrics, zerosLeftOut: false }, key);
    return [...keys].some((key) => count(slice, key) !== count(other, key));
  }).length;
}
