// Writes the generated pages of docs/ from the built package: `npm run build && node docs/generate.mjs`.
// With --replay everything that was measured is run again first and its outcome kept in validation.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { withKeys } from '../dist/report/config-doc.js';
import { metricsMarkdown } from '../dist/report/metrics-doc.js';
import { validationMarkdown, validationRecord } from '../dist/report/validation-doc.js';
import { provenanceOf } from '../dist/validate/compare.js';
import { validate } from '../dist/validate/validate.js';

const file = (name) => new URL(name, import.meta.url);

writeFileSync(file('metrics.md'), metricsMarkdown());
writeFileSync(file('configuration.md'), withKeys(readFileSync(file('configuration.md'), 'utf8')));

if (process.argv.includes('--replay')) {
  const provenance = Object.fromEntries(['xen', 'kvm'].map((suite) => [suite, provenanceOf(suite)]));
  const record = validationRecord(await validate({ jobs: availableParallelism() }), provenance);
  writeFileSync(file('validation.json'), `${JSON.stringify(record, null, 2)}\n`);
}
writeFileSync(
  file('validation.md'),
  validationMarkdown(JSON.parse(readFileSync(file('validation.json'), 'utf8'))),
);
