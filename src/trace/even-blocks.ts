/**
 * EvenBlocks: a stream of bytes cut at the same offsets however it was stored: a first block, then larger ones.
 *
 * A replay that ends early has read whole blocks. What it has read, and so the digest of its trace, is then the same for
 * a plain file, a compressed one and a pipe.
 */

/** Small, so that a short stream is decoded soon. */
export const FIRST_BLOCK = 32 * 1024;
export const BLOCK = 256 * 1024;

/**
 * The bytes of `chunks` in blocks that are full except for the last. A block is only valid until the next one is asked
 * for. What came before an error is delivered before it is thrown. Chunks that are blocks already are passed on as they are.
 */
export async function* evenBlocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let wanted = FIRST_BLOCK;
  let block: Uint8Array | null = null;
  let filled = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + wanted - filled);
        at += part.length;
        if (part.length === wanted) {
          yield part;
        } else {
          block ??= new Uint8Array(BLOCK);
          block.set(part, filled);
          filled += part.length;
          if (filled < wanted) continue;
          yield block.subarray(0, filled);
        }
        [wanted, filled] = [BLOCK, 0];
      }
    }
  } catch (error) {
    failure = { error };
  }
  if (block !== null && filled > 0) yield block.subarray(0, filled);
  if (failure !== undefined) throw failure.error;
}
