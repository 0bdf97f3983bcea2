/**
 * Source: a trace as a stream of decompressed bytes, from a file or a stream (standard input).
 *
 * gzip is recognised by its magic bytes (RFC 1952; several members in a row are one stream) and
 * inflated on the way; other containers are refused with the command that opens them. The SHA-256
 * is that of the decompressed bytes, so that a trace has one digest however it is stored. Bytes come
 * in blocks of fixed size whatever the pipe delivers: stopping early gives the same digest again.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { TraceError } from '../errors.js';
import { STDIN_NAME } from './bad-records.js';
import type { ByteSource } from './format.js';
import { SNIFF_BYTES } from './format.js';
import { gunzip } from './gunzip.js';
import { type DecodedRecords, TraceDigest } from './trace-digest.js';

/** Block in which plain traces are read. */
const PLAIN_BLOCK = 256 * 1024;
/** Block of compressed bytes: small, since it may inflate a thousandfold. The first block is one. */
const FIRST_BLOCK = 32 * 1024;

/** A {@link ByteSource} that knows its digest and can be given up. */
export interface TraceSource extends ByteSource {
  /**
   * SHA-256, in hexadecimal, of the decompressed bytes delivered so far (all of them at the end); or up to the end of
   * the block in which record number `records` ends.
   */
  digest(records?: number): string;
  /** Told what its bytes are worth: asked whenever the next block is. */
  decoded: () => DecodedRecords;
  /** Closes the file if it is still open. */
  close(): Promise<void>;
}

/**
 * Opens `path`, or `stdin` if it is `-`, and looks at its first bytes. A chunk is only valid until
 * the next one is asked for. An empty source is an error, unless it is `mayBeEmpty`.
 */
