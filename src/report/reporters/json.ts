/** The result object itself, indented by two spaces: complete, stable, byte for byte reproducible. */
import { diffJson } from '../diff/diff-data.js';
import { isList, type Output, type Reporter } from '../output.js';
import { LIST_SCHEMA, type ResultList } from '../result.js';

export const json = {
  name: 'json',
  slices: 'always',
  summary: 'the whole result as one JSON value',
  render: (output) => `${JSON.stringify(isList(output) ? listed(output) : output, null, 2)}\n`,
  renderDiff: diffJson,
} satisfies Reporter;

function listed(outputs: Extract<Output, readonly unknown[]>): ResultList {
  return { schema: LIST_SCHEMA, outputs };
}
