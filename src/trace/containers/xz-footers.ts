/**
 * XzFooters: where the last whole xz stream ends, in bytes of any pieces; a decoder that finds no more than the start of
 * something behind it cannot say that the stream itself was whole.
 *
 * A stream ends in 12 bytes at a multiple of four: CRC-32 of the next six (size of the index, flags), these, and `YZ` (the .xz file
 * format, 2.1.2). Behind it is another stream, padding of zeros, or nothing.
 */
import { crc32 } from 'node:zlib';

const FOOTER = 12;
const MAGIC = 0x5a59;
const HEADER_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];

export class XzFooters {
  /** Bytes up to the end of the last stream that is whole, padding included; 0: none. */
  end = 0;
  #position = 0;
  #tail: Uint8Array = new Uint8Array(0);

  take(bytes: Uint8Array): void {
    const joined = Buffer.concat([this.#tail, bytes]);
    const from = this.#position - this.#tail.length;
    // The first end of a footer that was not looked at.
    for (let at = FOOTER - (from % 4); at <= joined.length; at += 4) {
      if (at < FOOTER) continue;
      const isPadding = this.end === from + at - 4 && joined.readUInt32LE(at - 4) === 0;
      if (isPadding || isFooter(joined, at - FOOTER)) this.end = from + at;
    }
    this.#position += bytes.length;
    this.#tail = joined.subarray(Math.max(0, joined.length - FOOTER + 1));
  }

  /** True if there are a few bytes behind the last stream, and they begin no other. */
  get endsInJunk(): boolean {
    const behind = this.#tail.subarray(this.#tail.length - (this.#position - this.end));
    const few = this.end > 0 && this.#position - this.end < FOOTER && behind.length > 0;
    return few && !behind.subarray(0, HEADER_MAGIC.length).every((value, i) => value === HEADER_MAGIC[i]);
  }
}

function isFooter(bytes: Buffer, at: number): boolean {
  if (bytes.readUInt16LE(at + 10) !== MAGIC) return false;
  return crc32(bytes.subarray(at + 4, at + 10)) === bytes.readUInt32LE(at);
}
