/** What `collect --format json` and `table --json` write. */
import type { CollectionJson } from '../batch/exports/json.js';
import type {
  Normalization,
  Projection,
  ProjectionColumn,
  ProjectionRow,
  ProjectionTable,
} from '../report/projection/projection.js';
import { COLLECTION_SCHEMA, TABLE_SCHEMA } from '../report/result.js';
import type { MeanInterval } from '../util/student-t.js';
import { pointLine, tool } from './result-shapes.js';
import { count, digest, list, literal, named, nullable, number, object, record, text } from './shape.js';

export const collection = object<CollectionJson>({
  schema: literal(COLLECTION_SCHEMA),
  tool,
  sweep: digest,
  points: nullable(count),
  missing: list(count),
  failed: list(count),
  lines: list(named('point', pointLine)),
});

const mean = named('mean', object<MeanInterval>({ n: count, mean: number, halfWidth: nullable(number) }));

export const table = object<Projection>({
  schema: literal(TABLE_SCHEMA),
  tool,
  rowDimensions: list(text),
  columnDimensions: list(text),
  metrics: list(text),
  normalize: nullable(object<Normalization>({ dimension: text, value: text })),
  confidence: number,
  tables: list(
    object<ProjectionTable>({
      values: record(text),
      columns: list(object<ProjectionColumn>({ values: list(text), metric: text })),
      rows: list(object<ProjectionRow>({ values: list(text), cells: list(nullable(mean)) })),
    }),
  ),
});
