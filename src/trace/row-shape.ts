/** RowShape: what the rows of a plain text format look like, as a table that drives the byte scanner (text-scan.ts). */
import type { PagingLevels } from '../arch/address.js';
import * as byte from './bytes.js';

/** What a column is. */
export const ROLE_OP = 0;
export const ROLE_ADDRESS = 1;
export const ROLE_SIZE = 2;
export const ROLE_VCPU = 3;
/** Name of the address space. */
export const ROLE_SPACE = 4;
/** Anything that an access row does not need. */
export const ROLE_OTHER = 5;

export interface RowShape {
  readonly roles: readonly number[];
  /** Byte after each column but the last; -1: nothing, the next one follows at once. */
  readonly separators: readonly number[];
  /** How operations are written, in at most four bytes; of two that begin alike the longer one first. */
  readonly ops: readonly { readonly text: string; readonly op: number }[];
  /** Columns that a row must have; those after them may be left out at the end. */
  readonly required: number;
  /** Lines that begin with `#` or white space are not rows. */
  readonly comments: boolean;
  readonly levels: PagingLevels;
  /** A modify is a load and a store. */
  readonly modifyAsTwo: boolean;
  readonly vcpuLimit: number;
  /** Name, in UTF-8, of the space selected on each vcpu: a row in another one is not an access alone. Null: none. */
  readonly spaces: readonly (Uint8Array | null)[];
}

/** A comment, or a blank or other oddity that might stand before one. */
export function mayHideComment(first: number): boolean {
  return first <= byte.SPACE || first === byte.HASH || first >= 0x80;
}

/** Values that the byte at `at` takes in the texts. */
export function distinct(texts: readonly string[], at: number): number {
  return new Set(texts.map((text) => text[at])).size;
}

export function isPlain({ roles, modifyAsTwo }: RowShape): boolean {
  const wanted = [ROLE_OP, ROLE_ADDRESS, ROLE_SIZE];
  return roles.length >= 2 && roles.every((role, column) => role === wanted[column]) && !modifyAsTwo;
}

/** The text's bytes as they stand in a little-endian int32. */
export function wordOf(text: string): number {
  return [...text].reduce((word, letter, i) => word | (letter.charCodeAt(0) << (8 * i)), 0);
}
