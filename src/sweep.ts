/**
 * Sweep: one trace, many configurations: the cartesian product of some configuration keys' values and some modes.
 *
 * The trace is decoded once and every point is a machine of its own; points may be spread over threads (`jobs`).
 */
import { findKey, formatValue } from './config/keys.js';
import { parseSetting, type Setting } from './config/values.js';
import { UsageError } from './errors.js';
import {
  type Finished,
  type Prepared,
  prepareMachines,
  type RunOptions,
  type WantedMachine,
} from './prepare.js';
import { type RunResult, SWEEP_SCHEMA, type SweepResult } from './report/result.js';
import { TOOL } from './version.js';

/** Points that one pass can have: each is a machine with tables of its own. */
export const MAX_POINTS = 4096;

/** A configuration key and the values it takes, each from the same source, e.g. `-L stlb.entries`. */
export interface SweepAxis {
  readonly key: string;
  readonly values: readonly Setting[];
}

export interface SweepOptions extends RunOptions {
  readonly modes: readonly string[];
  readonly axes: readonly SweepAxis[];
}

/** The axis of `key` with a list of values. Throws ConfigError for an unknown key or value. */
export function axisOfList(key: string, values: readonly string[], origin: string): SweepAxis {
  const row = findKey(key, origin);
  const settings = values.map((value) => parseSetting(key, value.trim(), origin));
  const twice = settings.find((setting, i) => settings.findIndex((s) => s.value === setting.value) !== i);
  if (twice !== undefined) {
    throw new UsageError(`${origin}: ${row.key} takes the value ${formatValue(twice.value)} twice`, {
      hint: 'name each value once',
    });
  }
  return { key: row.key, values: settings };
}

/**
 * The axis of `key` from `from` to at most `to`. A step of `xN` multiplies, one of `+N` adds.
 * Throws UsageError if there is no such row of values.
 */
export function axisOfRange(key: string, from: string, to: string, step: string, origin: string): SweepAxis {
  const [first, last] = [from, to].map((text) => parseSetting(key, text, origin).value);
  const match = /^([x+])(\d{1,9})$/.exec(step);
  if (match === null || Number(match[2]) < (match[1] === 'x' ? 2 : 1)) {
    throw new UsageError(`${origin}: the step is '${step}'; expected x2 (double) or +1 (add 1) and the like`);
  }
  if (typeof first !== 'number' || typeof last !== 'number' || first > last) {
    throw new UsageError(`${origin}: expected a range of numbers from low to high, found ${from} to ${to}`);
  }
  if (match[1] === 'x' && first < 1)
    throw new UsageError(`${origin}: a multiplied range begins at 1 or more`);
  const values: string[] = [];
  const next = (value: number): number =>
    match[1] === 'x' ? value * Number(match[2]) : value + Number(match[2]);
  for (let value = first; value <= last && values.length <= MAX_POINTS; value = next(value))
    values.push(String(value));
  return axisOfList(key, values, origin);
}

/** The points in order: the last axis varies fastest, modes fastest of all. */
export function sweepPoints(modes: readonly string[], axes: readonly SweepAxis[]): readonly WantedMachine[] {
  const twice = axes.find((axis, i) => axes.findIndex(({ key }) => key === axis.key) !== i);
  if (twice !== undefined) throw new UsageError(`key '${twice.key}' is swept twice`);
  const size = axes.reduce((product, { values }) => product * values.length, modes.length);
  if (size > MAX_POINTS) {
    throw new UsageError(`the sweep has more than ${MAX_POINTS} points, the most in one pass`, {
      hint: 'sweep fewer values at once',
    });
  }
  let combinations: readonly (readonly Setting[])[] = [[]];
  for (const { values } of axes) {
    combinations = combinations.flatMap((before) => values.map((value) => [...before, value]));
  }
  return combinations.flatMap((settings) => modes.map((mode) => ({ mode, settings })));
}

/** Opens the trace and configures every point; replays nothing yet. */
export async function prepareSweep(options: SweepOptions): Promise<Prepared> {
  return prepareMachines(options, sweepPoints(options.modes, options.axes));
}

/** The results of the points, in their order, as one. */
export function sweepResult(
  modes: readonly string[],
  axes: readonly SweepAxis[],
  results: readonly RunResult[],
): SweepResult {
  const points = sweepPoints(modes, axes);
  return {
    schema: SWEEP_SCHEMA,
    tool: TOOL,
    axes: axes.map(({ key, values }) => ({ key, values: values.map(({ value }) => value) })),
    points: results.map((result, i) => ({
      ...result,
      point: Object.fromEntries(points[i]!.settings.map(({ key, value }) => [key, value])),
    })),
  };
}

/** Replays the trace on every point. */
export async function sweep(options: SweepOptions): Promise<Finished<SweepResult>> {
  const { result, error } = await (await prepareSweep(options)).run();
  return { result: sweepResult(options.modes, options.axes, result), error };
}
