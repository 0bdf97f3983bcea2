/**
 * SCHEMAS: a JSON Schema for everything that is printed as JSON and every file that is read, one row each.
 *
 * `p2msim schema` prints them. The name is that of the `schema` id without prefix and version; a configuration file has no
 * id of its own, for its names are keys.
 */
import type { SchemaList } from '../report/listings.js';
import { LIST_SCHEMA } from '../report/result.js';
import { Registry } from '../util/registry.js';
import { checkLine } from './budget-shapes.js';
import { configFile } from './config-shapes.js';
import { baselineFile, differenceLine, diffResult } from './diff-shapes.js';
import { costTable, policyFile } from './input-shapes.js';
import * as listing from './listing-shapes.js';
import * as result from './result-shapes.js';
import { type AnyShape, type JsonSchema, schemaDocument } from './shape.js';
import { specFile } from './spec-shape.js';
import { collection, table } from './table-shapes.js';
import * as trace from './trace-shapes.js';

export type { JsonSchema } from './shape.js';

/** One kind of JSON value. */
export interface SchemaEntry {
  readonly name: string;
  /** `p2msim.result/1`. */
  readonly id: string;
  /** What it is, and which command prints or reads it. */
  readonly summary: string;
  readonly shape: AnyShape;
}

function row(id: string, summary: string, shape: AnyShape): SchemaEntry {
  return { name: id.replace(/^p2msim\./, '').replace(/\/\d+$/, ''), id, summary, shape };
}

export const SCHEMAS = new Registry<SchemaEntry>('schema', [
  row('p2msim.result/1', 'one run: `replay --json`, a line of `-r ndjson`', result.runResult),
  row('p2msim.compare/1', 'runs side by side: `compare --json`', result.compareResult),
  row('p2msim.sweep/1', 'many configurations: `sweep --json`', result.sweepResult),
  row(LIST_SCHEMA, 'outputs of several traces: `compare A B --json`', result.resultList),
  row('p2msim.interval/1', 'a line of `-r ndjson`: one slice of a run', result.intervalLine),
  row('p2msim.verdict/1', 'a line of `-r ndjson`: the verdict of a comparison', result.verdictLine),
  row('p2msim.batch/1', 'first line of a results file', result.batchHeader),
  row('p2msim.point/1', 'a line of a results file: one point', result.pointLine),
  row('p2msim.points/1', 'points before they are run: `sweep --list --json`', result.pointList),
  row('p2msim.collection/1', 'results of a batch, joined: `collect --format json`', collection),
  row('p2msim.table/1', '`table --json`', table),
  row('p2msim.diff/1', '`diff --json`', diffResult),
  row('p2msim.difference/1', 'a line of `diff -r ndjson`', differenceLine),
  row('p2msim.check/1', 'a line of `-r ndjson`: a budget and what became of it', checkLine),
  row('p2msim.baseline/1', 'a baseline file: `baseline update`', baselineFile),
  row('p2msim.config/1', 'a configuration file: p2msim.config.json or .toml', configFile),
  row('p2msim.spec/1', 'the specification of a sweep: `sweep FILE.toml`, `sweep FILE.json`', specFile),
  row('p2msim.cost/1', 'a cost table: `--cost FILE`', costTable),
  row('p2msim.shadow-policy/1', 'a policy: `--shadow-policy FILE`, `modes --policy NAME --json`', policyFile),
  row('p2msim.effective-config/1', 'values and origins: `--print-config --json`', listing.effectiveConfig),
  row('p2msim.walk/1', 'one translation: `walk --json`', listing.walk),
  row('p2msim.validation/1', '`validate --json`', listing.validation),
  row('p2msim.scenario/1', '`validate --scenario NAME --json`', listing.scenario),
  row('p2msim.explanation/1', '`explain TOPIC --json`', listing.explanation),
  row('p2msim.topics/1', '`explain --json`', listing.topicList),
  row('p2msim.presets/1', '`presets --json`', listing.presetList),
  row('p2msim.preset/1', '`presets NAME --json`', listing.preset),
  row('p2msim.keys/1', '`presets --keys --json`', listing.keyList),
  row('p2msim.modes/1', '`modes --json`', listing.modeList),
  row('p2msim.trace-info/1', '`trace info --json`', trace.traceInfo),
  row('p2msim.trace-check/1', '`trace check --json`', trace.traceCheck),
  row('p2msim.trace-head/1', '`trace head --json`', trace.traceHead),
  row('p2msim.formats/1', '`trace formats --json`', trace.formatList),
  row('p2msim.mrc/1', '`trace mrc --json`', trace.mrc),
  row('p2msim.progress/1', 'a line of `--progress ndjson`', listing.progress),
  row('p2msim.batch-progress/1', 'a line of `--progress ndjson` of a batch', listing.batchProgress),
  row('p2msim.schemas/1', '`schema --json`', listing.schemaList),
]);

/** What there is. */
export function schemaList(): SchemaList {
  const schemas = SCHEMAS.all().map(({ name, id, summary }) => ({ name, id, summary }));
  return { schema: 'p2msim.schemas/1', schemas };
}

/** The schema called `name`: `result`, `p2msim.result` or `p2msim.result/1`. Throws UsageError with a suggestion. */
export function findSchema(name: string): SchemaEntry {
  const known = SCHEMAS.all().find(({ id }) => id === name);
  return known ?? SCHEMAS.get(name.replace(/^p2msim\./, ''));
}

/** The JSON Schema (2020-12) of an entry. */
export function jsonSchema({ id, summary, shape }: SchemaEntry): JsonSchema {
  return schemaDocument(id, summary, shape);
}
