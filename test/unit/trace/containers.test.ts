/** Compressed traces: the same bytes from every container, cuts and damage found, memory bounded. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { TraceError } from '../../../src/errors.js';
import { openSource } from '../../../src/trace/source.js';
import { ZstdFrames } from '../../../src/trace/containers/zstd-frames.js';

const folder = mkdtempSync(join(tmpdir(), 'p2msim-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FORK = readFileSync('traces/examples/fork.csv');
const stored = (name: string): Buffer => readFileSync(`traces/containers/${name}`);

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** All bytes, or as many as came before the error. */
async function contents(
  path: string,
  stdin?: Readable,
): Promise<{ bytes: Buffer; error: TraceError | null }> {
  const parts: Buffer[] = [];
  try {
    const source = await openSource(path, stdin, true);
    for await (const part of source.chunks()) parts.push(Buffer.from(part));
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return { bytes: Buffer.concat(parts), error };
  }
  return { bytes: Buffer.concat(parts), error: null };
}

const fromPipe = (bytes: Uint8Array) => contents('-', Readable.from([bytes]));

const STREAMS = [
  ['gzip', gzipSync(FORK)],
  ['zstd', stored('fork.csv.zst')],
  ['zstd in two frames', stored('two-frames.csv.zst')],
  ['xz', stored('fork.csv.xz')],
  ['xz in two streams', stored('two-streams.csv.xz')],
] as const;
const ARCHIVES = [
  ['zip', stored('fork.zip')],
  ['zip without compression', stored('stored.zip')],
] as const;

describe('a compressed trace', () => {
  it.each(STREAMS)('is read from a file and from a pipe: %s', async (_name, bytes) => {
    expect(await contents(file('unknown', bytes))).toEqual({ bytes: FORK, error: null });
    expect(await fromPipe(bytes)).toEqual({ bytes: FORK, error: null });
  });

  it.each(ARCHIVES)('is read from a file: %s', async (_name, bytes) => {
    expect(await contents(file('unknown', bytes))).toEqual({ bytes: FORK, error: null });
  });

  it('is refused as zip from a pipe, which has no end to look at', async () => {
    const { error } = await fromPipe(stored('fork.zip'));
    expect(error?.message).toBe(
      'a zip archive cannot be read from a pipe: its table of contents is at its end',
    );
  });

  it('is the chunks of a drmemtrace in a row', async () => {
    const whole = readFileSync('traces/drmemtrace/thread.drmemtrace');
    expect(await contents('traces/drmemtrace/chunks.zip')).toEqual({ bytes: whole, error: null });
  });

  it('is not one of several files of a zip archive', async () => {
    const { error } = await contents('traces/containers/two.zip');
    expect(error?.message).toBe(
      'the zip archive has 2 files (fork.csv, a, ...); expected one, or the chunks of a drmemtrace',
    );
  });

  it('does not wait for another that is half read: xz', async () => {
    const first = await openSource('traces/containers/fork.csv.xz');
    expect(await contents('traces/containers/fork.csv.xz')).toEqual({ bytes: FORK, error: null });
    await first.close();
  });

  it.each([
    ['bzip2', [0x42, 0x5a, 0x68, 0x39], 'bzip2 -dc'],
    ['lz4', [0x04, 0x22, 0x4d, 0x18], 'lz4 -dc'],
  ])('is refused as %s, with the command that opens it', async (name, magic, command) => {
    const { error } = await fromPipe(Buffer.from(magic));
    expect(error?.message).toBe(`the file is compressed with ${name}; expected plain or gzip, zstd, xz, zip`);
    expect(error?.hint).toBe(`decompress it first: \`${command} | p2msim replay -\``);
  });
});

describe('a compressed trace that is cut off', () => {
  it.each(STREAMS)('is an error that says after how many bytes: %s', async (name, bytes) => {
    for (let length = 8; length < bytes.length; length += 41) {
      const { error, bytes: before } = await fromPipe(bytes.subarray(0, length));
      // Two frames or streams in a row: a cut between them is an end.
      if (error === null) expect(name).toMatch(/two/);
      else
        expect(error.message).toBe(
          `the ${name.split(' ')[0]} data ends early: the file is truncated after ${length} bytes`,
        );
      expect(before.equals(FORK.subarray(0, before.length))).toBe(true);
    }
  });

  it.each(['fork.csv.xz', 'two-streams.csv.xz'])('is told from junk behind it: %s', async (name) => {
    const bytes = stored(name);
    for (let length = 1; length <= 30; length++) {
      const { error, bytes: before } = await fromPipe(Buffer.concat([bytes, Buffer.alloc(length, 'junk')]));
      expect(error?.message).toBe(
        length < 12
          ? `the xz data ends after ${bytes.length} bytes; what follows it begins no xz stream`
          : `the xz data cannot be read near byte ${bytes.length + length}: found bytes that begin no xz stream`,
      );
      if (name.startsWith('fork')) expect(before.equals(FORK.subarray(0, before.length))).toBe(true);
      // The beginning of another stream is a stream that is cut off, not junk.
      const cut = await fromPipe(Buffer.concat([bytes, bytes.subarray(0, length)]));
      expect(cut.error?.message).toMatch(/^the xz data ends early/);
    }
    // Padding of zeros, a multiple of four, is none.
    expect((await fromPipe(Buffer.concat([bytes, Buffer.alloc(8)]))).error).toBe(null);
  });

  it.each(ARCHIVES)('is an error: %s', async (_name, bytes) => {
    for (let length = 8; length < bytes.length; length += 97) {
      const { error } = await contents(file('cut', bytes.subarray(0, length)));
      expect(error?.message).toBe('the zip archive ends early: its table of contents is missing');
    }
  });
});

