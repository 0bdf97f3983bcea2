/**
 * One row of text, cell by cell: columns of any role in any order, as trace/text-cells.ts reads them.
 */
import {
  ROLE_OP,
  ROLE_ADDRESS,
  ROLE_SIZE,
  ROLE_VCPU,
  ROLE_SPACE,
  ROLE_HEX_SIZE,
  ROLE_CODE,
  NO_SEPARATOR,
  ROLES,
  ENDS,
  SPACES,
  OPS,
  LF,
  CR,
  SPACE,
  QUOTE,
  HASH,
  ZERO,
  COLON,
  PREFIX,
  MAX_DIGITS,
  MAX_ACCESS_BYTES,
} from './layout';

/** The number of each byte. */
const IOTA: v128 = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

/** What a row looks like. */
export class Shape {
  static lastColumn: i32 = 0;
  static leading: i32 = 0;
  static canonical: i32 = 15;
  static doubled: i32 = -1;
  static complete: bool = true;
  static prefix: bool = false;
  static vcpuLimit: i32 = 1;
}

/** The row at hand. */
export class Row {
  static op: i32 = -1;
  static hi: i32 = 0;
  static lo: i32 = 0;
  static size: i32 = 1;
  static vcpu: i32 = 0;
  static number: i32 = 0;
  static spaceAt: usize = 0;
  static spaceEnd: usize = 0;
  static hasAddress: bool = false;
}

/** A row of any columns in any order. */
export function anyRow(start: usize): usize {
  const first = <i32>load<u8>(start);
  if (load<u8>(ROLES) != ROLE_OP && (first <= SPACE || first == HASH || first >= 0x80)) return 0;
  Row.op = -1;
  Row.size = 1;
  Row.vcpu = 0;
  Row.spaceAt = Row.spaceEnd = 0;
  Row.hasAddress = false;
  const p = cell(start, 0);
  const next: usize = p == 0 ? 0 : rest(p, 0);
  return Row.op < 0 || !Row.hasAddress ? 0 : next;
}

/** What follows column `from`, which ends at `at`: where the next line begins, or 0. */
export function rest(at: usize, from: i32): usize {
  let p = at;
  let column = from;
  for (;;) {
    const end = load<i32>(ENDS + (column << 2));
    if (end != NO_SEPARATOR) {
      const next = <i32>load<u8>(p);
      p++;
      if (next == LF || (next == CR && <i32>load<u8>(p) == LF)) break;
      if (next != end) return 0;
    }
    column++;
    p = cell(p, column);
    if (p == 0) return 0;
  }
  if (Shape.complete && column < Shape.lastColumn) return 0;
  if (Row.vcpu >= Shape.vcpuLimit || !isSpace()) return 0;
  return <i32>load<u8>(p - 1) == LF ? p : p + 1;
}

/** Reads one cell: the position behind it, or 0. */
function cell(p: usize, column: i32): usize {
  const role = load<u8>(ROLES + column);
  const end = load<i32>(ENDS + (column << 2));
  if (role == ROLE_OP) {
    const next = opAt(p);
    return next == 0 || end == NO_SEPARATOR ? next : next - 1;
  }
  if (role == ROLE_ADDRESS) {
    Row.hasAddress = true;
    return addressAt(p);
  }
  if (role == ROLE_SIZE) return sizeAt(p);
  if (role == ROLE_VCPU) {
    const next = decimalAt(p);
    Row.vcpu = Row.number;
    return next;
  }
  if (role == ROLE_SPACE) {
    Row.spaceAt = p;
    Row.spaceEnd = textAt(p, end);
    return Row.spaceEnd;
  }
  if (role == ROLE_HEX_SIZE) return hexSizeAt(p);
  if (role == ROLE_CODE) return codeAt(p);
  return textAt(p, end);
}

/** An operation with its separator. */
function opAt(p: usize): usize {
  const word = load<i32>(p);
  const found = load<i32>(OPS + ((<usize>(word & 0xffff)) << 2));
  if (found == 0 || (((word ^ found) >> 16) & (found >>> 24)) != 0) return 0;
  Row.op = (found >> 4) & 15;
  return p + (found & 15);
}

