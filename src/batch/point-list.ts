/**
 * The points of a batch as a numbered list, with what each is likely to cost if that was asked for.
 */
import { type ConfigValue, formatValue } from '../config/keys.js';
import { type Align, gridLines } from '../report/grid.js';
import { counted, grouped } from '../report/numbers.js';
import type { Estimate } from './estimate.js';
import { SAMPLE_RECORDS } from './estimate.js';
import { valuesOf } from './grid.js';
import type { Batch, PlannedPoint } from './plan.js';
import type { PointLine } from './point-line.js';

export const LIST_SCHEMA = 'p2msim.points/1';

/** A point that cannot be built has that in the place of its cost. */
const IMPOSSIBLE = 'impossible';

export interface ListOptions {
  /** Null if costs are not shown. */
  readonly costs: Estimate | null;
  /** Those that are listed: all, or a shard's. */
  readonly points: readonly PlannedPoint[];
}

export function pointListText(batch: Batch, { costs, points }: ListOptions): string {
  const keys = [...new Set(points.flatMap(({ machine }) => Object.keys(valuesOf(machine))))];
  const traces = new Set(batch.points.map(({ trace }) => trace)).size > 1;
  const names = points.some(({ name }) => name !== null);
  const columns: Column[] = [
    { head: 'point', align: 'right', cell: ({ number }) => String(number) },
    ...(names
      ? [{ head: 'name', align: 'left' as const, cell: ({ name }: PlannedPoint) => name ?? '' }]
      : []),
    ...(traces ? [{ head: 'trace', align: 'left' as const, cell: ({ trace }: PlannedPoint) => trace }] : []),
    ...keys.map((key) => ({ head: key, align: 'right' as const, cell: valueCell(key) })),
    { head: 'mode', align: 'left', cell: ({ machine }) => machine.mode },
    ...(costs === null ? [] : [{ head: 'cost', align: 'right' as const, cell: costCell(costs) }]),
  ];
  const rows = [
    columns.map(({ head }) => head),
    ...points.map((point) => columns.map(({ cell }) => cell(point))),
  ];
  const lines = [
    `${pointsText(points.length, batch.points.length)}, batch ${batch.sweep.slice(0, 8)}`,
    '',
    ...gridLines(
      rows,
      columns.map(({ align }) => align),
    ),
    ...problems(points),
    ...(costs === null ? [] : costLines(costs, points)),
  ];
  return `${lines.join('\n')}\n`;
}

/** `6 points`, `1 point`, `2 of 6 points`. */
export function pointsText(listed: number, all: number): string {
  return listed < all ? `${grouped(listed)} of ${counted(all, 'point')}` : counted(all, 'point');
}

interface Column {
  readonly head: string;
  readonly align: Align;
  readonly cell: (point: PlannedPoint) => string;
}

function valueCell(key: string): Column['cell'] {
  return ({ machine }) => {
    const value: ConfigValue | undefined = valuesOf(machine)[key];
    return value === undefined ? '' : formatValue(value);
  };
}

function costCell(costs: Estimate): Column['cell'] {
  return ({ number, error }) => (error === null ? grouped(costs.get(number) ?? 0) : IMPOSSIBLE);
}

function problems(points: readonly PlannedPoint[]): string[] {
  const lines = points.flatMap(({ number, error }) =>
    error === null ? [] : [`point ${number} cannot be: ${error.message}`],
  );
  return lines.length === 0 ? [] : ['', ...lines];
}

function costLines(costs: Estimate, points: readonly PlannedPoint[]): string[] {
  const possible = points.filter(({ error }) => error === null);
  const total = possible.reduce((sum, { number }) => sum + (costs.get(number) ?? 0), 0);
  const left = points.length - possible.length;
  const without = left === 0 ? '' : ` of the ${counted(possible.length, 'point')} that can be`;
  return [
    '',
    `estimated cost${without} ${grouped(total)}, in units of an access that hits (about 10 ns), on one thread, without`,
    `decoding; from the first ${grouped(SAMPLE_RECORDS)} records of each trace: cold, so rather too much`,
  ];
}

/** A point of the list. */
export interface ListedPoint extends Omit<PointLine, 'schema' | 'sweep' | 'status' | 'result'> {
  /** Estimated, if that was asked for and the point can be. */
  readonly cost?: number;
}

/** What {@link pointListJson} writes. */
export interface PointList {
  readonly schema: typeof LIST_SCHEMA;
  /** Digest of the batch. */
  readonly sweep: string;
  /** Points of the batch, listed or not. */
  readonly total: number;
  readonly points: readonly ListedPoint[];
}

/** The same as data. */
export function pointListJson(batch: Batch, { costs, points }: ListOptions): string {
  const list = points.map((point): ListedPoint => ({
    number: point.number,
    id: point.id,
    name: point.name,
    point: valuesOf(point.machine),
    trace: { path: point.facts.path, sha256: point.facts.sha256 },
    mode: point.mode,
    seed: point.seed,
    ...(costs === null || point.error !== null ? {} : { cost: costs.get(point.number) ?? 0 }),
    error: point.error,
  }));
  const value: PointList = {
    schema: LIST_SCHEMA,
    sweep: batch.sweep,
    total: batch.points.length,
    points: list,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
