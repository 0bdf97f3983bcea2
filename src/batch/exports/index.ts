/** The list of what a collection can be written as: one import and one entry each. */
import { Registry } from '../../util/registry.js';
import { csv } from './csv.js';
import type { ExportFormat } from './export.js';
import { json } from './json.js';
import { jsonl } from './jsonl.js';
import { markdown } from './markdown.js';
import { parquet } from './parquet.js';

export const EXPORTS = new Registry<ExportFormat>('export format', [jsonl, csv, json, markdown, parquet]);
