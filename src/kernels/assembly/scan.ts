/**
 * The scanner of plain text rows (trace/text-scan.ts), in AssemblyScript: the same rows, the same records, and it stops at
 * the same lines. The sixteen digits of an address are read at once (SIMD).
 *
 * JavaScript puts text into {@link BYTES} and the shape of a row into the tables below it, calls {@link scan}, and takes
 * the columns out. Up to 24 bytes behind the text may be looked at.
 */

import { NOTHING, ENDS, OPS, HI, LO, SIZE, OP, VCPU, BYTES, LF, ZERO, PREFIX } from './layout';
import { anyRow, hexAt, rest, Row, Shape } from './row';

/** Of the last {@link scan}: bytes of text and records. */
export let consumed: i32 = 0;
export let records: i32 = 0;

export function setShape(
  columns: i32,
  leadingColumns: i32,
  canonicalShift: i32,
  doubledOp: i32,
  isComplete: bool,
  hasPrefix: bool,
  vcpus: i32,
): void {
  Shape.lastColumn = columns - 1;
  Shape.leading = leadingColumns;
  Shape.canonical = canonicalShift;
  Shape.doubled = doubledOp;
  Shape.complete = isComplete;
  Shape.prefix = hasPrefix;
  Shape.vcpuLimit = vcpus;
}

/** Takes rows from `length` bytes of text, at most `room` records; returns how many. */
export function scan(length: i32, room: i32): i32 {
  return Shape.leading == 0 ? scanAny(BYTES + length, room) : scanLeading(BYTES + length, room);
}

/** Which of the 64 bytes from `p` on are line feeds. */
function lineFeeds(p: usize): u64 {
  const lf = i8x16.splat(<i8>LF);
  const low =
    i8x16.bitmask(i8x16.eq(v128.load(p), lf)) | (i8x16.bitmask(i8x16.eq(v128.load(p, 16), lf)) << 16);
  const high =
    i8x16.bitmask(i8x16.eq(v128.load(p, 32), lf)) | (i8x16.bitmask(i8x16.eq(v128.load(p, 48), lf)) << 16);
  return (<u64>(<u32>low)) | ((<u64>high) << 32);
}

/**
 * Rows with an operation, an address and perhaps a size in front. Where a line ends is found apart from what is in it: the
 * processor then works on several lines at a time, which it cannot if each begins where the reading of the last one ended.
 */
function scanLeading(end: usize, room: i32): i32 {
  let ends = lineFeeds(BYTES);
  let block: usize = BYTES;
  const separator = Shape.leading == 3 ? load<i32>(ENDS + 4) : NOTHING;
  const prefixed = Shape.prefix;
  const last = Shape.lastColumn;
  const sign = Shape.canonical;
  const twofold = Shape.doubled;
  let start: usize = BYTES;
  let rows: i32 = 0;
  let n: i32 = 0;
  while (start < end && n + 2 <= room) {
    while (ends == 0) {
      block += 64;
      ends = lineFeeds(block);
    }
    const lineEnd = block + <usize>ctz<u64>(ends);
    ends &= ends - 1;
    const word = load<i32>(start);
    const found = load<i32>(OPS + ((<usize>(word & 0xffff)) << 2));
    if (found == 0 || (((word ^ found) >> 16) & (found >>> 24)) != 0) break;
    let p = start + (found & 15);
    if (prefixed && <i32>load<u16>(p) == PREFIX) p += 2;
    const digits = hexAt(p);
    if (digits == 0) break;
    const upper = Row.hi;
    const low = Row.lo;
    p += digits;
    let bytes: i32 = 1;
    let column: i32 = 1;
    if (<i32>load<u8>(p) == separator) {
      // One or two digits; anything else is left to `rest`.
      const tens = (<i32>load<u8>(p, 1)) ^ ZERO;
      const ones = (<i32>load<u8>(p, 2)) ^ ZERO;
      const two = <i32>(ones < 10);
      if (tens < 10 && tens != 0 && ((<i32>load<u8>(p + 2 + two)) ^ ZERO) >= 10) {
        bytes = select<i32>(tens * 10 + ones, tens, two != 0);
        column = 2;
        p += 2 + two;
      }
    }
    if (column != last || p != lineEnd) {
      Row.size = bytes;
      Row.vcpu = 0;
      Row.spaceAt = Row.spaceEnd = 0;
      if (rest(p, column) == 0) break;
      bytes = Row.size;
    }
    const outer = upper >> sign;
    if ((outer != 0 && outer != -1) || <u32>low + <u32>bytes < <u32>low) break;
    const kind = (found >> 4) & 15;
    if (kind == twofold) {
      put(n, 0, upper, low, bytes);
      put(n + 1, 1, upper, low, bytes);
      n += 2;
    } else {
      put(n, kind, upper, low, bytes);
      n += 1;
    }
    rows += 1;
    start = lineEnd + 1;
  }
  consumed = <i32>(start - BYTES);
  records = n;
  return rows;
}

/** Rows of any columns in any order. */
function scanAny(end: usize, room: i32): i32 {
  let start: usize = BYTES;
  let rows: i32 = 0;
  let n: i32 = 0;
  while (start < end && n + 2 <= room) {
    const next = anyRow(start);
    if (next == 0) break;
    const outer = Row.hi >> Shape.canonical;
    if ((outer != 0 && outer != -1) || <u32>Row.lo + <u32>Row.size < <u32>Row.lo) break;
    if (Row.op == Shape.doubled) {
      put(n, 0, Row.hi, Row.lo, Row.size);
      put(n + 1, 1, Row.hi, Row.lo, Row.size);
      n += 2;
    } else {
      put(n, Row.op, Row.hi, Row.lo, Row.size);
      n += 1;
    }
    rows += 1;
    start = next;
  }
  consumed = <i32>(start - BYTES);
  records = n;
  return rows;
}

function put(n: i32, kind: i32, upper: i32, low: i32, bytes: i32): void {
  store<i32>(HI + (n << 2), upper);
  store<i32>(LO + (n << 2), low);
  store<i32>(SIZE + (n << 2), bytes);
  store<u8>(OP + n, <u8>kind);
  store<u8>(VCPU + n, <u8>Row.vcpu);
}
