/** The list of reporters: one import and one line each. */
import { Registry } from '../../util/registry.js';
import type { Reporter } from '../output.js';
import { csv } from './csv.js';
import { github } from './github.js';
import { json } from './json.js';
import { junit } from './junit.js';
import { markdown } from './markdown.js';
import { ndjson } from './ndjson.js';
import { table } from './table.js';

export const REPORTERS = new Registry<Reporter>('reporter', [
  table,
  json,
  ndjson,
  csv,
  markdown,
  github,
  junit,
]);
