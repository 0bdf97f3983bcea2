/**
 * Bytes of a p2mtrace body or header, written and read one value after the other: bytes, LEB128 numbers (seven
 * bits a byte, low bits first, the top bit set on all but the last byte), texts as length and UTF-8.
 */
import { MAX_TEXT_BYTES } from './p2mtrace-layout.js';

/** Contents that cannot be; never leaves the reader, which adds the place. */
export class ContentError extends Error {}

const MAX_SAFE_HI = 0x1fffff;
const TWO_32 = 2 ** 32;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A buffer that grows; cleared and filled again for every block. */
export class ByteWriter {
  #bytes = new Uint8Array(1 << 16);
  length = 0;

  /** What was written; valid until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** `count` (1 to 4) low bytes of an integer, low byte first. */
  low(value: number, count: number): void {
    this.#reserve(4);
    for (let i = 0; i < count; i++) this.#bytes[this.length++] = value >>> (8 * i);
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(value: number): void {
    this.word(Math.floor(value / TWO_32), value | 0);
  }

  /** A 64-bit word. */
  word(hi: number, lo: number): void {
    this.#reserve(10);
    let [high, low] = [hi >>> 0, lo >>> 0];
    while (high !== 0 || low > 127) {
      this.#bytes[this.length++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.length++] = low;
  }

  text(text: string): void {
    const bytes = encoder.encode(text);
    this.number(bytes.length);
    this.bytes(bytes);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + more));
    larger.set(this.written);
    this.#bytes = larger;
  }
}

/** Reads `bytes[at..end)`. Throws {@link ContentError} at its end. */
export class ByteReader {
  at: number;
  /** Halves of the word that was read last. */
  hi = 0;
  lo = 0;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.at;
  }

  byte(): number {
    if (this.at >= this.#end) throw new ContentError('its contents end early');
    return this.#bytes[this.at++]!;
  }

  /** A 64-bit word, left in {@link hi} and {@link lo}. */
  word(): void {
    let [hi, lo, shift] = [0, 0, 0];
    for (; ; shift += 7) {
      const byte = this.byte();
      const bits = byte & 127;
      if (shift > 63 || (shift === 63 && bits > 1)) throw new ContentError('a number has more than 64 bits');
      if (shift < 32) lo |= bits << shift;
      if (shift > 31) hi |= bits << (shift - 32);
      else if (shift > 25) hi |= bits >>> (32 - shift);
      if (byte < 128) break;
    }
    this.hi = hi;
    this.lo = lo;
  }

  /** A whole number from 0 to `max`, which is at most 2^53 - 1; `what` is for the message. */
  number(what: string, max: number = Number.MAX_SAFE_INTEGER): number {
    this.word();
    return wholeNumber(this.hi, this.lo, what, 0, max);
  }

  text(what: string): string {
    const length = this.number(`length of ${what}`, MAX_TEXT_BYTES);
    return textOf(this.bytes(length), what);
  }

  bytes(length: number): Uint8Array {
    if (length > this.left) throw new ContentError('its contents end early');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}

/** The number whose halves are `hi` and `lo`, if it is from `min` to `max`. */
export function wholeNumber(hi: number, lo: number, what: string, min: number, max: number): number {
  const value = (hi >>> 0) * TWO_32 + (lo >>> 0);
  if (hi >>> 0 <= MAX_SAFE_HI && value >= min && value <= max) return value;
  throw new ContentError(`${what} is ${value}; expected ${min} to ${max}`);
}

/** Text without line breaks, which no other format could carry. */
export function textOf(bytes: Uint8Array, what: string): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new ContentError(`${what} is not UTF-8`);
  }
  if (/[\r\n]/.test(text)) throw new ContentError(`${what} contains a line break`);
  return text;
}
