/** Checks for programs: one JSON object a line. */
import type { CheckReport } from './check-report.js';

export const CHECK_SCHEMA = 'p2msim.check/1';

export function checkNdjson({ checks, implicit }: CheckReport): string {
  if (implicit) return '';
  return checks.map((check) => `${JSON.stringify({ schema: CHECK_SCHEMA, ...check })}\n`).join('');
}
