/** The loop of every reader that takes bytes as they come: decode what is there, hand on full chunks, ask for more. */
import type { TraceChunk } from './access.js';
import type { ChunkBuilder } from './chunk-builder.js';
import type { ByteSource } from './format.js';

/** A reader's state between two chunks of bytes. */
export interface Decoding {
  readonly out: ChunkBuilder;
  /** The next record may not fit into the chunk. */
  readonly full: boolean;
  /** Decodes until the bytes are used up (true), or the chunk is full. */
  decode(): boolean;
  /** Adds the next bytes; false at the end, when nothing is left to decode. */
  fill(): Promise<boolean>;
}

/** Chunks as they fill up. When decoding or the input throws, what was decoded before is delivered first. */
export async function* decodeChunks(
  source: ByteSource,
  input: AsyncIterator<Uint8Array>,
  decoding: Decoding,
): AsyncGenerator<TraceChunk> {
  const { out } = decoding;
  try {
    for (let more = true; more;) {
      let failure: { readonly error: unknown } | undefined;
      try {
        if (decoding.decode() && !decoding.full) more = await decoding.fill();
      } catch (error) {
        failure = { error };
      }
      if ((decoding.full || !more || failure !== undefined) && !out.empty) {
        yield out.chunk(source.bytesRead);
        out.clear();
      }
      if (failure !== undefined) throw failure.error;
    }
  } finally {
    await input.return?.();
  }
}
