/**
 * CellReader: the cells of a row of text, byte by byte; one method per kind of cell.
 *
 * Each takes the position of a cell and returns the one behind it, or -1 if the cell is not of that kind: then the
 * format's own reader takes the line. Values are left in fields, so that nothing is allocated. Up to three bytes behind
 * the last line may be looked at (line-buffer.ts has them).
 *
 * V8 inlines op, address and size into the loop of text-scan.ts. For that they stay below 460 bytes of bytecode each and
 * 920 together, and take the arrays as parameters. Constants stand here and are not imported into these methods: one that
 * is imported is loaded and checked anew at every use, and the table's bounds are, too.
 */
import { HEX_PAIR, MAX_ACCESS_BYTES } from './bytes.js';
import { opTable, type RowShape } from './text-shape.js';

const PAIR = HEX_PAIR;
const LF = 10;
const CR = 13;
const QUOTE = 34;
const ZERO = 48;
const COLON = 58;
/** `0x` as 16 bits in little-endian order. */
const PREFIX = 0x7830;
/** Longest decimal cell: seven digits are enough for any size or vcpu. */
const MAX_DIGITS = 7;

export class CellReader {
  op = -1;
  /** Halves of the address. */
  hi = 0;
  lo = 0;
  size = 1;
  vcpu = 0;
  /** Where the name of the address space stands. */
  spaceAt = 0;
  spaceEnd = 0;
  readonly #ops: Int32Array;
  readonly #prefix: number;
  readonly #complete: boolean;
  /** What {@link #decimalAt} read. */
  #number = 0;

  constructor(shape: RowShape) {
    this.#ops = opTable(shape);
    this.#prefix = shape.prefix ? PREFIX : -1;
    this.#complete = shape.complete;
  }

  /** An operation with its separator. */
  opAt(view: DataView, p: number): number {
    const word = view.getInt32(p, true);
    const found = this.#ops[word & 0xffff]!;
    if (found === 0 || (((word ^ found) >> 16) & (found >>> 24)) !== 0) return -1;
    this.op = (found >> 4) & 15;
    return (p + (found & 15)) | 0;
  }

  /**
   * 1 to 16 hexadecimal digits, four at a time. Written out, not as a loop: in every round of a loop V8 checks again all
   * that it knows about the arrays.
   */
  addressAt(view: DataView, p: number): number {
    if (view.getUint16(p, true) === this.#prefix) p = (p + 2) | 0;
    const first = p;
    let hi = 0;
    let lo = 0;
    let four = fourAt(view, p);
    if (four >= 0) {
      lo = four;
      p = (p + 4) | 0;
      four = fourAt(view, p);
      if (four >= 0) {
        lo = (lo << 16) | four;
        p = (p + 4) | 0;
        four = fourAt(view, p);
        if (four >= 0) {
          hi = lo >>> 16;
          lo = (lo << 16) | four;
          p = (p + 4) | 0;
          four = fourAt(view, p);
          if (four >= 0) {
            hi = (hi << 16) | (lo >>> 16);
            lo = (lo << 16) | four;
            p = (p + 4) | 0;
          }
        }
      }
    }
    const word = view.getInt32(p, true);
    let rest = PAIR[word & 0xffff]!;
    if (rest >= 0) {
      hi = (hi << 8) | (lo >>> 24);
      lo = (lo << 8) | rest;
      p = (p + 2) | 0;
      rest = PAIR[word >>> 16]!;
    }
    if (rest < -1) {
      hi = (hi << 4) | (lo >>> 28);
      lo = (lo << 4) | (rest & 15);
      p = (p + 1) | 0;
    }
    this.hi = hi;
    this.lo = lo;
    const digits = (p - first) | 0;
    return digits === 0 || digits > 16 ? -1 : p;
  }

  /** Bytes of an access in one or two digits; {@link sizeAt} takes all others, too. */
  shortSizeAt(bytes: Uint8Array, p: number): number {
    const first = bytes[p]! ^ ZERO;
    if (first >= 10 || first === 0) return -1;
    const second = bytes[(p + 1) | 0]! ^ ZERO;
    if (second >= 10) {
      this.size = first;
      return (p + 1) | 0;
    }
    this.size = (first * 10 + second) | 0;
    p = (p + 2) | 0;
    return (bytes[p]! ^ ZERO) < 10 ? -1 : p;
  }

  sizeAt(bytes: Uint8Array, p: number): number {
    const end = this.#decimalAt(bytes, p);
    this.size = end > p ? this.#number : 1;
    return this.size > 0 && this.size <= MAX_ACCESS_BYTES ? end : -1;
  }

  /** The address fields keep what the row's address was. */
  hexSizeAt(view: DataView, p: number): number {
    const { hi, lo } = this;
    const end = this.addressAt(view, p);
    this.size = this.hi === 0 ? this.lo >>> 0 : 0;
    this.hi = hi;
    this.lo = lo;
    return this.size > 0 && this.size <= MAX_ACCESS_BYTES ? end : -1;
  }

  /** An address that is not kept, and a colon. */
  codeAt(view: DataView, p: number): number {
    const { hi, lo } = this;
    const end = this.addressAt(view, p);
    this.hi = hi;
    this.lo = lo;
    return end >= 0 && view.getUint8(end) === COLON ? end + 1 : -1;
  }

  vcpuAt(bytes: Uint8Array, p: number): number {
    const end = this.#decimalAt(bytes, p);
    this.vcpu = this.#number;
    return end;
  }

  nameAt(bytes: Uint8Array, p: number, separator: number): number {
    this.spaceAt = p;
    this.spaceEnd = this.textAt(bytes, p, separator);
    return this.spaceEnd;
  }

  /** Anything but quotes. */
  textAt(bytes: Uint8Array, p: number, separator: number): number {
    for (; ; p++) {
      const next = bytes[p]!;
      if (next === separator || next === LF) return p;
      if (next === QUOTE) return -1;
    }
  }

  /** True if the name of the address space is empty or `name`. */
  isSpace(bytes: Uint8Array, name: Uint8Array | null | undefined): boolean {
    const from = this.spaceAt;
    let length = this.spaceEnd - from;
    // The last column may end in the CR of a line break.
    if (length > 0 && bytes[from + length - 1] === CR) length--;
    if (length === 0) return true;
    if (name === null || name === undefined || name.length !== length) return false;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== name[i]) return false;
    return true;
  }

  /** Up to seven digits into `#number`. An empty cell is 0, if it may be empty. */
  #decimalAt(bytes: Uint8Array, p: number): number {
    const first = p;
    let value = 0;
    let digit: number;
    while ((digit = bytes[p]! ^ ZERO) < 10) {
      value = value * 10 + digit;
      p++;
    }
    this.#number = value;
    return p - first <= MAX_DIGITS && (p > first || !this.#complete) ? p : -1;
  }
}

/** Four hexadecimal digits; negative if one of them is none. */
function fourAt(view: DataView, p: number): number {
  const word = view.getInt32(p, true);
  return (PAIR[word & 0xffff]! << 8) | PAIR[word >>> 16]!;
}
