/**
 * Fractions of whole numbers of any size. Budgets are computed with them: `+1%` of a count, a ratio of two counts and
 * a limit of `0.05` are exact, so that a single count decides and no rounding ever does.
 */
export interface Fraction {
  readonly numerator: bigint;
  /** Above 0. */
  readonly denominator: bigint;
}

export const ZERO: Fraction = { numerator: 0n, denominator: 1n };

/** A count, or one count by another. */
export function fraction(part: number, whole = 1): Fraction {
  return { numerator: BigInt(part), denominator: BigInt(whole) };
}

/** `12`, `3,586,453`, `0.05`, `10k`, `2M`: exactly that. Null for anything else. */
export function parseDecimal(text: string): Fraction | null {
  const match = /^(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?([kMG]?)$/.exec(text);
  if (match === null) return null;
  const [, whole = '', decimals = '', unit = ''] = match;
  const factor = { '': 1n, k: 1000n, M: 1_000_000n, G: 1_000_000_000n }[unit] ?? 1n;
  const digits = BigInt(whole.replaceAll(',', '') + decimals);
  return { numerator: digits * factor, denominator: 10n ** BigInt(decimals.length) };
}

/** A number as it would be written without an exponent, for {@link parseDecimal}: `1e-7` is `0.0000001`. */
export function decimalText(value: number): string {
  const text = String(value);
  const [, whole = '', decimals = '', exponent = ''] = /^(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === '') return text;
  const digits = whole + decimals;
  const point = whole.length + Number(exponent);
  return point > 0 ? digits.padEnd(point, '0') : `0.${'0'.repeat(-point)}${digits}`;
}

/** Below 0, 0 or above 0, as `a` is less, equal or more. */
export function compareFractions(a: Fraction, b: Fraction): number {
  const [left, right] = [a.numerator * b.denominator, b.numerator * a.denominator];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function plus(a: Fraction, b: Fraction): Fraction {
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

export function minus(a: Fraction, b: Fraction): Fraction {
  return plus(a, { ...b, numerator: -b.numerator });
}

export function times(a: Fraction, b: Fraction): Fraction {
  return { numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator };
}

/** The greatest whole number that is not above `a`. */
export function floor({ numerator, denominator }: Fraction): bigint {
  const quotient = numerator / denominator;
  return numerator % denominator < 0n ? quotient - 1n : quotient;
}

/** The least whole number that is not below `a`. */
export function ceiling(a: Fraction): bigint {
  return -floor({ ...a, numerator: -a.numerator });
}

/** The nearest double, for JSON. */
export function toNumber({ numerator, denominator }: Fraction): number {
  const whole = numerator / denominator;
  return Number(whole) + Number(numerator - whole * denominator) / Number(denominator);
}

/** Digits behind the point of a number that is not whole. */
const DECIMALS = 4;
const SCALE = 10n ** BigInt(DECIMALS);

/** `3,586,453`; `2.9412`, rounded to four digits, for a number that is not whole. */
export function fractionText(a: Fraction): string {
  const sign = a.numerator < 0n ? '-' : '';
  const size = { ...a, numerator: a.numerator < 0n ? -a.numerator : a.numerator };
  const group = (n: bigint): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
  if (size.numerator % size.denominator === 0n) return sign + group(size.numerator / size.denominator);
  const scaled = (2n * size.numerator * SCALE + size.denominator) / (2n * size.denominator);
  if (scaled === 0n) return `less than ${(1 / Number(SCALE)).toFixed(DECIMALS)}`;
  return `${sign}${group(scaled / SCALE)}.${String(scaled % SCALE).padStart(DECIMALS, '0')}`;
}
