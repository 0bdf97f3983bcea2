/**
 * Dimensions by which runs can be told apart: where a run is from, its mode, its trace, its configuration.
 *
 * `--col` and `--row` name them, as in benchstat. `metric` is a dimension of a number, not of a run.
 */
import { basename } from 'node:path';
import { CONFIG_KEYS, formatValue } from '../../config/keys.js';
import { UsageError } from '../../errors.js';
import { didYouMean } from '../../util/registry.js';
import type { SavedRun } from '../saved/saved-run.js';

export const METRIC = 'metric';
/** Dimension of a slice of --interval: its first record. */
export const INTERVAL = 'interval';
/** Dimensions of runs that are no configuration key. */
export const RUN_DIMENSIONS = ['file', 'trace', 'mode', 'preset', 'version'] as const;

/** Names joined by commas, checked; throws UsageError with a suggestion. */
export function parseDimensions(
  text: string,
  flag: string,
  allowMetric: boolean,
  allowInterval = true,
): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const words = [...(allowMetric ? [METRIC] : []), ...RUN_DIMENSIONS, ...(allowInterval ? [INTERVAL] : [])];
  const known = [...words, ...CONFIG_KEYS.map(({ key }) => key)];
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) !== i) throw new UsageError(`${flag} names ${name} twice`);
    if (known.includes(name)) continue;
    const near = didYouMean(name, known);
    const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
    throw new UsageError(
      `${flag}: unknown dimension '${name}'${suggestion}; expected ${words.join(', ')} or a configuration key`,
    );
  }
  return names;
}

/** Value of a run in a dimension, as text. */
export function dimensionOf(run: SavedRun, name: string): string {
  switch (name) {
    case 'file':
      return run.file;
    case 'trace':
      return run.trace.path;
    case 'mode':
      return run.mode;
    case 'preset':
      return run.config.preset;
    case 'version':
      return run.version;
    case INTERVAL:
      return run.slice === null ? '-' : String(run.slice);
    default:
      return formatValue(run.config.values.get(name) ?? '-');
  }
}

/** Last part of a path: what is left of it on another machine. */
export function traceName(run: SavedRun): string {
  return basename(run.trace.path);
}
