/** One JSON value: what was collected, what is missing, and every point. */
import { COLLECTION_SCHEMA } from '../../report/result.js';
import { numbersOf } from '../collect.js';
import type { ExportFormat } from './export.js';

export const json = {
  name: 'json',
  summary: 'one JSON value, p2msim.collection/1',
  extensions: ['.json'],
  async write(collection) {
    const { tool, sweep, points, missing, lines } = collection;
    const failed = numbersOf(collection, 'failed');
    const value = { schema: COLLECTION_SCHEMA, tool, sweep, points, missing, failed, lines };
    return `${JSON.stringify(value, null, 2)}\n`;
  },
} satisfies ExportFormat;
