/** What `collect --format json` and `table --json` write. */
import type { CollectionJson } from '../batch/exports/json.js';
import type {
  IncompleteRun,
  Normalization,
  Projection,
  ProjectionCell,
  ProjectionColumn,
  ProjectionRow,
  ProjectionTable,
} from '../report/projection/projection.js';
import { COLLECTION_SCHEMA, TABLE_SCHEMA } from '../report/result.js';
import type { FailedPoint, FailedPoints } from '../report/saved/failed-points.js';
import { pointLine, tool } from './result-shapes.js';
import {
  count,
  digest,
  list,
  literal,
  named,
  nullable,
  number,
  object,
  optional,
  record,
  text,
} from './shape.js';

export const collection = object<CollectionJson>({
  schema: literal(COLLECTION_SCHEMA),
  tool,
  sweep: digest,
  points: nullable(count),
  missing: list(count),
  failed: list(count),
  lines: list(named('point', pointLine)),
});

const cell = named(
  'mean',
  object<ProjectionCell>({ n: count, mean: number, halfWidth: nullable(number), incomplete: optional(text) }),
);

export const failedPoints = object<FailedPoints>({
  file: text,
  points: count,
  failed: list(object<FailedPoint>({ point: count, message: text })),
});

export const table = object<Projection>({
  schema: literal(TABLE_SCHEMA),
  tool,
  rowDimensions: list(text),
  columnDimensions: list(text),
  metrics: list(text),
  normalize: nullable(object<Normalization>({ dimension: text, value: text })),
  confidence: number,
  incomplete: list(object<IncompleteRun>({ place: text, reason: text })),
  failed: list(failedPoints),
  tables: list(
    object<ProjectionTable>({
      values: record(text),
      columns: list(object<ProjectionColumn>({ values: list(text), metric: text })),
      rows: list(object<ProjectionRow>({ values: list(text), cells: list(nullable(cell)) })),
    }),
  ),
});
