/** What a report of a diff says besides its numbers: which sides, and why the numbers may say less than they seem to. */
import { counted } from '../numbers.js';
import type { ReporterOptions } from '../output.js';
import { failedNote } from '../saved/failed-points.js';
import type { SavedRun } from '../saved/saved-run.js';
import { type DiffGroup, type DiffResult, otherGuests, otherSlices, unchanged } from './diff-result.js';
import type { InputDifference } from './inputs.js';
import { unchangedCount } from './diff-view.js';

/** `base  base.json, p2msim 0.3.0, hap, redis.csv sha256 5f1c9a0e, config 77ab01c2`, one a side. */
export function sideLines(diff: DiffResult): string[] {
  const width = Math.max(...diff.sides.map(({ label }) => label.length));
  return diff.sides.map(({ label, file, versions }, side) => {
    const runs = diff.groups.flatMap((group) => group.runs[side] ?? []);
    const each = (what: (run: SavedRun) => string): string => [...new Set(runs.map(what))].join(', ');
    const facts = [
      ...(label === file ? [] : [file]),
      `p2msim ${versions.join(', ')}`,
      each((run) => run.mode),
      each((run) => `${run.trace.path} sha256 ${run.trace.sha256.slice(0, 8)}`),
      `config ${each((run) => run.config.sha256.slice(0, 8))}`,
    ];
    return `${label.padEnd(width)}  ${facts.join('  ')}`;
  });
}

/** Runs without a counterpart, runs that ended early, guests that ended differently, points that failed. */
export function cautions(diff: DiffResult): string[] {
  const notes = diff.groups.flatMap((group, at) => {
    const present = group.runs.flatMap((run, side) => (run === null ? [] : [{ run, side }]));
    const missing = diff.sides.filter((_, side) => group.runs[side] === null);
    const [first] = present;
    const name = first === undefined ? '' : `${first.run.mode}, ${first.run.trace.path}`;
    const alone = missing.map(({ label }) => `${name}: not in ${label}`);
    const early = present
      .filter(({ run }) => run.incomplete !== null)
      .map(({ run, side }) => `INCOMPLETE: ${diff.sides[side]!.label}, ${run.mode}: ${run.incomplete ?? ''}`);
    const guests = otherGuests(diff, at).map(
      (side) =>
        `${name}: the guest ended with other page tables in ${diff.sides[side]!.label} ` +
        `(digest ${digest(first?.run)} -> ${digest(group.runs[side])})`,
    );
    return [...alone, ...early, ...guests, ...sliceNotes(diff, group)];
  });
  // Slices of one run all have the same to say.
  return [...new Set([...notes, ...diff.failed.map(failedNote)])];
}

/** What sums do not show: counts that moved from one slice to another. */
function sliceNotes(diff: DiffResult, group: DiffGroup): string[] {
  const equal = group.metrics.every((metric) => unchanged(metric, group));
  if (!equal) return [];
  return otherSlices(group).map(([side, slices]) => {
    const { mode, slices: all } = group.runs[side]!;
    const of = `${slices} of ${all.length} slices`;
    return `${diff.sides[side]!.label}, ${mode}: the sums are equal, ${of} are not (--row interval)`;
  });
}

function digest(run: SavedRun | null | undefined): string {
  return run?.guestDigest.slice(0, 8) ?? '';
}

/** Inputs that differ and were allowed to, each once: a line that says so, then one a key. */
export function inputLines(
  diff: DiffResult,
): readonly { readonly title: string; readonly keys: readonly InputDifference[] }[] {
  const seen = new Map<string, { title: string; keys: readonly InputDifference[] }>();
  for (const { side, differences } of diff.inputs) {
    const title = `${diff.sides[0]!.label} and ${diff.sides[side]!.label} were given different things:`;
    seen.set(JSON.stringify([title, differences]), { title, keys: differences });
  }
  return [...seen.values()];
}

/** How many numbers are the same, where they are not shown. */
export function unchangedLine(diff: DiffResult, options: ReporterOptions): string[] {
  const count = unchangedCount(diff);
  if (options.all || options.metrics !== null || count === 0) return [];
  return [`${counted(count, 'metric')} unchanged (--all shows ${count === 1 ? 'it' : 'them'})`];
}
