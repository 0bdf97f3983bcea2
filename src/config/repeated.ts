/**
 * A key that one document sets twice. Keys may be nested, dotted or in another case, so that the parser does not see it;
 * taking the last would throw away what somebody meant.
 */
import type { DocumentPart } from './document.js';

/** A value of a document, and the configuration key that it is for, in the key's own spelling. */
export interface KeyedPart {
  readonly key: string;
  readonly part: DocumentPart;
}

/** Throws ConfigError with the place of the second of two values of one key. */
export function refuseRepeated(found: readonly KeyedPart[]): void {
  const seen = new Map<string, DocumentPart>();
  for (const { key, part } of inOrder(found)) {
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      const { line } = earlier.placeOf('name');
      throw part.mistake(`'${key}' is there twice, first in line ${line}; expected it once`, { at: 'name' });
    }
    seen.set(key, part);
  }
}

/** As they stand in the text: tables are read whole, wherever their parts are. */
export function inOrder(found: readonly KeyedPart[]): readonly KeyedPart[] {
  const places = found.map((each) => ({ each, ...each.part.placeOf('name') }));
  return places.sort((a, b) => a.line - b.line || a.column - b.column).map(({ each }) => each);
}
