/**
 * TextScanner: the fast way through plain text traces of one record a line, byte by byte, without an allocation.
 *
 * A {@link RowShape} says what the columns are; rows that are plain accesses go straight into the batch. At the first
 * line that is anything else (comment, event, quote, mistake) the scanner stops: the format's own reader takes that
 * line and gives the same records and the same messages for plain ones, too.
 *
 * Addresses are read four hexadecimal digits at a time, in the four bytes of one int32; digit by digit through a table
 * took twice as long (bench/README.md, row scan). Lower-case digits, as all tools write them; upper case goes digit by digit.
 */
// exempt from the size limit: two loops over the bytes of a row, written out instead of sharing helpers
import { canonicalShift } from '../arch/address.js';
import { OP_MODIFY, OP_READ, OP_WRITE } from './access.js';
import * as byte from './bytes.js';
import type { ChunkBuilder } from './chunk-builder.js';
import type { LineBuffer } from './line-buffer.js';
import {
  distinct,
  isPlain,
  mayHideComment,
  ROLE_ADDRESS,
  ROLE_OP,
  ROLE_SIZE,
  ROLE_SPACE,
  ROLE_VCPU,
  type RowShape,
  wordOf,
} from './row-shape.js';

/** Rows taken in one go. */
const SLICE = 1024;
/** Longest decimal cell: seven digits are enough for any size or vcpu. */
const MAX_DIGITS = 7;
/** Four ASCII zeros, and in each byte the bits that tell letters and too large digits. */
const ZEROS = 0x30303030;
const NIBBLES = 0x0f0f0f0f;
const ONES = 0x01010101;
const TOO_LARGE = 0x10101010;

export class TextScanner {
  readonly #lines: LineBuffer;
  readonly #out: ChunkBuilder;
  readonly #shape: RowShape;
  readonly #roles: Uint8Array;
  readonly #separators: Int32Array;
  readonly #opWords: Int32Array;
  readonly #opMasks: Int32Array;
  readonly #opLengths: Uint8Array;
  readonly #opCodes: Uint8Array;
  /** Which byte of an operation tells most of them apart, and the operation by its value. */
  readonly #opKey: number;
  readonly #opByKey: Uint8Array;
  readonly #canonicalShift: number;
  readonly #hasVcpu: boolean;
  /** Rows are an operation, an address and perhaps a size. */
  readonly #isPlain: boolean;

