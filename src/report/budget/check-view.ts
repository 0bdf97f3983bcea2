/** Checks in words: which run, what moved, how many failed. What the reporters share. */
import { formatValue } from '../../config/keys.js';
import { signed, signedPercent } from '../diff/diff-section.js';
import { counted, grouped } from '../numbers.js';
import type { Check, CheckReport } from './check-report.js';
import { failedChecks } from './check-report.js';
import type { MovedMetric } from './moved.js';

/** Metrics that moved, as many as a line takes. */
const SHOWN_MOVED = 5;

/** Where each check was made, as far as that tells it from the others: `app.csv, hap, stlb.entries 768, from 4,000`. */
export function placesOf(checks: readonly Check[]): string[] {
  const several = (what: (check: Check) => string): boolean => new Set(checks.map(what)).size > 1;
  const [traces, modes] = [several(({ trace }) => trace), several(({ mode }) => mode)];
  return checks.map((check) =>
    [...(traces ? [check.trace] : []), ...(modes ? [check.mode] : []), ...partsOf(check)].join(', '),
  );
}

/** The whole place. */
export function placeOf(check: Check): string {
  return [check.trace, check.mode, ...partsOf(check)].join(', ');
}

function partsOf({ mode, point, interval }: Check): string[] {
  return [
    ...Object.entries(point)
      .filter(([key, value]) => key !== 'mode' || value !== mode)
      .map(([key, value]) => `${key} ${formatValue(value)}`),
    ...(interval === null ? [] : [`records from ${grouped(interval)}`]),
  ];
}

/** `walk.refs.nested +71,019 (+2.94%), ... and 3 more`; empty if nothing moved. */
export function movedText(moved: readonly MovedMetric[]): string {
  if (moved.length === 0) return '';
  const shown = moved.slice(0, SHOWN_MOVED).map(({ key, base, value }) => {
    const share = base === 0 ? '' : ` (${signedPercent(value - base, base)})`;
    return `${key} ${signed(value - base)}${share}`;
  });
  const more = moved.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** `1 of 3 checks failed, 1 not made`; `3 checks passed`. */
export function summaryOf(report: CheckReport): string {
  const failed = failedChecks(report).length;
  const skipped = report.checks.filter(({ status }) => status === 'skipped').length;
  const made = report.checks.length - skipped;
  const left = skipped === 0 ? '' : `, ${skipped} not made`;
  if (made === 0) return `no check was made of ${counted(skipped, 'check')}`;
  return failed === 0
    ? `${counted(made, 'check')} passed${left}`
    : `${failed} of ${counted(made, 'check')} failed${left}`;
}
