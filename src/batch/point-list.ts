/**
 * The points of a batch as a numbered list, with what each is likely to cost if that was asked for.
 */
import { type ConfigValue, formatValue } from '../config/keys.js';
import { type Align, gridLines, wrap } from '../report/grid.js';
import { counted, grouped } from '../report/numbers.js';
import type { Estimate } from './estimate.js';
import { SAMPLE_RECORDS } from './estimate.js';
import { valuesOf } from './grid.js';
import type { Batch, PlannedPoint } from './plan.js';
import type { PointError, PointLine } from './point-line.js';

export const LIST_SCHEMA = 'p2msim.points/1';

/** A point that cannot be built has that in the place of its cost. */
const IMPOSSIBLE = 'impossible';
/** A point that fails in the records of its sample has this. */
const FAILS = 'fails';

/** Width of sentences; rows are as wide as they are. */
const COLUMNS = 100;

export interface ListOptions {
  /** Null if costs are not shown. */
  readonly costs: Estimate | null;
  /** Points that are known to fail although they can be built, by number. */
  readonly failures?: ReadonlyMap<number, PointError> | undefined;
  /** Those that are listed: all, or a shard's. */
  readonly points: readonly PlannedPoint[];
}

/** Why a point cannot be run to its end; null: as far as is known, it can. */
export function whyNot(point: PlannedPoint, { failures }: ListOptions): PointError | null {
  return point.error ?? failures?.get(point.number) ?? null;
}

export function pointListText(batch: Batch, options: ListOptions): string {
  const { costs, points } = options;
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
    ...(costs === null ? [] : [{ head: 'cost', align: 'right' as const, cell: costCell(costs, options) }]),
  ];
  const rows = [
    columns.map(({ head }) => head),
    ...points.map((point) => columns.map(({ cell }) => cell(point))),
  ];
  const lines = [
    `${pointsText(points.length, batch.points.length)}, batch ${batch.sweep.slice(0, 8)}${
      points.length < batch.points.length ? '; numbered as in the whole batch' : ''
    }`,
    '',
    ...gridLines(
      rows,
      columns.map(({ align }) => align),
    ),
    ...problems(options),
    ...(costs === null ? [] : costLines(costs, options)),
  ];
  return `${lines.join('\n')}\n`;
}

/** `6 points`, `1 point`, `2 of 6 points`. */
function pointsText(listed: number, all: number): string {
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

function costCell(costs: Estimate, options: ListOptions): Column['cell'] {
  return (point) => {
    if (point.error !== null) return IMPOSSIBLE;
    return whyNot(point, options) === null ? grouped(costs.get(point.number) ?? 0) : FAILS;
  };
}

function problems(options: ListOptions): string[] {
  const lines = options.points.flatMap((point) => {
    const error = whyNot(point, options);
    if (error === null) return [];
    return [`point ${point.number} ${point.error === null ? FAILS : 'cannot be'}: ${error.message}`];
  });
  return lines.length === 0 ? [] : ['', ...lines];
}

function costLines(costs: Estimate, options: ListOptions): string[] {
  const { points } = options;
  const possible = points.filter((point) => whyNot(point, options) === null);
  const total = possible.reduce((sum, { number }) => sum + (costs.get(number) ?? 0), 0);
  const left = points.length - possible.length;
  if (possible.length === 0) return [];
  const without = left === 0 ? '' : ` of the ${counted(possible.length, 'point')} that can be run`;
  const text =
    `estimated cost${without} ${grouped(total)}, in units of an access that hits (about 10 ns), on one thread, without ` +
    `decoding; from the first ${grouped(SAMPLE_RECORDS)} records of each trace: cold, so rather too much`;
  return ['', ...wrap(text, COLUMNS)];
}

/** A point of the list. */
export interface ListedPoint extends Omit<PointLine, 'schema' | 'sweep' | 'status' | 'result'> {
  /** Estimated, if that was asked for and the point can be run. */
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
export function pointListJson(batch: Batch, options: ListOptions): string {
  const { costs, points } = options;
  const list = points.map((point): ListedPoint => ({
    number: point.number,
    id: point.id,
    name: point.name,
    point: valuesOf(point.machine),
    trace: { path: point.facts.path, sha256: point.facts.sha256 },
    mode: point.mode,
    seed: point.seed,
    ...(costs === null || whyNot(point, options) !== null ? {} : { cost: costs.get(point.number) ?? 0 }),
    error: whyNot(point, options),
  }));
  const value: PointList = {
    schema: LIST_SCHEMA,
    sweep: batch.sweep,
    total: batch.points.length,
    points: list,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
