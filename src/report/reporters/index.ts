/** The list of reporters: one import and one line each. */
import { Registry } from '../../util/registry.js';
import type { Reporter } from '../output.js';
import { csv } from './csv.js';
import { json } from './json.js';
import { markdown } from './markdown.js';
import { ndjson } from './ndjson.js';
import { table } from './table.js';

export const REPORTERS = new Registry<Reporter>('reporter', [table, json, ndjson, csv, markdown]);
