/**
 * Plan: the points of a batch, numbered, each with its id or with what is wrong with its configuration.
 *
 * A value that is wrong by itself ends the plan. Values that are impossible together are the business of their point: it
 * is planned, fails, and the others are run.
 */
import type { ConfigValue } from '../config/keys.js';
import { ConfigError, TraceError, UsageError } from '../errors.js';
import {
  configureMachine,
  resolveModes,
  type RunOptions,
  type TraceOptions,
  type WantedMachine,
} from '../prepare.js';
import { configManifest } from '../report/manifest.js';
import { BATCH_SCHEMA, POINT_SCHEMA } from '../report/result.js';
import { present } from '../util/assert.js';
import { TOOL } from '../version.js';
import { type Grid, type GridPoint, gridPoints, valuesOf } from './grid.js';
import { pointId, sweepDigest } from './point-id.js';
import type { BatchHeader, PointError, PointLine, ShardName } from './point-line.js';
import type { Places } from './spec.js';
import { readTraceFacts, type TraceFacts } from './trace-facts.js';
import type { PointOutcome } from './replay-group.js';

/** What all points of a batch have, but for the trace. */
export type BatchOptions = Omit<RunOptions, 'trace' | 'stdin' | 'jobs' | 'onThreads' | 'onProgress' | 'argv'>;

/** A point that can be run, or is known to fail. */
export interface PlannedPoint extends GridPoint {
  readonly number: number;
  readonly id: string;
  /** Name of the mode, also of one from a module. */
  readonly mode: string;
  readonly seed: number;
  readonly facts: TraceFacts;
  /** Null if the configuration can be built. */
  readonly error: PointError | null;
}

export interface Batch {
  readonly grid: Grid;
  readonly options: BatchOptions;
  readonly points: readonly PlannedPoint[];
  /** Digest of all points. */
  readonly sweep: string;
}

/**
 * Plans a batch: reads every trace once, for its digest and header. What cannot be opened is blamed on its place in the
 * specification, if `places` has one.
 */
export async function planBatch(
  grid: Grid,
  options: BatchOptions,
  places: Places = new Map(),
): Promise<Batch> {
  const wanted = gridPoints(grid);
  if (wanted.some(({ trace }) => trace === '-')) {
    throw new UsageError('a batch cannot read standard input: every point reads the trace anew', {
      hint: 'keep the trace in a file',
    });
  }
  const modes = await byName(
    wanted.map(({ machine }) => machine.mode),
    places,
    async (word) => {
      const [backend] = await resolveModes([word]);
      return present(backend, 'a backend for each name').name;
    },
  );
  const traces = await byName(
    wanted.map(({ trace }) => trace),
    places,
    (trace) => readTraceFacts(trace, options),
  );
  const points = wanted.map((point, i) => {
    const facts = present(traces.get(point.trace), 'facts of every trace');
    const mode = present(modes.get(point.machine.mode), 'a name of every mode');
    return { ...point, number: i + 1, mode, facts, ...configured(point.machine, facts, options) };
  });
  refuseTwice(points);
  return { grid, options, points, sweep: sweepDigest(points) };
}

/** What `read` makes of each of `names`. */
async function byName<T>(
  names: readonly string[],
  places: Places,
  read: (name: string) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const all = new Map<string, T>();
  for (const name of new Set(names)) {
    try {
      all.set(name, await read(name));
    } catch (error) {
      throw blamed(error, name, places);
    }
  }
  return all;
}

/** `error` with the place where the specification says `name`, unless it has a place of its own inside a trace. */
function blamed(error: unknown, name: string, places: Places): unknown {
  const part = places.get(name);
  if (part === undefined) return error;
  if (!(error instanceof TraceError)) return part.blamed(error);
  if (error.place.line !== undefined || error.place.offset !== undefined) return error;
  const { line, column, text, span } = part.excerpt();
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new TraceError({ file: part.file, line, column }, `${error.where}: ${error.message}`, {
    ...hint,
    cause: error,
    excerpt: text,
    span,
  });
}

function configured(machine: WantedMachine, facts: TraceFacts, options: BatchOptions) {
  const traced: TraceOptions = { ...options, trace: facts.path };
  try {
    const { config, preset } = configureMachine(traced, machine, facts);
    const { sha256 } = configManifest(config, preset);
    return {
      id: pointId(machine.mode, facts, sha256, { ...options, trace: facts.path }),
      seed: config.seed,
      error: null,
    };
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof UsageError)) throw error;
    const values = JSON.stringify([options.settings ?? [], valuesOf(machine)]);
    return {
      id: pointId(machine.mode, facts, values, { ...options, trace: facts.path }),
      seed: seedOf(machine, options),
      error: { kind: 'config' as const, message: error.message },
    };
  }
}

function seedOf({ settings }: WantedMachine, options: BatchOptions): number {
  const seeds = [...(options.settings ?? []), ...settings].filter(({ key }) => key === 'seed');
  return Number(seeds.at(-1)?.value ?? 1);
}

function refuseTwice(points: readonly PlannedPoint[]): void {
  const seen = new Map<string, PlannedPoint>();
  for (const point of points) {
    const earlier = seen.get(point.id);
    seen.set(point.id, point);
    if (earlier === undefined) continue;
    throw new UsageError(`points ${pointText(earlier)} and ${pointText(point)} are the same machine`, {
      hint: 'leave one of them out; `exclude` takes points out of the grid',
    });
  }
}

/** `3 (hap stlb.entries=768)`. */
function pointText({ number, name, machine }: PlannedPoint): string {
  const values = Object.entries(valuesOf(machine)).map(([key, value]) => `${key}=${value}`);
  const label = name === null ? [] : [`'${name}'`];
  return `${number} (${[...label, machine.mode, ...values].join(' ')})`;
}

/** The header of a results file of the batch, or of one of its shards. */
export function headerOf({ sweep, points }: Batch, shard: ShardName | null): BatchHeader {
  return { schema: BATCH_SCHEMA, tool: TOOL, sweep, points: points.length, shard };
}

/**
 * The line of a point that is done. Throws {@link TraceError} if its trace is not the one that was planned with: then its
 * id would be wrong, as would that of every point after it.
 */
export function lineOf({ sweep }: Batch, point: PlannedPoint, outcome: PointOutcome): PointLine {
  const { number, id, name, machine, facts, mode, seed } = point;
  const read = outcome.result?.manifest.trace;
  if (read?.whole === true && read.sha256 !== facts.sha256) {
    throw new TraceError({ file: facts.path }, 'the trace has changed since the batch began', {
      hint: 'run the same command again: it is another batch now',
    });
  }
  const values: Record<string, ConfigValue> = valuesOf(machine);
  return {
    schema: POINT_SCHEMA,
    sweep,
    number,
    id,
    name,
    point: values,
    trace: { path: facts.path, sha256: facts.sha256 },
    mode,
    seed,
    status: outcome.error === null ? 'ok' : 'failed',
    ...outcome,
  };
}
