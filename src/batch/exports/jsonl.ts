/** Lines as `sweep --results` writes them, in point order: what other shards, `table`, jq and DuckDB read. */
import { collectionLines } from '../collect.js';
import type { ExportFormat } from './export.js';

export const jsonl = {
  name: 'jsonl',
  summary: 'a results file, in point order (default)',
  extensions: ['.jsonl', '.ndjson'],
  write: async (collection) => collectionLines(collection),
} satisfies ExportFormat;
