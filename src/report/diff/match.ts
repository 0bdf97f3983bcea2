/**
 * Which run of one side belongs to which of the other.
 *
 * Runs that agree in mode, swept keys and trace belong together; then those whose trace has at least the same path or
 * name; then, where only one of each is left, these two whatever their mode. So two results of different modes are
 * compared, and a comparison of three modes is compared mode by mode.
 */
import type { SavedRun } from '../saved/saved-run.js';
import { dimensionOf, INTERVAL, traceName } from './dimensions.js';

/** Runs that belong together, one of each side; null where a side has none. */
export type Match = readonly [base: SavedRun | null, head: SavedRun | null];

type Fits = (a: SavedRun, b: SavedRun) => boolean;

/** Matches in the order of `base`, then what only `head` has. `columns` are the dimensions that make the sides. */
export function matchRuns(
  base: readonly SavedRun[],
  head: readonly SavedRun[],
  columns: readonly string[],
): Match[] {
  const partner = new Map<SavedRun, SavedRun>();
  const taken = new Set<SavedRun>();
  for (const [fits, onlyIfAlone] of rounds(columns)) {
    for (const run of base.filter((each) => !partner.has(each))) {
      const candidates = head.filter((other) => !taken.has(other) && fits(run, other));
      const rivals = base.filter(
        (each) => !partner.has(each) && candidates.some((other) => fits(each, other)),
      );
      const [found] = candidates;
      if (found === undefined || (onlyIfAlone && (candidates.length > 1 || rivals.length > 1))) continue;
      partner.set(run, found);
      taken.add(found);
    }
  }
  return [
    ...base.map((run): Match => [run, partner.get(run) ?? null]),
    ...head.filter((run) => !taken.has(run)).map((run): Match => [null, run]),
  ];
}

/** From strict to lax; true if a round takes what is the only one left. */
function rounds(columns: readonly string[]): readonly (readonly [Fits, boolean])[] {
  const same = (...names: string[]): Fits => {
    const compared = names.filter((name) => !columns.includes(name));
    return (a, b) =>
      compared.every((name) => dimensionOf(a, name) === dimensionOf(b, name)) && samePoint(a, b, columns);
  };
  const rest: Fits = same('file', 'mode');
  const place: Fits = same('file');
  return [
    [(a, b) => rest(a, b) && sameTrace(a, b), false],
    [(a, b) => rest(a, b) && a.trace.path === b.trace.path, false],
    [(a, b) => rest(a, b) && traceName(a) === traceName(b), true],
    [rest, true],
    [(a, b) => place(a, b) && sameTrace(a, b), true],
    [place, true],
  ];
}

function samePoint(a: SavedRun, b: SavedRun, columns: readonly string[]): boolean {
  if (a.slice !== b.slice && !columns.includes(INTERVAL)) return false;
  const keys = new Set([...Object.keys(a.point), ...Object.keys(b.point)]);
  return [...keys].every((key) => columns.includes(key) || a.point[key] === b.point[key]);
}

function sameTrace({ trace: a }: SavedRun, { trace: b }: SavedRun): boolean {
  return (
    a.sha256 === b.sha256 && a.skipped === b.skipped && a.warmup === b.warmup && a.accesses === b.accesses
  );
}
