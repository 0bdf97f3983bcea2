/** One JSON value: what was collected, what is missing, and every point. */
import { COLLECTION_SCHEMA } from '../../report/result.js';
import { type Collection, numbersOf } from '../collect.js';
import type { PointLine } from '../point-line.js';
import type { ExportFormat } from './export.js';

/** What is written. */
export interface CollectionJson {
  readonly schema: typeof COLLECTION_SCHEMA;
  readonly tool: Collection['tool'];
  readonly sweep: string;
  /** Points of the batch; null if no file says so. */
  readonly points: number | null;
  /** Numbers of points without a line. */
  readonly missing: readonly number[];
  readonly failed: readonly number[];
  readonly lines: readonly PointLine[];
}

export const json = {
  name: 'json',
  summary: 'one JSON value, p2msim.collection/1',
  extensions: ['.json'],
  async write(collection) {
    const { tool, sweep, points, missing, lines } = collection;
    const failed = numbersOf(collection, 'failed');
    const value: CollectionJson = { schema: COLLECTION_SCHEMA, tool, sweep, points, missing, failed, lines };
    return `${JSON.stringify(value, null, 2)}\n`;
  },
} satisfies ExportFormat;
