/** The result object itself, indented by two spaces: complete, stable, byte for byte reproducible. */
import { diffJson } from '../diff/diff-data.js';
import type { Reporter } from '../output.js';

export const json = {
  name: 'json',
  summary: 'the whole result as one JSON value',
  render: (output) => `${JSON.stringify(output, null, 2)}\n`,
  renderDiff: diffJson,
} satisfies Reporter;
