/**
 * Sweep: one trace, many configurations: the cartesian product of some configuration keys' values and some modes.
 *
 * The trace is decoded once and every point is a machine of its own; points may be spread over threads (`jobs`).
 */
import { groupOf, MAX_POINTS, product, type SweepAxis, tooMany } from './batch/axis.js';
import { machineOf, valuesOf } from './batch/grid.js';
import {
  type Finished,
  type Prepared,
  prepareMachines,
  type RunOptions,
  type WantedMachine,
} from './prepare.js';
import { type RunResult, SWEEP_SCHEMA, type SweepResult } from './report/result.js';
import { TOOL } from './version.js';

export interface SweepOptions extends RunOptions {
  readonly modes: readonly string[];
  readonly axes: readonly SweepAxis[];
}

/** The points in order: the last axis varies fastest, modes fastest of all. */
export function sweepPoints(modes: readonly string[], axes: readonly SweepAxis[]): readonly WantedMachine[] {
  const combinations = product(axes.map(groupOf));
  if (combinations.length * modes.length > MAX_POINTS) throw tooMany();
  return combinations.flatMap((settings) => modes.map((mode) => machineOf(mode, settings)));
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
      point: valuesOf(points[i]!),
    })),
  };
}

/** Replays the trace on every point. */
export async function sweep(options: SweepOptions): Promise<Finished<SweepResult>> {
  const { result, error } = await (await prepareSweep(options)).run();
  return { result: sweepResult(options.modes, options.axes, result), error };
}
