/** Points that were run, as the results of sweeps: one for each trace, for the reporters. */
import type { ConfigValue } from '../config/keys.js';
import { SWEEP_SCHEMA, type SweepResult } from '../report/result.js';
import { TOOL } from '../version.js';
import type { PointLine } from './point-line.js';

/** Sweeps of the points that did not fail, in the order of their numbers. */
export function sweepResults(lines: readonly PointLine[]): readonly SweepResult[] {
  const sorted = [...lines].sort((a, b) => a.number - b.number);
  const traces = [...new Set(sorted.map(({ trace }) => trace.path))];
  return traces.flatMap((path) => {
    const own = sorted.filter(({ trace }) => trace.path === path).map(withName);
    const points = own.flatMap(({ result, point }) => (result === null ? [] : [{ ...result, point }]));
    return points.length === 0 ? [] : [{ schema: SWEEP_SCHEMA, tool: TOOL, axes: axesOf(own), points }];
  });
}

/** The name of a point is shown as one more key. */
function withName(line: PointLine): PointLine {
  return line.name === null ? line : { ...line, point: { ...line.point, name: line.name } };
}

/** Every key with the values that it takes, in the order in which they come. */
function axesOf(lines: readonly PointLine[]): SweepResult['axes'] {
  const keys = [...new Set(lines.flatMap(({ point }) => Object.keys(point)))];
  return keys.map((key) => ({ key, values: [...new Set(lines.flatMap((line) => valueOf(line, key)))] }));
}

function valueOf({ point }: PointLine, key: string): ConfigValue[] {
  const value = point[key];
  return value === undefined ? [] : [value];
}
