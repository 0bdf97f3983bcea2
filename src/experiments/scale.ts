/** Arrays of hardware made smaller and larger, whatever the preset's are. */
import type { ArrayConfig } from '../config/schema.js';
import type { Values } from './experiment.js';

/** Entries of the array times `factor`, a power of two: sets as long as there are any to take away, then ways. */
export function scaledArray(path: string, { entries, ways }: ArrayConfig, factor: number): Values {
  const sets = ways === 0 ? 0 : entries / ways;
  if (Number.isInteger(sets * factor))
    return { [`${path}.entries`]: sets * factor * ways, [`${path}.ways`]: ways };
  const left = Math.max(1, Math.floor(entries * factor));
  return { [`${path}.entries`]: left, [`${path}.ways`]: left };
}

/** `1/8`, `1`, `4`. */
export function factorLabel(factor: number): string {
  return factor > 0 && factor < 1 ? `1/${1 / factor}` : String(factor);
}
