// Writes the generated pages of docs/ from the built package: `npm run build && node docs/generate.mjs`.
import { writeFileSync } from 'node:fs';
import { metricsMarkdown } from '../dist/report/metrics-doc.js';

writeFileSync(new URL('metrics.md', import.meta.url), metricsMarkdown());
