/**
 * Containers by hand, so that a test says where a block of each ends: members of gzip, frames of zstd (RFC 8878, raw
 * blocks), blocks of xz (the .xz file format 1.2.1, LZMA2 chunks that are not compressed), chunks of a zip.
 */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

/** `bytes` in parts of `length`. */
export function partsOf(bytes: Uint8Array, length: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += length) parts.push(bytes.subarray(at, at + length));
  return parts;
}

const u32 = (value: number): Buffer => {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value >>> 0);
  return word;
};
const u16 = (value: number): Buffer => u32(value).subarray(0, 2);

export const gzipMembers = (parts: readonly Uint8Array[]): Buffer =>
  Buffer.concat(parts.map((part) => gzipSync(part)));

/** A frame a part, whose blocks have `blockBytes` at most. Without a check sum. */
export function zstdFrames(parts: readonly Uint8Array[], blockBytes: number = 1 << 17): Buffer {
  const frame = (part: Uint8Array): Buffer[] => {
    const blocks = partsOf(part, blockBytes);
    const content = blocks.flatMap((block, i) => {
      const header = (i === blocks.length - 1 ? 1 : 0) | (block.length << 3);
      return [u32(header).subarray(0, 3), Buffer.from(block)];
    });
    // No flags; a window of 128 KiB: 2^(10 + 7).
    return [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3]), ...content];
  };
  return Buffer.concat(parts.flatMap(frame));
}

const withSum = (bytes: Buffer): Buffer => Buffer.concat([bytes, u32(crc32(bytes))]);
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

/** Seven bits a byte, the lowest first. */
function xzNumber(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...xzNumber(Math.floor(value / 128))];
}

/** LZMA2: chunks of up to 64 KiB as they are, the first of which begins the dictionary anew; then the end. */
function lzma2(part: Uint8Array): Buffer {
  const chunks = partsOf(part, 1 << 16).flatMap((chunk, i) => {
    const size = chunk.length - 1;
    return [Buffer.from([i === 0 ? 1 : 2, size >> 8, size & 255]), Buffer.from(chunk)];
  });
  return Buffer.concat([...chunks, Buffer.from([0])]);
}

/** One stream with a block a part; check sums are CRC-32. */
export function xzBlocks(parts: readonly Uint8Array[]): Buffer {
  const flags = Buffer.from([0, 1]);
  const start = Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), flags, u32(crc32(flags))]);
  // Header of 12 bytes (2 words of 4, and the sum): one filter, LZMA2 (0x21) with a dictionary of 64 KiB.
  const header = withSum(Buffer.from([2, 0, 0x21, 1, 8, 0, 0, 0]));
  const blocks = parts.map((part) => {
    const data = lzma2(part);
    const bytes = Buffer.concat([header, padded(data), u32(crc32(part))]);
    return { bytes, unpadded: header.length + data.length + 4, length: part.length };
  });
  const records = blocks.flatMap(({ unpadded, length }) => [...xzNumber(unpadded), ...xzNumber(length)]);
  const index = withSum(padded(Buffer.from([0, ...xzNumber(blocks.length), ...records])));
  const tail = Buffer.concat([u32(index.length / 4 - 1), flags]);
  const end = Buffer.concat([u32(crc32(tail)), tail, Buffer.from('YZ')]);
  return Buffer.concat([start, ...blocks.map(({ bytes }) => bytes), index, end]);
}

/** An archive of `chunk.00000000` and so on, every other one compressed. */
export function zipChunks(parts: readonly Uint8Array[]): Buffer {
  let at = 0;
  const directory: Buffer[] = [];
  const files = parts.map((part, i) => {
    const isDeflated = i % 2 === 0;
    const name = Buffer.from(`chunk.${String(i).padStart(8, '0')}`);
    const data = isDeflated ? deflateRawSync(part) : Buffer.from(part);
    const facts = Buffer.concat([
      u16(20),
      u16(0),
      u16(isDeflated ? 8 : 0),
      u32(0),
      u32(crc32(part)),
      u32(data.length),
      u32(part.length),
      u16(name.length),
      u16(0),
    ]);
    const local = Buffer.concat([u32(0x04034b50), facts, name, data]);
    directory.push(Buffer.concat([u32(0x02014b50), u16(20), facts, Buffer.alloc(10), u32(at), name]));
    at += local.length;
    return local;
  });
  const table = Buffer.concat(directory);
  const count = u16(parts.length);
  const end = Buffer.concat([u32(0x06054b50), u32(0), count, count, u32(table.length), u32(at), u16(0)]);
  return Buffer.concat([...files, table, end]);
}