  constructor(lines: LineBuffer, out: ChunkBuilder, shape: RowShape) {
    this.#lines = lines;
    this.#out = out;
    this.#shape = shape;
    this.#roles = Uint8Array.from(shape.roles);
    this.#separators = Int32Array.from([...shape.separators, byte.LF]);
    // With what comes after it, so that one comparison does.
    const after = shape.separators[0]!;
    const whole = shape.ops.map(({ text }) => text + (after < 0 ? '' : String.fromCharCode(after)));
    this.#opWords = Int32Array.from(whole, wordOf);
    this.#opMasks = Int32Array.from(whole, ({ length }) => (length >= 4 ? -1 : (1 << (8 * length)) - 1));
    this.#opLengths = Uint8Array.from(whole, (text) => text.length);
    this.#opCodes = Uint8Array.from(shape.ops, ({ op }) => op);
    this.#opKey = [0, 1, 2, 3].reduce((best, at) =>
      distinct(whole, at) > distinct(whole, best) ? at : best,
    );
    this.#opByKey = new Uint8Array(256);
    whole.forEach((text, i) => (this.#opByKey[text.charCodeAt(this.#opKey)] = i));
    this.#isPlain = isPlain(shape) && whole.every((text) => text.length <= 4);
    this.#canonicalShift = canonicalShift(shape.levels);
    this.#hasVcpu = shape.roles.includes(ROLE_VCPU);
  }

  /** Takes plain rows, until no complete line is left, the batch is full, or a line is anything else. */
  scan(): void {
    if (!this.#isPlain) while (this.#slice());
    else while (this.#plainSlice() || this.#slice(1));
  }

  /**
   * Rows of an operation, an address and perhaps a size, which is all that most traces have: the loop of {@link #slice}
   * with its columns written out, at 2.5 times the rate. True if it stopped at the end of its slice; false at a row that
   * is not so plain, which the other loop looks at.
   */
  #plainSlice(): boolean {
    const lines = this.#lines;
    const { bytes, view, end } = lines;
    const batch = this.#out.accesses;
    const { hi: his, lo: los, op: ops, size: sizes } = batch;
    const opWords = this.#opWords;
    const opMasks = this.#opMasks;
    const opLengths = this.#opLengths;
    const opCodes = this.#opCodes;
    const byKey = this.#opByKey;
    const key = this.#opKey;
    const shift = this.#canonicalShift;
    const sized = this.#roles.length === 3;
    const separator = this.#separators[1]!;
    let start = lines.start;
    let n = batch.n;
    const before = n;
    const limit = Math.min(n + SLICE, los.length - 1);
    while (start < end && n < limit) {
      const i = byKey[bytes[start + key]!]!;
      if (((view.getInt32(start, true) ^ opWords[i]!) & opMasks[i]!) !== 0) break;
      let p = start + opLengths[i]!;
      if (bytes[p + 1] === byte.LETTER_SMALL_X && bytes[p] === byte.ZERO) p += 2;
      const first = p;
      let hi = 0;
      let lo = 0;
      for (;;) {
        const word = view.getInt32(p, true);
        const digits = (word & NIBBLES) + Math.imul((word >>> 6) & ONES, 9);
        const letters = ((digits + 0x06060606) >>> 4) & ONES;
        if (((digits + ZEROS + Math.imul(letters, 39)) ^ word) !== 0 || (digits & TOO_LARGE) !== 0) break;
        hi = (hi << 16) | (lo >>> 16);
        lo =
          (lo << 16) | ((digits & 15) << 12) | (digits & 0xf00) | ((digits >>> 12) & 0xf0) | (digits >>> 24);
        p += 4;
      }
      let digit: number;
      while ((digit = byte.HEX_VALUE[bytes[p]!]!) < 16) {
        hi = (hi << 4) | (lo >>> 28);
        lo = (lo << 4) | digit;
        p++;
      }
      if (p === first || p - first > 16) break;
      let size = 1;
      if (sized) {
        if (bytes[p] !== separator) break;
        const digits = ++p;
        size = 0;
        while ((digit = bytes[p]! - byte.ZERO) >= 0 && digit <= 9) {
          size = size * 10 + digit;
          p++;
        }
        if (p - digits > MAX_DIGITS || size === 0 || size > byte.MAX_ACCESS_BYTES) break;
      }
      const sign = hi >> shift;
      if (bytes[p] !== byte.LF || (sign !== 0 && sign !== -1) || (lo >>> 0) + size > 0xffffffff) break;
      his[n] = hi;
      los[n] = lo;
      ops[n] = opCodes[i]!;
      sizes[n] = size;
      n++;
      start = p + 1;
    }
    lines.line += n - before;
    lines.start = start;
    batch.n = n;
    return n >= limit && n < los.length - 1 && start < end;
  }

  /**
   * The same for a slice of rows; true if there may be more. Slices, because V8 compiles a long loop before it has seen
   * what follows it, and then falls back to the interpreter at the end of each call: 62 ns a row against 20.
   */
  #slice(most = SLICE): boolean {
    const lines = this.#lines;
    const { bytes, view, end } = lines;
    const batch = this.#out.accesses;
    const { hi: his, lo: los, op: ops, size: sizes, vcpu: vcpus } = batch;
    const roles = this.#roles;
    const separators = this.#separators;
    const { required, comments, modifyAsTwo, vcpuLimit } = this.#shape;
    const opWords = this.#opWords;
    const opMasks = this.#opMasks;
    const opLengths = this.#opLengths;
    const opCodes = this.#opCodes;
    const columns = roles.length;
    const shift = this.#canonicalShift;
    let start = lines.start;
    let n = batch.n;
    // A modify may need two places.
    const limit = Math.min(n + most, los.length - 1);
    let rows = 0;
    rows: while (start < end && n < limit) {
      if (comments && mayHideComment(bytes[start]!)) break;
      let p = start;
      let op = -1;
      let hi = 0;
      let lo = 0;
      let size = 1;
      let vcpu = 0;
      let spaceAt = 0;
      let spaceEnd = 0;
      let hasAddress = false;
      for (let column = 0; ; column++) {
        if (column === columns) break rows;
        switch (roles[column]) {
          case ROLE_OP: {
            const word = view.getInt32(p, true);
            let i = 0;
            while (i < opCodes.length && ((word ^ opWords[i]!) & opMasks[i]!) !== 0) i++;
            if (i === opCodes.length) break rows;
            op = opCodes[i]!;
            // The separator is looked at like any other.
            p += opLengths[i]! - (separators[column]! < 0 ? 0 : 1);
            break;
          }
          case ROLE_ADDRESS: {
            if (bytes[p + 1] === byte.LETTER_SMALL_X && bytes[p] === byte.ZERO) p += 2;
            const first = p;
            for (;;) {
              const word = view.getInt32(p, true);
              const digits = (word & NIBBLES) + Math.imul((word >>> 6) & ONES, 9);
              const letters = ((digits + 0x06060606) >>> 4) & ONES;
              if (((digits + ZEROS + Math.imul(letters, 39)) ^ word) !== 0 || (digits & TOO_LARGE) !== 0)
                break;
              hi = (hi << 16) | (lo >>> 16);
              lo =
                (lo << 16) |
                ((digits & 15) << 12) |
                (digits & 0xf00) |
                ((digits >>> 12) & 0xf0) |
                (digits >>> 24);
              p += 4;
            }
            let digit: number;
            while ((digit = byte.HEX_VALUE[bytes[p]!]!) < 16) {
              hi = (hi << 4) | (lo >>> 28);
              lo = (lo << 4) | digit;
              p++;
            }
            if (p === first || p - first > 16) break rows;
            hasAddress = true;
            break;
          }
          case ROLE_SIZE:
          case ROLE_VCPU: {
            const first = p;
            let value = 0;
            let digit: number;
            while ((digit = bytes[p]! - byte.ZERO) >= 0 && digit <= 9) {
              value = value * 10 + digit;
              p++;
            }
            if (p - first > MAX_DIGITS || (p === first && column < required)) break rows;
            if (p === first) break; // an empty cell
            if (roles[column] === ROLE_VCPU) vcpu = value;
            else if (value === 0 || value > byte.MAX_ACCESS_BYTES) break rows;
            else size = value;
            break;
          }
          default: {
            const first = p;
            const separator = separators[column];
            while (bytes[p] !== separator && bytes[p] !== byte.LF) {
              if (bytes[p] === byte.QUOTE) break rows;
              p++;
            }
            if (roles[column] === ROLE_SPACE) {
              spaceAt = first;
              spaceEnd = p;
            }
          }
        }
        const separator = separators[column]!;
        if (separator < 0) continue;
        const next = bytes[p]!;
        p++;
        if (next === separator && next !== byte.LF) continue;
        if (next === byte.CR && bytes[p] === byte.LF) p++;
        else if (next !== byte.LF) break rows;
        if (column + 1 < required) break rows;
        break;
      }
      if (op < 0 || !hasAddress) break;
      const sign = hi >> shift;
      if ((sign !== 0 && sign !== -1) || (lo >>> 0) + size > 0xffffffff || vcpu >= vcpuLimit) break;
      if (spaceEnd > spaceAt && !this.#inSpace(vcpu, spaceAt, spaceEnd)) break;
      his[n] = hi;
      los[n] = lo;
      ops[n] = op;
      sizes[n] = size;
      if (this.#hasVcpu) vcpus[n] = vcpu;
      n++;
      if (op === OP_MODIFY && modifyAsTwo) {
        ops[n - 1] = OP_READ;
        his[n] = hi;
        los[n] = lo;
        ops[n] = OP_WRITE;
        sizes[n] = size;
        if (this.#hasVcpu) vcpus[n] = vcpu;
        n++;
      }
      rows++;
      start = p;
    }
    lines.line += rows;
    lines.start = start;
    batch.n = n;
    return n >= limit && n < los.length - 1 && start < end;
  }

  /** True if the cell names the space that is selected on the vcpu anyway, or none. */
  #inSpace(vcpu: number, from: number, to: number): boolean {
    const { bytes } = this.#lines;
    // The last column may end in the CR of a line break.
    const length = bytes[to - 1] === byte.CR ? to - from - 1 : to - from;
    if (length === 0) return true;
    const current = this.#shape.spaces[vcpu];
    if (current === null || current === undefined || current.length !== length) return false;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== current[i]) return false;
    return true;
  }
}