/**
 * Up to 16 hexadecimal digits at once, into `hi` and `lo`; returns how many, 0 if there are none or more. No branch on their
 * number, which changes from row to row.
 */
export function hexAt(p: usize): i32 {
  const text = v128.load(p);
  const decimal = i8x16.sub(text, i8x16.splat(0x30));
  const letter = i8x16.sub(v128.or(text, i8x16.splat(0x20)), i8x16.splat(0x61));
  const isDecimal = i8x16.lt_u(decimal, i8x16.splat(10));
  const isHex = v128.or(isDecimal, i8x16.lt_u(letter, i8x16.splat(6)));
  const n = <i32>ctz<i32>(~i8x16.bitmask(isHex));
  if (n == 16 && isHexDigit(<i32>load<u8>(p, 16))) return 0;
  const values = v128.bitselect(decimal, i8x16.add(letter, i8x16.splat(10)), isDecimal);
  // The digits to the right end, zeros before them: an index that is not in 0 to 15 gives 0.
  const right = i8x16.swizzle(values, i8x16.add(IOTA, i8x16.splat(<i8>(n - 16))));
  const pairs = v128.or(i16x8.shl(right, 4), i16x8.shr_u(right, 8));
  const value = i64x2.extract_lane(
    i8x16.shuffle(pairs, pairs, 14, 12, 10, 8, 6, 4, 2, 0, 14, 12, 10, 8, 6, 4, 2, 0),
    0,
  );
  Row.hi = <i32>(value >> 32);
  Row.lo = <i32>value;
  return n;
}

function isHexDigit(byte: i32): bool {
  return <u32>(byte - 0x30) < 10 || <u32>((byte | 0x20) - 0x61) < 6;
}

/** 1 to 16 hexadecimal digits. */
function addressAt(at: usize): usize {
  const p = Shape.prefix && <i32>load<u16>(at) == PREFIX ? at + 2 : at;
  const digits = hexAt(p);
  return digits == 0 ? 0 : p + digits;
}

function sizeAt(p: usize): usize {
  const end = decimalAt(p);
  Row.size = end > p ? Row.number : 1;
  return Row.size > 0 && Row.size <= MAX_ACCESS_BYTES ? end : 0;
}

/** The address keeps what it was. */
function hexSizeAt(p: usize): usize {
  const hi = Row.hi;
  const lo = Row.lo;
  const end = addressAt(p);
  Row.size = end != 0 && Row.hi == 0 ? Row.lo : 0;
  Row.hi = hi;
  Row.lo = lo;
  return Row.size > 0 && Row.size <= MAX_ACCESS_BYTES ? end : 0;
}

/** An address that is not kept, and a colon. */
function codeAt(p: usize): usize {
  const hi = Row.hi;
  const lo = Row.lo;
  const end = addressAt(p);
  Row.hi = hi;
  Row.lo = lo;
  return end != 0 && <i32>load<u8>(end) == COLON ? end + 1 : 0;
}

/** Up to seven digits into `number`. An empty cell is 0, if it may be empty. */
function decimalAt(at: usize): usize {
  let p = at;
  let value = 0;
  for (;;) {
    const digit = (<i32>load<u8>(p)) ^ ZERO;
    if (digit >= 10) break;
    value = value * 10 + digit;
    p++;
  }
  Row.number = value;
  return p - at <= MAX_DIGITS && (p > at || !Shape.complete) ? p : 0;
}

/** Anything but quotes. */
function textAt(at: usize, separator: i32): usize {
  let p = at;
  let next = <i32>load<u8>(p);
  while (next != separator && next != LF && next != QUOTE) next = <i32>load<u8>(++p);
  return next == QUOTE && separator != QUOTE ? 0 : p;
}

/** True if the name of the address space is empty or that of the one selected on the vcpu. */
function isSpace(): bool {
  let length = <i32>(Row.spaceEnd - Row.spaceAt);
  // The last column may end in the CR of a line break.
  if (length > 0 && <i32>load<u8>(Row.spaceEnd - 1) == CR) length--;
  if (length == 0) return true;
  const known = SPACES + ((<usize>Row.vcpu) << 3);
  if (load<i32>(known) != length) return false;
  return memory.compare(Row.spaceAt, <usize>load<i32>(known, 4), length) == 0;
}
