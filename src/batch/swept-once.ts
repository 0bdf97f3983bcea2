/**
 * A key that a specification sweeps twice, or sets beside its axis. One of the two would be thrown away without a word.
 */
import { inOrder, type KeyedPart } from '../config/repeated.js';

/** Throws ConfigError with the place of the second of two axes of one key, alone or in a zip. */
export function refuseSweptTwice(swept: readonly KeyedPart[]): void {
  const seen = new Map<string, KeyedPart>();
  for (const each of inOrder(swept)) {
    const earlier = seen.get(each.key);
    if (earlier !== undefined) {
      const { line } = earlier.part.placeOf('name');
      throw each.part.mistake(`'${each.key}' is swept twice, first in line ${line}; expected it once`, {
        at: 'name',
        hint: 'put all its values into one axis',
      });
    }
    seen.set(each.key, each);
  }
}

/** Throws ConfigError with the place of a setting whose key is swept. */
export function refuseSetToo(set: readonly KeyedPart[], swept: readonly KeyedPart[]): void {
  for (const { key, part } of inOrder(set)) {
    const axis = swept.find((each) => each.key === key);
    if (axis === undefined) continue;
    const { line } = axis.part.placeOf('name');
    throw part.mistake(`'${key}' is set here and swept in line ${line}; expected one of the two`, {
      at: 'name',
      hint: 'leave out the setting, or the axis',
    });
  }
}
