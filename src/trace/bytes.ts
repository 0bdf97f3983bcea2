/** Byte tables and byte values for the scanners of text traces. */

/** Value 0..15 of an ASCII hexadecimal digit in either case; 255 for every other byte. */
const HEX_VALUE: Uint8Array = hexValues();

function hexValues(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit++) {
    const character = digit.toString(16);
    table[character.charCodeAt(0)] = digit;
    table[character.toUpperCase().charCodeAt(0)] = digit;
  }
  return table;
}

/**
 * Two characters at once, by their 16 bits in little-endian order: 0 to 255 for two hexadecimal digits in either case;
 * digit - 256 if only the first is one; -1 if it is not.
 */
export const HEX_PAIR: Int16Array = hexPairs();

function hexPairs(): Int16Array {
  const table = new Int16Array(1 << 16);
  const alone = Int16Array.from(HEX_VALUE, (high) => (high < 16 ? high - 256 : -1));
  // A row a second character, copied whole where it is no digit: cell by cell it would be two milliseconds of every start.
  HEX_VALUE.forEach((low, second) => {
    const row = low < 16 ? Int16Array.from(HEX_VALUE, (high) => (high < 16 ? (high << 4) | low : -1)) : alone;
    table.set(row, second << 8);
  });
  return table;
}

export const SPACE = 32;
export const HASH = 35;
export const COMMA = 44;

/** Largest access a record may name: 1 MiB, far above any instruction's. */
export const MAX_ACCESS_BYTES = 1 << 20;
