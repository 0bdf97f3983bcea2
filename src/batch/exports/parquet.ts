/**
 * Apache Parquet for DuckDB, pandas, Spark: the columns of the CSV with their types, null where there is no value.
 *
 * The writer is loaded when it is needed. Counters are 64-bit integers: they are below 2^53, and above 2^31.
 */
import type { ColumnSource } from 'hyparquet-writer';
import { pointColumns, type PointColumn } from '../point-columns.js';
import type { ExportFormat } from './export.js';

const TYPES = { integer: 'INT64', number: 'DOUBLE', boolean: 'BOOLEAN', text: 'STRING' } as const;

function source({ name, type, cells }: PointColumn): ColumnSource {
  const data =
    type === 'integer' ? cells.map((cell) => (typeof cell === 'number' ? BigInt(cell) : cell)) : [...cells];
  return { name, data, type: TYPES[type], nullable: true };
}

export const parquet = {
  name: 'parquet',
  summary: 'Apache Parquet: one row a point, one typed column a metric',
  extensions: ['.parquet'],
  async write({ lines, tool, sweep }, { metrics }) {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const columnData = pointColumns(lines, metrics).map(source);
    const kvMetadata = [{ key: 'p2msim.sweep', value: sweep }];
    const createdBy = `${tool.name} version ${tool.version}`;
    return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy }));
  },
} satisfies ExportFormat;
