/**
 * The cells of one CSV row, read by type: addresses in hexadecimal, everything else in decimal.
 *
 * A cell that is not what its column wants throws {@link CellError}, which the row reader turns
 * into a message with its place.
 */
import type { PagingLevels } from '../../arch/address.js';
import { addBytes, isCanonical, parseHex } from '../../arch/address.js';
import { notAllCanonical, notCanonical, quoted } from '../bad-records.js';
import type { Perm, Word64 } from '../event.js';
import type { ColumnTable, CsvColumn } from './csv-columns.js';
import { frameNumber } from './csv-header.js';

/** A cell that cannot be read; `field` counts from 0. Never leaves the row reader. */
export class CellError extends Error {
  readonly field: number;

  constructor(field: number, message: string) {
    super(message);
    this.field = field;
  }
}

/** One row at a time: set `fields`, then ask for columns. */
export class Cells {
  fields: readonly string[] = [];
  readonly #table: ColumnTable;
  readonly #levels: PagingLevels;

  constructor(table: ColumnTable, levels: PagingLevels) {
    this.#table = table;
    this.#levels = levels;
  }

  /** The cell's text; empty if the row or the header has none. */
  text(column: CsvColumn): string {
    return this.fields[this.#table.index.get(column) ?? -1] ?? '';
  }

  error(column: CsvColumn, message: string): CellError {
    return new CellError(this.#table.index.get(column) ?? 0, message);
  }

  /** Text that must be there; `what` says what for. */
  required(column: CsvColumn, what: string): string {
    const text = this.text(column);
    if (text !== '') return text;
    const op = this.text('op');
    if (!this.#table.index.has(column)) {
      throw this.error('op', `${op} needs a column '${column}' (${what}), which the header does not name`);
    }
    throw this.error(column, `${op} needs ${what} (column ${column} is empty)`);
  }

  /** A canonical gVA. */
  address(column: CsvColumn): Word64 {
    const text = this.required(column, 'a hexadecimal address');
    const word = this.#hex(column, text);
    if (!isCanonical(word.hi, word.lo, this.#levels)) throw this.#notCanonical(column, text);
    return word;
  }

  /** A canonical gVA on a page border. */
  pageAddress(column: CsvColumn): Word64 {
    const va = this.address(column);
    if ((va.lo & 4095) !== 0) {
      throw this.error(
        column,
        `${quoted(this.text(column))} is not a multiple of the page size 0x1000 (column ${column})`,
      );
    }
    return va;
  }

  /** Checks that the last of `bytes` from `va` is canonical too, without a wrap. */
  extent(column: CsvColumn, va: Word64, bytes: number): void {
    const last = addBytes(va.hi, va.lo, bytes - 1);
    if (last !== null && isCanonical(last.hi, last.lo, this.#levels) && last.hi >> 31 === va.hi >> 31) return;
    const width = this.#levels === 4 ? 48 : 57;
    const what = notAllCanonical(bytes, quoted(this.text(column)), width);
    throw this.error(column, `${what} (column ${column})`);
  }

  /** Any 64-bit value in hexadecimal. */
  word(column: CsvColumn, what: string): Word64 {
    return this.#hex(column, this.required(column, what));
  }

  /** A frame number in hexadecimal, below 2^40. */
  frame(column: CsvColumn): number {
    const text = this.required(column, 'a hexadecimal frame number');
    const frame = frameNumber(text);
    if (frame !== null) return frame;
    throw this.error(
      column,
      `${quoted(text)} is not a hexadecimal frame number below 2^40 (column ${column})`,
    );
  }

  /** {@link frame}, or null if the cell is empty. */
  optionalFrame(column: CsvColumn): number | null {
    return this.text(column) === '' ? null : this.frame(column);
  }

  /** A decimal number from `min` to `max` (at most 2^52); `fallback` if the cell is empty. */
  decimal(column: CsvColumn, min: number, max: number, fallback: number | null): number {
    if (this.text(column) === '' && fallback !== null) return fallback;
    const text = this.required(column, 'a decimal number');
    const value = decimalNumber(text);
    if (value >= min && value <= max) return value;
    throw this.error(
      column,
      `${quoted(text)} is not a decimal number from ${min} to ${max} (column ${column})`,
    );
  }

  /** One of `words`; `fallback` if the cell is empty. */
  oneOf<T extends string>(column: CsvColumn, words: readonly T[], fallback: T | null): T {
    const text = this.text(column);
    if (text === '' && fallback !== null) return fallback;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    this.required(column, words.join(' or '));
    throw this.error(column, `${quoted(text)} is not ${words.join(' or ')} (column ${column})`);
  }

  /** True for `flag`, false for an empty cell. */
  flag(column: CsvColumn, flag: string): boolean {
    const text = this.text(column);
    if (text === '' || text === flag) return text === flag;
    throw this.error(column, `${quoted(text)} is not '${flag}' or empty (column ${column})`);
  }

  /** Rights: each of `r`, `w`, `x` at most once, or `none`; `fallback` if the cell is empty. */
  perm(fallback: Perm | null): Perm {
    if (this.text('perm') === '' && fallback !== null) return fallback;
    const text = this.required('perm', 'rights such as rw, or none');
    const letters = text === 'none' ? '' : text;
    if (!/^[rwx]{0,3}$/.test(letters) || new Set(letters).size !== letters.length) {
      throw this.error('perm', `${quoted(text)} is not any of the letters r, w and x, or none (column perm)`);
    }
    return { read: letters.includes('r'), write: letters.includes('w'), exec: letters.includes('x') };
  }

  #hex(column: CsvColumn, text: string): Word64 {
    const word = parseHex(text);
    if (word !== null) return word;
    const long = /^(0x)?[0-9a-f]{17,}$/i.test(text);
    const what = long
      ? 'has more than 16 hexadecimal digits'
      : `is not a hexadecimal ${column === 'value' ? 'value' : 'address'}`;
    throw this.error(column, `${quoted(text)} ${what} (column ${column})`);
  }

  #notCanonical(column: CsvColumn, text: string): CellError {
    const what = notCanonical(quoted(text), this.#levels === 4 ? 48 : 57);
    return this.error(column, `${what} (column ${column})`);
  }
}

/** A number of 1 to 16 decimal digits; -1 for anything else. */
function decimalNumber(text: string): number {
  if (text.length === 0 || text.length > 16) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
