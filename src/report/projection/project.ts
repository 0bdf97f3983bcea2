/**
 * Runs to rows and columns: `p2msim table`.
 *
 * Dimensions are those of `diff`. What varies and is neither row nor column makes tables of its own; the seed is averaged
 * over. Ratios are made run by run, each against the run of the same seed, and averaged afterwards.
 */
import { UsageError } from '../../errors.js';
import { didYouMean } from '../../util/registry.js';
import { meanInterval } from '../../util/student-t.js';
import { dimensionOf, parseDimensions } from '../diff/dimensions.js';
import { metricMatcher } from '../metric-values.js';
import { TABLE_SCHEMA, type ToolInfo } from '../result.js';
import type { FailedPoints } from '../saved/failed-points.js';
import { metricOf, type SavedRun } from '../saved/saved-run.js';
import { placeOf, refuseOtherTrace, SEED, seedsOf, valuesOf, varying } from './places.js';
import {
  CONFIDENCE,
  type Normalization,
  type Projection,
  type ProjectionCell,
  type ProjectionColumn,
  type ProjectionTable,
} from './projection.js';

export interface ProjectOptions {
  /** Dimensions joined by commas; null for what was swept (rows) and the mode (columns). */
  readonly rows: string | null;
  readonly columns: string | null;
  /** Globs of metrics, in the order of the columns. */
  readonly metrics: readonly string[];
  /** `mode=native`; null for plain numbers. */
  readonly normalize: string | null;
  readonly tool: ToolInfo;
  /** What is missing among the runs, since it failed. */
  readonly failed?: readonly FailedPoints[];
}

/** What the table is made of, checked. */
interface Plan {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly others: readonly string[];
  readonly metrics: readonly string[];
  readonly normalize: Normalization | null;
}

/** Throws {@link UsageError} for unknown names, with suggestions, and for runs that cannot be told apart. */
export function project(runs: readonly SavedRun[], options: ProjectOptions): Projection {
  const plan = planOf(runs, options);
  const bases = plan.normalize === null ? null : basesOf(runs, plan, plan.normalize);
  const tables = new Map<string, SavedRun[]>();
  for (const run of sorted(runs, plan.others)) {
    const place = placeOf(run, plan.others);
    tables.set(place, [...(tables.get(place) ?? []), run]);
  }
  return {
    schema: TABLE_SCHEMA,
    tool: options.tool,
    rowDimensions: plan.rows,
    columnDimensions: plan.columns,
    metrics: plan.metrics,
    normalize: plan.normalize,
    confidence: CONFIDENCE,
    incomplete: runs.flatMap((run) =>
      run.incomplete === null ? [] : [{ place: placeText(run, plan), reason: run.incomplete }],
    ),
    failed: options.failed ?? [],
    tables: [...tables.values()].map((own) => tableOf(own, plan, bases)),
  };
}

function planOf(runs: readonly SavedRun[], options: ProjectOptions): Plan {
  const given = (text: string | null, flag: string): readonly string[] | null =>
    text === null ? null : parseDimensions(text, flag, false, false);
  const [rowsGiven, columnsGiven] = [given(options.rows, '--row'), given(options.columns, '--col')];
  const both = rowsGiven?.find((name) => columnsGiven?.includes(name));
  if (both !== undefined) throw new UsageError(`--row and --col both name ${both}`);
  const varied = varying(runs);
  const columns = columnsGiven ?? (rowsGiven?.includes('mode') === true ? [] : ['mode']);
  const rows = rowsGiven ?? rowsOf(varied.filter((name) => !columns.includes(name)));
  return {
    rows,
    columns,
    others: varied.filter((name) => !rows.includes(name) && !columns.includes(name)),
    metrics: metricsOf(runs, options.metrics),
    normalize: options.normalize === null ? null : normalizationOf(options.normalize, runs),
  };
}

function rowsOf(varied: readonly string[]): readonly string[] {
  return varied.length > 0 ? varied : ['trace'];
}

/** The metrics that the globs name, in their order. */
function metricsOf(runs: readonly SavedRun[], globs: readonly string[]): readonly string[] {
  const known = [...new Set(runs.flatMap(({ metrics }) => [...metrics.keys()]))];
  const named = globs.flatMap((glob) => {
    const matches = metricMatcher(glob, known);
    return known.filter(matches);
  });
  return [...new Set(named)];
}

