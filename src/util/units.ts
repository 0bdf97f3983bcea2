/**
 * Sizes as people write them: `64`, `4k`, `2M`, `1GiB`. The multipliers are powers of two; decimal
 * ones (`KB`, `MB`) are refused rather than guessed.
 */

const SHIFT: Readonly<Record<string, number>> = { '': 0, k: 10, m: 20, g: 30, t: 40 };

/**
 * Bytes meant by `text`: digits, then nothing or one of `k m g t` in either case, with or without
 * `iB`. Null for anything else, and for more than 2^53 - 1 bytes.
 */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,16})(?:([kmgt])(?:ib)?)?$/i.exec(text);
  if (match === null) return null;
  const shift = SHIFT[(match[2] ?? '').toLowerCase()] ?? 0;
  const bytes = Number(match[1]) * 2 ** shift;
  return Number.isSafeInteger(bytes) ? bytes : null;
}
