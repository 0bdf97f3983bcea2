/** Columns that experiments share: counts, rates by access or walk, ratios between modes and rows. */
import { metricValues } from '../report/metric-values.js';
import type { RunResult } from '../report/result.js';
import type { Column, ExperimentRow, Place } from './experiment.js';

/** A number of a run in a row. */
export type Value = (run: RunResult, row: ExperimentRow) => number;

/** The sum of some metrics. Throws if there is no such metric, which would be a slip in an experiment. */
export function metric(...keys: readonly string[]): Value {
  return (run) => {
    const values = new Map(metricValues(run));
    return keys.reduce((sum, key) => sum + (values.get(key) ?? 0), 0);
  };
}

/** Accesses of the trace that were counted. */
const accesses: Value = (run) => run.manifest.trace.accesses;

/** `value` per access of the trace, times `per`. */
export function perAccess(value: Value, per = 1): Value {
  return (run, row) => (per * value(run, row)) / accesses(run, row);
}

/** Estimated cycles of translation, what exits cost scaled as the row says. */
export const cycles: Value = (run, { exitScale = 1 }) => {
  const { tlb, walk, exit, hypervisor } = run.cost.byGroup;
  return tlb + walk + exitScale * (exit + hypervisor);
};

/** Per 1000 accesses: hits are free, so one access costs a fraction of a cycle. */
export const cyclesPerThousand = perAccess(cycles, 1000);

/** Walk references by walk. */
export const refsPerWalk: Value = (run) => {
  const { 'walk.refs': refs = 0, 'walk.count': walks = 0 } = run.counters;
  return walks === 0 ? 0 : refs / walks;
};

export const CYCLES = 'cycles/1000';

/** One column a mode. */
export function eachMode(
  modes: readonly string[],
  group: string,
  unit: Column['unit'],
  value: Value,
): Column[] {
  return modes.map((mode) => ({ group, head: mode, unit, of: ({ row, run }) => value(run(mode), row) }));
}

/** One column. */
export function column(
  mode: string,
  group: string,
  head: string,
  unit: Column['unit'],
  value: Value,
): Column {
  return { group, head, unit, of: ({ row, run }) => value(run(mode), row) };
}

/** `mode` against another mode of the same row. */
export function againstMode(mode: string, other: string, group: string, value: Value): Column {
  const of = ({ row, run }: Place): number | null => ratio(value(run(mode), row), value(run(other), row));
  return { group, head: mode, unit: 'ratio', of };
}

/** `mode` against the same mode in the first row. */
export function againstFirst(mode: string, group: string, value: Value): Column {
  return { group, head: mode, unit: 'ratio', of: (place) => againstRow(mode, value, place, place.rows[0]) };
}

/** `mode` in `place` against the same mode in another row. */
export function againstRow(mode: string, value: Value, place: Place, base: Place | undefined): number | null {
  if (base === undefined) return null;
  return ratio(value(place.run(mode), place.row), value(base.run(mode), base.row));
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** `12% less than none`, `3.4% more than four`, `as much as native`: a ratio to `other` in words. */
export function change(ratio: number, other: string): string {
  const percent = (ratio - 1) * 100;
  const shown = Math.abs(percent).toFixed(Math.abs(percent) < 10 ? 1 : 0);
  if (Number(shown) === 0) return `as much as ${other}`;
  return `${shown}% ${percent < 0 ? 'less' : 'more'} than ${other}`;
}