export async function openSource(
  path: string,
  stdin?: NodeJS.ReadableStream,
  mayBeEmpty = false,
): Promise<TraceSource> {
  if (path === '-') {
    if (stdin === undefined) throw new TraceError({ file: STDIN_NAME }, 'there is no standard input to read');
    return OpenedSource.start(STDIN_NAME, new StreamBlocks(stdin), mayBeEmpty);
  }
  const { handle, size } = await openFile(path);
  try {
    return await OpenedSource.start(path, new FileBlocks(path, handle, size), mayBeEmpty);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Stored bytes, in blocks that are filled to the brim except for the last. */
interface Blocks {
  readonly totalBytes: number | null;
  /** Fills `block` from its start; returns the bytes got, less than its length only at the end. */
  fill(block: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

class FileBlocks implements Blocks {
  readonly totalBytes: number | null;
  readonly #path: string;
  readonly #handle: FileHandle;
  #open = true;

  constructor(path: string, handle: FileHandle, totalBytes: number | null) {
    this.#path = path;
    this.#handle = handle;
    this.totalBytes = totalBytes;
  }

  async fill(block: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < block.length) {
      const got = await this.#read(block, filled);
      if (got === 0) break;
      filled += got;
    }
    return filled;
  }

  async #read(block: Uint8Array, from: number): Promise<number> {
    try {
      return (await this.#handle.read(block, from, block.length - from, null)).bytesRead;
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  async close(): Promise<void> {
    if (this.#open) await this.#handle.close();
    this.#open = false;
  }
}

class StreamBlocks implements Blocks {
  readonly totalBytes = null;
  readonly #chunks: AsyncIterator<Buffer | string>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(stream: NodeJS.ReadableStream) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async fill(block: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < block.length) {
      if (this.#rest.length === 0) {
        const next = await this.#next();
        if (next === null) break;
        this.#rest = next;
      }
      const part = this.#rest.subarray(0, block.length - filled);
      block.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return filled;
  }

  async #next(): Promise<Uint8Array | null> {
    try {
      const next = await this.#chunks.next();
      if (next.done === true) return null;
      return typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    } catch (error) {
      throw new TraceError({ file: STDIN_NAME }, 'standard input cannot be read', { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

class OpenedSource implements TraceSource {
  readonly name: string;
  readonly totalBytes: number | null;
  bytesRead = 0;
  head: Uint8Array = new Uint8Array(0);
  readonly #blocks: Blocks;
  decoded = (): DecodedRecords => ({ delivered: 0, records: 0 });
  readonly #digest = new TraceDigest();
  /** Decompressed bytes, of which `#pending` were taken to see the head. */
  #decompressed: AsyncGenerator<Uint8Array>;
  readonly #pending: Uint8Array[] = [];
  /** What ended the stream while the head was taken; it is due after `#pending`. */
  #failure: { readonly error: unknown } | undefined;

  private constructor(name: string, blocks: Blocks, first: Uint8Array) {
    this.name = name;
    this.totalBytes = blocks.totalBytes;
    this.#blocks = blocks;
    const gzip = first[0] === 0x1f && first[1] === 0x8b;
    const stored = this.#stored(first, gzip ? FIRST_BLOCK : PLAIN_BLOCK);
    this.#decompressed = gzip ? gunzip(name, stored) : stored;
  }

  static async start(name: string, blocks: Blocks, mayBeEmpty: boolean): Promise<OpenedSource> {
    const block = new Uint8Array(FIRST_BLOCK);
    const first = block.subarray(0, await blocks.fill(block));
    refuseContainer(name, first);
    const source = new OpenedSource(name, blocks, first);
    const taken = await source.#takeHead();
    if (taken === 0 && !mayBeEmpty) throw emptyTrace(name);
    return source;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (const chunk of this.#pending) yield this.#delivered(chunk);
      if (this.#failure !== undefined) throw this.#failure.error;
      for await (const chunk of this.#decompressed) yield this.#delivered(chunk);
    } finally {
      await this.close();
    }
  }

  /** Whoever asks for more has decoded what came before. */
  #delivered(chunk: Uint8Array): Uint8Array {
    this.#digest.mark(this.decoded());
    this.#digest.update(chunk);
    return chunk;
  }

  digest(records?: number): string {
    return this.#digest.of(records);
  }

  async close(): Promise<void> {
    await this.#blocks.close();
  }

  async *#stored(first: Uint8Array, blockBytes: number): AsyncGenerator<Uint8Array> {
    this.bytesRead = first.length;
    if (first.length > 0) yield first;
    if (first.length < FIRST_BLOCK) return;
    const block = new Uint8Array(blockBytes);
    for (;;) {
      const filled = await this.#blocks.fill(block);
      this.bytesRead += filled;
      if (filled > 0) yield block.subarray(0, filled);
      if (filled < block.length) return;
    }
  }

  /** Bytes taken. */
  async #takeHead(): Promise<number> {
    let taken = 0;
    try {
      while (taken < SNIFF_BYTES) {
        const next = await this.#decompressed.next();
        if (next.done === true) break;
        this.#pending.push(next.value);
        taken += next.value.length;
      }
    } catch (error) {
      this.#failure = { error };
    }
    if (taken === 0 && this.#failure !== undefined) throw this.#failure.error;
    this.head = Buffer.concat(this.#pending).subarray(0, SNIFF_BYTES);
    return taken;
  }
}

function emptyTrace(file: string): TraceError {
  return new TraceError({ file }, 'the trace is empty; expected at least one access', {
    hint: '`p2msim trace formats` lists what can be read',
  });
}

/** Containers that are recognised but not opened: magic bytes and the command that opens them. */
const CONTAINERS: readonly { name: string; magic: readonly number[]; command: string }[] = [
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], command: 'zstd -dc' },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], command: 'xz -dc' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], command: 'bzip2 -dc' },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18], command: 'lz4 -dc' },
  { name: 'zip', magic: [0x50, 0x4b, 0x03, 0x04], command: 'unzip -p' },
];

function refuseContainer(file: string, first: Uint8Array): void {
  const container = CONTAINERS.find(({ magic }) => magic.every((value, i) => first[i] === value));
  if (container === undefined) return;
  const argument = file === STDIN_NAME ? '' : ` ${file}`;
  const message = `the file is compressed with ${container.name}; expected plain text or gzip`;
  throw new TraceError({ file }, message, {
    hint: `decompress it first: \`${container.command}${argument} | p2msim replay -\``,
  });
}

async function openFile(path: string): Promise<{ handle: FileHandle; size: number | null }> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stat = await handle.stat();
    if (stat.isDirectory()) throw Object.assign(new Error('directory'), { code: 'EISDIR' });
    return { handle, size: stat.isFile() ? stat.size : null };
  } catch (error) {
    await handle?.close();
    throw fileError(path, error);
  }
}

function fileError(file: string, error: unknown): TraceError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return new TraceError({ file }, 'no such file', {
        hint: 'check the path; `-` reads standard input',
        cause: error,
      });
    case 'EISDIR':
      return new TraceError({ file }, 'is a directory; expected a trace file', {
        hint: `name a file in it: \`ls ${file}\``,
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new TraceError({ file }, 'permission to read was denied', {
        hint: `\`ls -l ${file}\` shows who may read it`,
        cause: error,
      });
    default: {
      const reason = error instanceof Error ? error.message : String(error);
      return new TraceError({ file }, `cannot be read: ${reason}`, { cause: error });
    }
  }
}
