/**
 * Names that are in one object twice: JSON.parse takes the last, and whoever wrote both, or merged two files by hand, meant
 * one. Counting names costs little; only where there are more of them than values is each one looked at.
 */
import { TraceError } from '../../errors.js';
import { findRepeated, placeOf } from '../../util/json-mistake.js';
import { valuesOf } from './field-place.js';

/** Strings of valid JSON, in order; those with a colon behind them are names. */
const STRINGS = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

/** Throws {@link TraceError} with the place of a name that is there twice in `text`, which was read as `values`. */
export function refuseRepeatedKeys(
  text: string,
  values: readonly unknown[],
  file: string,
  hint: string,
): void {
  if (namesIn(text) === values.reduce<number>((sum, value) => sum + membersOf(value), 0)) return;
  for (const { start, spots } of valuesOf(text)) {
    const repeated = findRepeated(spots);
    if (repeated === null) continue;
    const { spot, earlier } = repeated;
    const { line, column, excerpt } = placeOf(text, start + spot.name);
    const first = placeOf(text, start + earlier.name).line;
    const message = `"${spot.path.at(-1)}" is there twice, first in line ${first}; expected it once`;
    throw new TraceError({ file, line, column }, message, { excerpt, hint });
  }
}

function namesIn(text: string): number {
  let names = 0;
  for (const [, colon] of text.matchAll(STRINGS)) if (colon !== undefined) names += 1;
  return names;
}

/** Members of all objects in a value. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner: readonly unknown[] = Object.values(value);
  const own = Array.isArray(value) ? 0 : inner.length;
  return inner.reduce<number>((sum, each) => sum + membersOf(each), own);
}
