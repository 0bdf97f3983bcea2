/** What `diff` and `baseline` print and keep. */
import type { ConfigValue } from '../config/keys.js';
import type { Check } from '../report/budget/check-report.js';
import { DIFF_SCHEMA, type DiffSide } from '../report/diff/diff-result.js';
import { INPUT_KINDS, type InputDifference } from '../report/diff/inputs.js';
import type { ReplayManifest } from '../report/result.js';
import { BASELINE_SCHEMA } from '../report/saved/baseline.js';
import type { FailedPoints } from '../report/saved/failed-points.js';
import { check } from './budget-shapes.js';
import { configValue } from './config-value.js';
import { replayManifest, tool, traceManifest } from './result-shapes.js';
import {
  type AnyShape,
  anything,
  count,
  digest,
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
  text,
} from './shape.js';
import { failedPoints } from './table-shapes.js';

/** An object with these fields, and further ones that are texts: what a group is, e.g. swept keys. */
function withDimensions(fields: AnyShape): Shape<object> {
  return fromJson({ ...fields.json, additionalProperties: { type: 'string' } }, fields.defs);
}

/** A shape where the type beside it says no more than that there is something. */
function untyped({ json, defs }: AnyShape): Shape<unknown> {
  return fromJson(json, defs);
}

const side = object<DiffSide>({ label: text, file: text, versions: list(text) });
const difference = object<InputDifference>({ kind: oneOf(INPUT_KINDS), key: text, base: text, head: text });

interface Inputs {
  readonly side: string;
  readonly differences: readonly InputDifference[];
}

interface RunOfGroup {
  readonly version: string;
  readonly mode: string;
  readonly trace: unknown;
  readonly config: { readonly sha256: string; readonly preset: string };
  readonly guestDigest: string;
  readonly incomplete: string | null;
}

interface Metric {
  readonly key: string;
  readonly values: readonly (number | null)[];
  readonly deltas: readonly (number | null)[];
}

interface Group {
  readonly runs: readonly (RunOfGroup | null)[];
  readonly unchanged: number;
  readonly metrics: readonly Metric[];
}

const groupRun = named(
  'run',
  object<RunOfGroup>({
    version: text,
    mode: text,
    trace: untyped(traceManifest),
    config: object<RunOfGroup['config']>({ sha256: digest, preset: text }),
    guestDigest: digest,
    incomplete: nullable(text),
  }),
);
const metric = named(
  'metric',
  object<Metric>({ key: text, values: list(nullable(count)), deltas: list(nullable(number)) }),
);

interface DiffJson {
  readonly schema: typeof DIFF_SCHEMA;
  readonly tool: unknown;
  readonly columns: readonly string[];
  readonly sides: readonly DiffSide[];
  readonly inputs: readonly object[];
  readonly groups: readonly object[];
  readonly unchanged: number;
  readonly failed: readonly FailedPoints[];
  readonly checks?: readonly Check[];
}

export const diffResult: AnyShape = object<DiffJson>({
  schema: literal(DIFF_SCHEMA),
  tool: untyped(tool),
  columns: list(text),
  sides: list(side),
  inputs: list(withDimensions(object<Inputs>({ side: text, differences: list(difference) }))),
  groups: list(
    withDimensions(
      object<Group>({ runs: list(nullable(groupRun)), unchanged: count, metrics: list(metric) }),
    ),
  ),
  unchanged: count,
  failed: list(failedPoints),
  checks: optional(list(check)),
});

interface DifferenceLine {
  readonly schema: string;
  readonly metric: string;
  readonly side: string;
  readonly base: number | null;
  readonly value: number | null;
  readonly delta: number | null;
}

/** A line of `diff -r ndjson`. */
export const differenceLine: AnyShape = withDimensions(
  object<DifferenceLine>({
    schema: fromJson({ const: 'p2msim.difference/1' }),
    metric: text,
    side: text,
    base: nullable(count),
    value: nullable(count),
    delta: nullable(number),
  }),
);

interface BaselineConfig {
  readonly sha256: string;
  readonly preset: string;
  readonly values: Readonly<Record<string, ConfigValue>>;
  readonly policy?: Readonly<Record<string, unknown>>;
}

interface BaselineRun {
  readonly trace: unknown;
  readonly mode: string;
  readonly point?: Readonly<Record<string, ConfigValue>>;
  readonly replay?: ReplayManifest;
  readonly config: string;
  readonly prices: string;
  readonly version: string;
  readonly guestDigest: string;
  readonly metrics: Readonly<Record<string, number>>;
}

interface BaselineFile {
  readonly schema: typeof BASELINE_SCHEMA;
  readonly configs: Readonly<Record<string, BaselineConfig>>;
  readonly prices: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly runs: readonly BaselineRun[];
}

/** A baseline file. */
export const baselineFile: AnyShape = object<BaselineFile>({
  schema: literal(BASELINE_SCHEMA),
  configs: record(
    object<BaselineConfig>({
      sha256: digest,
      preset: text,
      values: record(configValue),
      policy: optional(record(anything)),
    }),
  ),
  prices: record(record(count)),
  runs: list(
    object<BaselineRun>({
      trace: untyped(traceManifest),
      mode: text,
      point: optional(record(configValue)),
      replay: optional(replayManifest),
      config: text,
      prices: text,
      version: text,
      guestDigest: digest,
      metrics: record(count),
    }),
  ),
});