function normalizationOf(text: string, runs: readonly SavedRun[]): Normalization {
  const at = text.indexOf('=');
  if (at < 0) {
    throw new UsageError(`--normalize is '${text}'; expected DIMENSION=VALUE, such as mode=native`);
  }
  const [dimension = ''] = parseDimensions(text.slice(0, at), '--normalize', false, false);
  const value = text.slice(at + 1).trim();
  const values = valuesOf(runs, dimension);
  if (values.includes(value)) return { dimension, value };
  const near = didYouMean(value, values);
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  throw new UsageError(
    `--normalize: no run has ${dimension}=${value}${suggestion}; values are ${values.join(', ')}`,
  );
}

/** What runs are divided by: the run that agrees in everything but the dimension, by place. */
type Bases = (run: SavedRun) => SavedRun | undefined;

function basesOf(runs: readonly SavedRun[], plan: Plan, { dimension, value }: Normalization): Bases {
  const named = [...plan.rows, ...plan.columns, ...plan.others, SEED];
  const same = [...new Set(named)].filter((name) => name !== dimension);
  const bases = new Map<string, SavedRun>();
  for (const run of runs) if (dimensionOf(run, dimension) === value) bases.set(placeOf(run, same), run);
  return (run) => {
    const base = bases.get(placeOf(run, same));
    // Dividing by a trace or a file is asked for; by another part of one trace is a slip.
    if (base !== undefined && dimension !== 'trace' && dimension !== 'file') refuseOtherTrace(run, base);
    return base;
  };
}

/** In the order of the values of `dimensions`, whatever files the runs are from. */
function sorted(runs: readonly SavedRun[], dimensions: readonly string[]): readonly SavedRun[] {
  const orders = dimensions.map((name) => ({ name, values: valuesOf(runs, name) }));
  return [...runs].sort((a, b) => {
    for (const { name, values } of orders) {
      const order = values.indexOf(dimensionOf(a, name)) - values.indexOf(dimensionOf(b, name));
      if (order !== 0) return order;
    }
    return 0;
  });
}

function tableOf(runs: readonly SavedRun[], plan: Plan, bases: Bases | null): ProjectionTable {
  const { rows, columns, others, metrics } = plan;
  const [first] = runs;
  const heads = distinct(sorted(runs, columns), columns);
  const shown: ProjectionColumn[] = heads.flatMap((values) => metrics.map((metric) => ({ values, metric })));
  const cells = new Map<string, SavedRun[]>();
  for (const run of runs) {
    const place = placeOf(run, [...rows, ...columns]);
    cells.set(place, [...(cells.get(place) ?? []), run]);
  }
  const unique = new Map([...cells].map(([place, own]) => [place, seedsOf(own, placeText(own[0]!, plan))]));
  return {
    values: Object.fromEntries(
      others.map((name) => [name, first === undefined ? '' : dimensionOf(first, name)]),
    ),
    columns: shown,
    rows: distinct(sorted(runs, rows), rows).map((values) => ({
      values,
      cells: shown.map(({ values: head, metric }) => {
        const own = unique.get(JSON.stringify([...values, ...head]));
        return own === undefined ? null : cellOf(own, metric, bases);
      }),
    })),
  };
}

function placeText(run: SavedRun, { rows, columns, others }: Plan): string {
  return [...others, ...rows, ...columns].map((name) => `${name}=${dimensionOf(run, name)}`).join(' ');
}

/** Each combination of values once, in the order of the runs. */
function distinct(runs: readonly SavedRun[], dimensions: readonly string[]): string[][] {
  const found = new Map(
    runs.map((run) => [placeOf(run, dimensions), dimensions.map((name) => dimensionOf(run, name))]),
  );
  return [...found.values()];
}

function cellOf(runs: readonly SavedRun[], metric: string, bases: Bases | null): ProjectionCell | null {
  const values = runs.flatMap((run) => {
    const value = metricOf(run, metric);
    if (bases === null || value === null) return value ?? [];
    const base = bases(run);
    const whole = base === undefined ? null : metricOf(base, metric);
    return whole === null || whole === 0 ? [] : value / whole;
  });
  if (values.length === 0) return null;
  const within = runs.flatMap((run) => [run, bases?.(run)]);
  const early = within.find((run) => (run?.incomplete ?? null) !== null);
  const mean = meanInterval(values, CONFIDENCE);
  return early?.incomplete ? { ...mean, incomplete: early.incomplete } : mean;
}
