/**
 * Source: a trace as a stream of decompressed bytes, from a file or a stream (standard input).
 *
 * Compressed files are recognised by their magic bytes (containers/) and inflated on the way. The SHA-256
 * is that of the decompressed bytes, so that a trace has one digest however it is stored. Bytes come
 * in blocks of fixed size whatever the pipe delivers: stopping early gives the same digest again.
 */
import { TraceError } from '../errors.js';
import { STDIN_NAME } from './bad-records.js';
import type { OpenContainer } from './containers/container.js';
import { containerOf } from './containers/index.js';
import { BLOCK, evenBlocks, FIRST_BLOCK } from './even-blocks.js';
import type { ByteSource } from './format.js';
import { SNIFF_BYTES } from './format.js';
import { type Blocks, FileBlocks, openFile, StreamBlocks } from './stored-blocks.js';
import { type DecodedRecords, TraceDigest } from './trace-digest.js';

/** Block of compressed bytes: small, since it may inflate a thousandfold. The first block of any file is one. */
const STORED_BLOCK = FIRST_BLOCK;

/** A {@link ByteSource} that knows its digest and can be given up. */
export interface TraceSource extends ByteSource {
  /**
   * SHA-256, in hexadecimal, of the decompressed bytes delivered so far (all of them at the end); or up to the end of
   * the block in which record number `records` ends.
   */
  digest(records?: number): string;
  /** True if it is inflated on the way. */
  readonly compressed: boolean;
  /** Told what its bytes are worth: asked whenever the next block is. */
  decoded: () => DecodedRecords;
  /** Closes the file if it is still open. */
  close(): Promise<void>;
}

/**
 * Opens `path`, or `stdin` if it is `-`, and looks at its first bytes. A chunk is only valid until
 * the next one is asked for. An empty source is an error, unless it is `mayBeEmpty`; `wanted`
 * is what messages expect in the place of a folder.
 */
export async function openSource(
  path: string,
  stdin?: NodeJS.ReadableStream,
  mayBeEmpty = false,
  wanted = 'a trace file',
): Promise<TraceSource> {
  if (path === '-') {
    if (stdin === undefined) throw new TraceError({ file: STDIN_NAME }, 'there is no standard input to read');
    return OpenedSource.start(STDIN_NAME, new StreamBlocks(stdin), mayBeEmpty);
  }
  const { fd, size } = await openFile(path, wanted);
  const blocks = new FileBlocks(path, fd, size);
  try {
    return await OpenedSource.start(path, blocks, mayBeEmpty);
  } catch (error) {
    await blocks.close();
    throw error;
  }
}

class OpenedSource implements TraceSource {
  readonly name: string;
  readonly totalBytes: number | null;
  readonly compressed: boolean;
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

  private constructor(name: string, blocks: Blocks, first: Uint8Array, open: OpenContainer | null) {
    this.name = name;
    this.totalBytes = blocks.totalBytes;
    this.compressed = open !== null;
    this.#blocks = blocks;
    const stored = this.#stored(first, open === null ? BLOCK : STORED_BLOCK);
    this.#decompressed =
      open === null
        ? stored
        : open({
            file: name,
            blocks: stored,
            fd: blocks.fd,
            onRead: (bytes) => {
              this.bytesRead += bytes;
            },
          });
  }

  static async start(name: string, blocks: Blocks, mayBeEmpty: boolean): Promise<OpenedSource> {
    const block = new Uint8Array(FIRST_BLOCK);
    const first = block.subarray(0, await blocks.fill(block));
    const open = (await containerOf(name, first)?.load()) ?? null;
    const source = new OpenedSource(name, blocks, first, open);
    const taken = await source.#takeHead();
    if (taken === 0 && !mayBeEmpty) throw emptyTrace(name);
    return source;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const block of evenBlocks(this.#all())) yield this.#delivered(block);
    } finally {
      await this.close();
    }
  }

  async *#all(): AsyncGenerator<Uint8Array> {
    yield* this.#pending;
    if (this.#failure !== undefined) throw this.#failure.error;
    yield* this.#decompressed;
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
