/** Results as JSON: of replays, comparisons, sweeps, and of their lines in `-r ndjson` and in results files. */
import type { BatchHeader, PointError, PointLine, PointTrace, ShardName } from '../batch/point-line.js';
import { FAILURE_KINDS } from '../batch/point-line.js';
import { LIST_SCHEMA as POINTS_SCHEMA, type ListedPoint, type PointList } from '../batch/point-list.js';
import { COST_GROUPS, type Cost, type CostTerm, type Verdict } from '../cost/types.js';
import { COUNTERS, type CounterValues, MEMORY_COUNTERS, type TableMemory } from '../counters.js';
import type { IntervalLine, VerdictLine } from '../report/reporters/ndjson.js';
import {
  BATCH_SCHEMA,
  COMPARE_SCHEMA,
  type CompareResult,
  type ConfigManifest,
  type ExperimentColumn,
  type ExperimentReport,
  type Interval,
  LIST_SCHEMA,
  type Manifest,
  POINT_SCHEMA,
  type ReplayManifest,
  RESULT_SCHEMA,
  type ResultList,
  type RunResult,
  SWEEP_SCHEMA,
  type SweepResult,
  type ToolInfo,
  type TraceManifest,
} from '../report/result.js';
import { machineConfig } from './config-shapes.js';
import { configValue } from './config-value.js';
import { shadowPolicy } from './input-shapes.js';
import {
  boolean,
  count,
  described,
  digest,
  either,
  fromJson,
  list,
  literal,
  named,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  type Shape,
  someOf,
  text,
} from './shape.js';

export const tool = named('tool', object<ToolInfo>({ name: literal('p2msim'), version: text }));

export const traceManifest = named(
  'trace',
  object<TraceManifest>({
    path: described('as given by the user', text),
    format: text,
    sha256: digest,
    whole: described('the digest is that of the whole trace', boolean),
    accesses: described('records replayed and counted', count),
    events: count,
    warmup: count,
    skipped: count,
    badRecords: count,
    addressSpaces: count,
  }),
);

export const replayManifest = named(
  'replay',
  object<ReplayManifest>({
    lenient: optional(boolean),
    modifyAsTwo: optional(boolean),
    ignoreColumns: optional(boolean),
    module: optional(text),
  }),
);

const configManifest = object<ConfigManifest>({
  sha256: digest,
  preset: text,
  effective: machineConfig,
  shadowPolicy: optional(shadowPolicy),
});

const manifest = named(
  'manifest',
  object<Manifest>({
    argv: list(text),
    seed: count,
    trace: traceManifest,
    config: configManifest,
    replay: optional(replayManifest),
    assumptions: list(text),
    incomplete: described('why counting ended early', nullable(text)),
  }),
);

/** Of a version that counts less, some are not there. */
const counters: Shape<CounterValues> = named('counters', someOf(keysOf(COUNTERS), count));
const memory: Shape<TableMemory> = named('memory', fromJson(memoryShape().json, memoryShape().defs));

function keysOf(rows: readonly { readonly key: string }[]): string[] {
  return rows.map(({ key }) => key);
}

function memoryShape() {
  return someOf(
    keysOf(MEMORY_COUNTERS).map((key) => key.replace(/^memory\./, '')),
    count,
  );
}

const costTerm = named(
  'costTerm',
  object<CostTerm>({
    term: text,
    what: text,
    count,
    cyclesEach: count,
    cycles: count,
    group: oneOf(COST_GROUPS),
    source: text,
  }),
);

const cost = named(
  'cost',
  object<Cost>({
    cycles: count,
    low: count,
    high: count,
    byGroup: object<Cost['byGroup']>({ tlb: count, walk: count, exit: count, hypervisor: count }),
    terms: list(costTerm),
  }),
);

const interval = {
  from: described('first record of the slice', count),
  accesses: count,
  counters,
  memory,
} as const;

/** A whole result; `point` in a sweep. */
export const runResult: Shape<RunResult> = object<RunResult>({
  schema: literal(RESULT_SCHEMA),
  tool,
  manifest,
  mode: text,
  description: text,
  counters,
  memory,
  cost,
  guestDigest: digest,
  intervals: list(named('interval', object<Interval>(interval))),
  point: optional(record(configValue)),
});
const run = named('result', runResult);

const verdict = {
  winner: text,
  loser: text,
  ratioMilli: count,
  sentences: list(text),
  breakEvenMilli: nullable(number),
  breakEvenCyclesPerExit: nullable(number),
} as const;

export const compareResult: Shape<CompareResult> = object<CompareResult>({
  schema: literal(COMPARE_SCHEMA),
  tool,
  results: list(run),
  verdict: nullable(named('verdict', object<Verdict>(verdict))),
});

const experimentRow = object<ExperimentReport['rows'][number]>({
  label: text,
  values: list(nullable(number)),
});

const experiment = object<ExperimentReport>({
  name: text,
  question: text,
  axis: text,
  columns: list(
    object<ExperimentColumn>({ group: text, head: text, unit: oneOf(['count', 'rate', 'ratio']) }),
  ),
  rows: list(experimentRow),
  bars: count,
  verdict: list(text),
});

export const sweepResult: Shape<SweepResult> = object<SweepResult>({
  schema: literal(SWEEP_SCHEMA),
  tool,
  axes: list(
    object<SweepResult['axes'][number]>({
      key: described('a configuration key', text),
      values: list(configValue),
    }),
  ),
  points: list(run),
  experiment: optional(experiment),
});

/** What a command prints of several traces. */
export const resultList: Shape<ResultList> = object<ResultList>({
  schema: literal(LIST_SCHEMA),
  outputs: list(either(run, either(named('compare', compareResult), named('sweep', sweepResult)))),
});

/** Lines of `-r ndjson`. */
export const intervalLine = object<IntervalLine>({
  schema: literal('p2msim.interval/1'),
  mode: text,
  trace: text,
  ...interval,
});
export const verdictLine = object<VerdictLine>({
  schema: literal('p2msim.verdict/1'),
  trace: text,
  ...verdict,
});

const pointTrace = object<PointTrace>({ path: text, sha256: digest });
const pointError = nullable(object<PointError>({ kind: oneOf(FAILURE_KINDS), message: text }));

/** `sweep --list`: points that were not run. */
export const pointList = object<PointList>({
  schema: literal(POINTS_SCHEMA),
  sweep: digest,
  total: count,
  points: list(
    object<ListedPoint>({
      number: count,
      id: digest,
      name: nullable(text),
      point: record(configValue),
      trace: pointTrace,
      mode: text,
      seed: count,
      cost: optional(count),
      error: pointError,
    }),
  ),
});

/** Lines of a results file. */
export const pointLine: Shape<PointLine> = object<PointLine>({
  schema: literal(POINT_SCHEMA),
  sweep: digest,
  number: count,
  id: digest,
  name: nullable(text),
  point: record(configValue),
  trace: pointTrace,
  mode: text,
  seed: count,
  status: oneOf(['ok', 'failed']),
  result: nullable(run),
  error: pointError,
});
export const batchHeader: Shape<BatchHeader> = object<BatchHeader>({
  schema: literal(BATCH_SCHEMA),
  tool,
  sweep: digest,
  points: count,
  shard: nullable(object<ShardName>({ index: count, of: count })),
});
