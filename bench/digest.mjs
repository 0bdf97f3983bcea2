/**
 * Counters of several replayers as digests: equal or not, and where not, the first counters that differ.
 */
import { createHash } from 'node:crypto';

/** @param counters by key; only `keys` count */
export function digestOf(counters, keys) {
  const lines = keys.map((key) => `${key}=${counters[key]}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 12);
}

/**
 * @param counted counters by the name of who counted; the first is the reference, whose keys are compared
 */
export function compareCounters(counted) {
  const [[first, reference], ...others] = Object.entries(counted);
  const keys = Object.keys(reference).sort();
  const differences = others.flatMap(([name, counters]) =>
    keys
      .filter((key) => counters[key] !== reference[key])
      .slice(0, 3)
      .map((key) => `${key}: ${first} ${reference[key]}, ${name} ${counters[key]}`),
  );
  return { digest: digestOf(reference, keys), of: Object.keys(counted), differences };
}
