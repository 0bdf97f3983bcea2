/**
 * Ids: what makes two points the same, as a digest.
 *
 * Everything that counts depend on goes in, nothing else: not the number of threads, not the name of the point, not how
 * a trace is stored. A configuration goes in as it is in effect, so that a default that is given in words changes nothing.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isBackendPath } from '../mmu/index.js';
import type { RunOptions } from '../prepare.js';
import { DEFAULT_READ_OPTIONS } from '../trace/format.js';
import type { GridPoint } from './grid.js';
import { valuesOf } from './grid.js';
import type { TraceFacts } from './trace-facts.js';

function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** How traces are replayed, as far as counts and costs depend on it. */
function replayIdentity(options: RunOptions): readonly unknown[] {
  const { skip = 0, warmup = 0, limit = Infinity, interval = 0, lenient = false, costs } = options;
  // Only what is not by default: a later version may know more ways to read.
  const defaults = new Map<string, unknown>(Object.entries(DEFAULT_READ_OPTIONS));
  const read = Object.entries(options.read ?? {})
    .filter(([name, value]) => name !== 'batchRecords' && value !== undefined && value !== defaults.get(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    skip,
    warmup,
    limit === Infinity ? null : limit,
    interval,
    lenient,
    read,
    costs === undefined ? null : sha256(JSON.stringify(costs)),
  ];
}

/** A mode by name; one of a module of the user's by what is in it, too. */
function modeIdentity(mode: string): readonly unknown[] {
  return isBackendPath(mode) ? [mode, sha256(readFileSync(mode))] : [mode];
}

/**
 * The id of a point.
 * @param config digest of the effective configuration, or what stands for one that cannot be
 */
export function pointId(mode: string, facts: TraceFacts, config: string, options: RunOptions): string {
  const { sha256: trace, format } = facts;
  return sha256(
    JSON.stringify(['p2msim.point', trace, format, config, modeIdentity(mode), replayIdentity(options)]),
  );
}

/** The digest of a batch: of its points in order. */
export function sweepDigest(points: readonly (GridPoint & { readonly id: string })[]): string {
  return sha256(
    JSON.stringify(points.map(({ id, name, trace, machine }) => [id, name, trace, valuesOf(machine)])),
  );
}
