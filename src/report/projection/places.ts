/**
 * Where runs go: the dimensions by which they differ, their values in order, and the runs of one cell.
 *
 * Runs of one cell may differ in the seed alone: they are what is averaged. A run that is there twice, byte for byte, is
 * one run.
 */
import { CONFIG_KEYS } from '../../config/keys.js';
import { UsageError } from '../../errors.js';
import { dimensionOf } from '../diff/dimensions.js';
import { inputDifferences } from '../diff/inputs.js';
import type { SavedRun } from '../saved/saved-run.js';

export const SEED = 'seed';
/** Keys that an error lists. */
const SHOWN = 4;

/** Dimensions in which runs differ: what was swept, and trace, mode, preset and version; not the seed. */
export function varying(runs: readonly SavedRun[]): string[] {
  const swept = runs.flatMap(({ point }) => Object.keys(point));
  const candidates = ['trace', ...swept, 'preset', 'version', 'mode'];
  return [...new Set(candidates)].filter((name) => name !== SEED && valuesOf(runs, name).length > 1);
}

/** Values of a dimension in order: numbers by size, the choices of a key in their own order, words by alphabet. */
export function valuesOf(runs: readonly SavedRun[], name: string): string[] {
  const values = [...new Set(runs.map((run) => dimensionOf(run, name)))];
  const choices = name === 'mode' ? ['native', 'hap', 'shadow'] : choicesOf(name);
  const rank = (value: string): number => (choices.includes(value) ? choices.indexOf(value) : choices.length);
  return values.sort((a, b) => rank(a) - rank(b) || Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0));
}

function choicesOf(name: string): readonly string[] {
  return CONFIG_KEYS.find(({ key }) => key === name)?.choices ?? [];
}

/** What tells the runs of one cell from those of another. */
export function placeOf(run: SavedRun, dimensions: readonly string[]): string {
  return JSON.stringify(dimensions.map((name) => dimensionOf(run, name)));
}

/** The runs that stand in one cell, one a seed. Throws {@link UsageError} if they differ in anything else. */
export function seedsOf(runs: readonly SavedRun[], place: string): SavedRun[] {
  const bySeed = new Map<string, SavedRun>();
  for (const run of runs) {
    const seed = dimensionOf(run, SEED);
    const before = bySeed.get(seed);
    if (before === undefined) bySeed.set(seed, run);
    else if (!isSame(before, run)) throw crowded(before, run, place);
  }
  const [first] = bySeed.values();
  for (const run of bySeed.values()) if (first !== undefined) refuseOther(first, run, place);
  return [...bySeed.values()];
}

function isSame(a: SavedRun, b: SavedRun): boolean {
  return (
    inputDifferences(a, b).length === 0 &&
    a.metrics.size === b.metrics.size &&
    [...a.metrics].every(([key, value]) => b.metrics.get(key) === value)
  );
}

/**
 * Nothing but the seed may differ: counts of other traces, or of another part of one, are no sample of one number. A
 * generated trace of another seed has another path, and with it a table of its own.
 */
function refuseOther(a: SavedRun, b: SavedRun, place: string): void {
  if (inputDifferences(a, b).some(({ key }) => key !== SEED)) throw crowded(a, b, place);
}

/** Counts of other traces, or of another part of one, cannot be divided by each other. */
export function refuseOtherTrace(run: SavedRun, base: SavedRun): void {
  const keys = inputDifferences(run, base).flatMap(({ kind, key }) => (kind === 'trace' ? key : []));
  if (keys.length === 0) return;
  const where = run.file === base.file ? run.file : `${run.file} and ${base.file}`;
  throw new UsageError(
    `${where}: a run of ${run.mode} cannot be divided by one of ${base.mode}; they differ in ${keys.slice(0, SHOWN).join(', ')}`,
    { hint: 'replay both over the same records of one trace' },
  );
}

function crowded(a: SavedRun, b: SavedRun, place: string): UsageError {
  const other = inputDifferences(a, b).filter(({ key }) => key !== SEED);
  const keys = other.map(({ key }) => key);
  const where = a.file === b.file ? a.file : `${a.file} and ${b.file}`;
  const differ = keys.length === 0 ? 'their counts alone' : keys.slice(0, SHOWN).join(', ');
  return new UsageError(`${where}: two runs with ${place} fall into one cell; they differ in ${differ}`, {
    hint: hintOf(keys, a.file !== b.file),
  });
}

/** What tells the runs apart: a key that is a dimension, else the files that they are from. */
function hintOf(keys: readonly string[], twoFiles: boolean): string {
  if (keys.length === 0) {
    return 'one trace under one configuration has one result: `p2msim diff` shows what differs';
  }
  const named = CONFIG_KEYS.find(({ key }) => keys.includes(key))?.key ?? (twoFiles ? 'file' : null);
  return named === null
    ? 'only runs of the same records of one trace are averaged: leave out one of the two'
    : `name what they differ in: \`--row ${named}\` or \`--col ${named}\``;
}
