/**
 * Grid: what a sweep is over, and its points in their order.
 *
 * Traces vary slowest, then the axes in their order, modes fastest of all; named points come after the grid. The order
 * is the numbering: results, shards and `--list` go by it.
 */
import type { ConfigValue } from '../config/keys.js';
import type { Setting } from '../config/values.js';
import { ConfigError } from '../errors.js';
import type { WantedMachine } from '../prepare.js';
import { type AxisGroup, MAX_POINTS, PRESET_AXIS, product, tooMany } from './axis.js';

/** Points that are left out: those that have one of the values for every key. */
export interface Exclusion {
  /** By configuration key, or `trace`, `mode`, `preset`. */
  readonly when: ReadonlyMap<string, readonly ConfigValue[]>;
  /** Where it is asked for. */
  readonly origin: string;
}

/** A point, or one for each trace and mode, beside the grid. */
export interface NamedPoint {
  readonly name: string;
  readonly settings: readonly Setting[];
  /** Null: every trace, every mode of the sweep. */
  readonly trace: string | null;
  readonly modes: readonly string[] | null;
  readonly origin: string;
}

/** What a sweep is over. */
export interface Grid {
  readonly traces: readonly string[];
  readonly modes: readonly string[];
  readonly groups: readonly AxisGroup[];
  readonly exclusions: readonly Exclusion[];
  readonly points: readonly NamedPoint[];
}

/** A point that is planned: what it is called and what it is. */
export interface GridPoint {
  readonly name: string | null;
  readonly trace: string;
  readonly machine: WantedMachine;
}

/** A machine of a mode with the settings of a point, among which the preset may be. */
export function machineOf(mode: string, settings: readonly Setting[]): WantedMachine {
  const preset = settings.find(({ key }) => key === PRESET_AXIS);
  if (preset === undefined) return { mode, settings };
  return {
    mode,
    settings: settings.filter((setting) => setting !== preset),
    preset: String(preset.value),
  };
}

/** Swept keys with their values, the preset first. */
export function valuesOf({ preset, settings }: WantedMachine): Record<string, ConfigValue> {
  const first = preset === undefined ? [] : [[PRESET_AXIS, preset] as const];
  return Object.fromEntries([...first, ...settings.map(({ key, value }) => [key, value] as const)]);
}

/** All points of a grid, in order. Throws {@link ConfigError} if there are none, or too many. */
export function gridPoints(grid: Grid): readonly GridPoint[] {
  checkExclusions(grid);
  const points = [...crossed(grid), ...grid.points.flatMap((point) => named(grid, point))];
  if (points.length > MAX_POINTS) throw tooMany();
  if (points.length > 0) return points;
  const where = grid.exclusions.at(-1)?.origin;
  throw new ConfigError(
    `${where === undefined ? '' : `${where}: `}the sweep has no points: all of them are excluded`,
    {
      hint: 'leave out an exclusion; without it `--list` shows the points',
    },
  );
}

function crossed({ traces, modes, groups, exclusions, points: extra }: Grid): GridPoint[] {
  // Named points alone are a sweep, too.
  if (groups.length === 0 && extra.length > 0) return [];
  const combinations = product(groups);
  if (combinations.length * traces.length * modes.length > MAX_POINTS) throw tooMany();
  const used = new Set<Exclusion>();
  const points = traces.flatMap((trace) =>
    combinations.flatMap((settings) =>
      modes.map((mode) => ({ name: null, trace, machine: machineOf(mode, settings) })),
    ),
  );
  const kept = points.filter((point) => {
    const by = exclusions.filter((exclusion) => excludes(exclusion, point));
    for (const exclusion of by) used.add(exclusion);
    return by.length === 0;
  });
  const idle = exclusions.find((exclusion) => !used.has(exclusion));
  if (idle === undefined) return kept;
  throw new ConfigError(`${idle.origin}: excludes no point`, {
    hint: 'correct its values, or take it out; `--list` shows the points',
  });
}

function excludes({ when }: Exclusion, { trace, machine }: GridPoint): boolean {
  const values = new Map<string, ConfigValue>(Object.entries(valuesOf(machine)));
  values.set('trace', trace);
  values.set('mode', machine.mode);
  return [...when].every(([key, wanted]) => wanted.some((value) => value === values.get(key)));
}

function checkExclusions({ traces, modes, groups, exclusions }: Grid): void {
  const swept = new Set(groups.flatMap(({ keys }) => keys));
  const known = new Map([
    ['trace', traces],
    ['mode', modes],
  ]);
  for (const { when, origin } of exclusions) {
    for (const [key, values] of when) {
      const choices = known.get(key);
      if (choices === undefined && !swept.has(key)) {
        throw new ConfigError(`${origin}: '${key}' is not swept; expected one of ${sweptNames(swept)}`);
      }
      const other = values.find((value) => choices?.includes(String(value)) === false);
      if (other === undefined || choices === undefined) continue;
      throw new ConfigError(
        `${origin}: ${key} '${other}' is not swept; expected one of ${choices.join(', ')}`,
      );
    }
  }
}

function sweptNames(swept: ReadonlySet<string>): string {
  return ['trace', 'mode', ...swept].join(', ');
}

function named(grid: Grid, { name, settings, trace, modes, origin }: NamedPoint): GridPoint[] {
  if (trace !== null && !grid.traces.includes(trace)) {
    throw new ConfigError(`${origin}: trace '${trace}' is not one of the sweep: ${grid.traces.join(', ')}`);
  }
  const traces = trace === null ? grid.traces : [trace];
  return traces.flatMap((each) =>
    (modes ?? grid.modes).map((mode) => ({ name, trace: each, machine: machineOf(mode, settings) })),
  );
}