describe('a compressed trace with a wrong bit', () => {
  it.each([...STREAMS, ...ARCHIVES])('is an error or the same trace: %s', async (name, bytes) => {
    // zstd's check sums are compared only where Node.js has zstd itself.
    const comparesSums = !name.startsWith('zstd');
    for (let at = 8; at < bytes.length; at += 17) {
      const damaged = Buffer.from(bytes);
      damaged[at] = damaged[at]! ^ (1 << (at % 8));
      const { error, bytes: read } = await contents(file('damaged', damaged));
      if (error !== null) expect(error.hint).toBeTruthy();
      else if (comparesSums) expect(read.equals(FORK), `byte ${at}`).toBe(true);
    }
  });

  it('cannot ask for more memory than 128 MiB: zstd', async () => {
    // A frame whose window descriptor says 2^(10 + 31) bytes.
    const { error } = await fromPipe(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00]));
    expect(error?.message).toBe(
      'the zstd data is damaged near byte 6: a frame needs a window of 2199023255552 bytes; expected 134217728 at most',
    );
    expect(error?.hint).toBe('decompress it first: `zstd -dc --long=31`');
  });
});

/** Frames by hand (RFC 8878): magic, descriptor, window, blocks of type raw or run. */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const block = (last: boolean, type: 0 | 1, size: number, content: number[]): number[] => {
  const header = (last ? 1 : 0) | (type << 1) | (size << 3);
  return [header & 255, (header >> 8) & 255, header >> 16, ...content];
};

describe('frames of zstd', () => {
  const abc = [...MAGIC, 0, 0, ...block(false, 0, 2, [97, 98]), ...block(true, 1, 3, [99])];
  const empty = [...MAGIC, 0, 0, ...block(true, 0, 0, [])];
  const skippable = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];

  it.each([
    ['raw and run blocks', abc, 'abccc'],
    ['an empty frame between two', [...abc, ...empty, ...abc], 'abcccabccc'],
    ['skippable frames anywhere', [...abc, ...skippable, ...abc, ...skippable], 'abcccabccc'],
    ['a thousand frames', Array.from({ length: 1000 }, () => abc).flat(), 'abccc'.repeat(1000)],
  ])('are read in any pieces: %s', async (_name, bytes, text) => {
    const { bytes: read, error } = await fromPipe(Buffer.from(bytes));
    expect([read.toString(), error]).toEqual([text, null]);
    for (const size of [1, 2, 7, 4096]) {
      const frames = new ZstdFrames();
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        for (const piece of frames.split(Buffer.from(bytes.slice(at, at + size))))
          pieces.push(Buffer.from(piece.bytes));
      }
      expect(frames.atEnd).toBe(true);
      // What is not of a skippable frame comes out as it was.
      const plain = Buffer.from(bytes).toString('hex').replaceAll(Buffer.from(skippable).toString('hex'), '');
      expect(Buffer.concat(pieces).toString('hex')).toBe(plain);
    }
  });

  it('are given on before many empty blocks have been gathered, and end as one frame', () => {
    // 100,000 block headers of 3 bytes each, then one block with a byte.
    const blocks = Array.from({ length: 100_000 }, () => block(false, 0, 0, [])).flat();
    const bytes = Buffer.from([...MAGIC, 0, 0].concat(blocks, block(true, 0, 1, [97])));
    const pieces = Array.from(new ZstdFrames().split(bytes));
    expect(Math.max(...pieces.map((piece) => piece.bytes.length))).toBeLessThanOrEqual(1030);
    expect(Buffer.concat(pieces.map((piece) => piece.bytes)).equals(bytes)).toBe(true);
    expect(pieces.map(({ first }) => first).lastIndexOf(true)).toBe(0);
    expect(pieces.map(({ last }) => last).indexOf(true)).toBe(pieces.length - 1);
  });

  it('are read with many empty blocks in front of the content', async () => {
    const blocks = Array.from({ length: 5000 }, () => block(false, 0, 0, [])).flat();
    const bytes = [...MAGIC, 0, 0].concat(blocks, block(true, 0, 1, [97]));
    const { bytes: read, error } = await fromPipe(Buffer.from([...bytes, ...abc]));
    expect([read.toString(), error]).toEqual(['aabccc', null]);
    const source = await openSource('-', Readable.from([Buffer.from(bytes)]), true);
    const lengths: number[] = [];
    for await (const part of source.chunks()) lengths.push(part.length);
    expect(lengths).toEqual([1]);
  });

  it.each([
    [
      'bytes that begin no frame',
      [...abc, 1, 2, 3, 4, 5],
      'found bytes that begin no frame; expected a frame or the end',
    ],
    ['a reserved bit', [...MAGIC, 8, 0, 0, 0, 0], 'a frame has a reserved bit set'],
    ['a dictionary', [...MAGIC, 1, 0, 7, 0, 0], 'a frame needs a dictionary'],
    ['a reserved block', [...MAGIC, 0, 0, 6, 0, 0], 'a block is of the reserved type'],
    [
      'a long block',
      [...MAGIC, 0, 0, ...block(false, 0, 131_073, [])],
      'a block has 131073 bytes; expected 131072 at most',
    ],
  ])('are refused with %s', async (_name, bytes, message) => {
    expect((await fromPipe(Buffer.from(bytes))).error?.message).toContain(message);
  });
});
