/**
 * RowShape: what a row of a plain text trace looks like, as a table. A text format is such a table and a reader for the
 * lines that do not fit it; text-scan.ts does the rest.
 *
 *   0x401ab7: R 0x7ffe0010   roles: [ROLE_OTHER, ROLE_OP, ROLE_ADDRESS], separators: [SPACE, SPACE], ops: R and W
 */
import type { PagingLevels } from '../arch/address.js';

/** The operation, see {@link RowShape.ops}. */
export const ROLE_OP = 0;
/** Hexadecimal, in either case. */
export const ROLE_ADDRESS = 1;
/** Decimal bytes. */
export const ROLE_SIZE = 2;
/** Decimal. */
export const ROLE_VCPU = 3;
/** Name of the address space. */
export const ROLE_SPACE = 4;
/** Anything that an access does not need; no quotes. */
export const ROLE_OTHER = 5;
/** Hexadecimal bytes, `0x` as in addresses. */
export const ROLE_HEX_SIZE = 6;
/** An address with a colon behind it, which an access does not need. */
export const ROLE_CODE = 7;
export type Role = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** In {@link RowShape.separators}: the next column follows at once. */
export const NO_SEPARATOR = -1;

export interface RowShape {
  /** What the columns are. An operation, an address and perhaps a size, in this order in front, are the fastest. */
  readonly roles: readonly Role[];
  /** Byte after each column but the last, which ends the line. */
  readonly separators: readonly number[];
  /**
   * How operations are written. With the separator they have two or three bytes, of which the first two tell all of
   * them apart.
   */
  readonly ops: readonly { readonly text: string; readonly op: number }[];
  /** Addresses may begin with `0x`. */
  readonly prefix: boolean;
  /** No column may be empty or left out. If false, only the operation and the address must be there. */
  readonly complete: boolean;
  readonly levels: PagingLevels;
  /** A modify is a load and a store. */
  readonly modifyAsTwo: boolean;
  readonly vcpuLimit: number;
  /** Name, in UTF-8, of the space selected on each vcpu: a row in another one is not an access alone. Null: none. */
  readonly spaces: readonly (Uint8Array | null)[];
}

/** What most text formats have in common: complete rows of one vcpu and one address space. */
export const PLAIN_ROWS = {
  prefix: true,
  complete: true,
  levels: 4,
  modifyAsTwo: false,
  vcpuLimit: 1,
  spaces: [],
} satisfies Partial<RowShape>;

/** Columns in front that are, in this order, an operation, an address and perhaps a size; 0: none. */
export function leadingColumns(roles: readonly Role[]): number {
  if (roles[0] !== ROLE_OP || roles[1] !== ROLE_ADDRESS) return 0;
  return roles[2] === ROLE_SIZE ? 3 : 2;
}

const LF = 10;
const CR = 13;

/** Byte after each column: its separator, or the line feed. */
export function endsOf({ roles, separators }: Pick<RowShape, 'roles' | 'separators'>): Int32Array {
  return Int32Array.from(roles, (_role, column) => separators[column] ?? LF);
}

/**
 * The operations by their first two bytes as 16 bits in little-endian order. An entry is the length with the separator,
 * operation << 4, and if a third byte has to be looked at this << 16 and 255 << 24; 0 where no operation begins so.
 */
export function opTable(shape: Pick<RowShape, 'ops' | 'roles' | 'separators'>): Int32Array {
  const table = new Int32Array(1 << 16);
  const end = endsOf(shape)[shape.roles.indexOf(ROLE_OP)] ?? LF;
  for (const { text, op } of shape.ops) {
    // A line may end in CR LF, too; there the third byte is left to whoever looks at the separator.
    for (const after of end === LF ? [LF, CR] : [end]) {
      const bytes = Buffer.from(after === NO_SEPARATOR ? text : text + String.fromCharCode(after));
      const head = bytes.length < 2 ? 0 : bytes.readUInt16LE(0);
      const third = bytes.length < 3 || end === LF ? 0 : (bytes[2]! << 16) | (255 << 24);
      const entry = bytes.length | (op << 4) | third;
      if (head === 0 || bytes.length > 3 || (table[head] !== 0 && table[head] !== entry)) {
        throw new RangeError(`operation ${JSON.stringify(text)} cannot be told by its first two bytes`);
      }
      table[head] = entry;
    }
  }
  return table;
}
