import { describe, expect, it } from 'vitest';
import { BLOCK, evenBlocks, FIRST_BLOCK } from '../../../src/trace/even-blocks.js';

/** Sizes of the blocks, and all bytes; a chunk is overwritten when the next one is asked for. */
async function cut(bytes: Uint8Array, chunkBytes: number, failsAt = Infinity) {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(chunkBytes);
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      if (at >= failsAt) throw new Error('damaged');
      const part = bytes.subarray(at, at + chunkBytes);
      chunk.fill(255);
      chunk.set(part);
      yield chunk.subarray(0, part.length);
    }
  }
  const sizes: number[] = [];
  const parts: Buffer[] = [];
  let error = '';
  try {
    for await (const block of evenBlocks(chunks())) {
      sizes.push(block.length);
      parts.push(Buffer.from(block));
    }
  } catch (cause) {
    error = String(cause);
  }
  return { sizes, bytes: Buffer.concat(parts), error };
}

describe('even blocks', () => {
  const bytes = Uint8Array.from({ length: FIRST_BLOCK + 2 * BLOCK + 1000 }, (_, i) => (i * 31) % 251);

  it.each([1000, FIRST_BLOCK, 65_537, BLOCK, FIRST_BLOCK + BLOCK, bytes.length])(
    'are the same whatever chunks they come in: %d bytes',
    async (chunkBytes) => {
      const { sizes, bytes: all, error } = await cut(bytes, chunkBytes);
      expect([sizes, error]).toEqual([[FIRST_BLOCK, BLOCK, BLOCK, 1000], '']);
      expect(all.equals(bytes)).toBe(true);
    },
  );

  it('are delivered up to where the stream breaks', async () => {
    const { sizes, bytes: all, error } = await cut(bytes, 10_000, 40_000);
    expect([sizes, error]).toEqual([[FIRST_BLOCK, 40_000 - FIRST_BLOCK], 'Error: damaged']);
    expect(all.equals(bytes.subarray(0, 40_000))).toBe(true);
  });

  it('of nothing are none', async () => {
    expect(await cut(new Uint8Array(0), 10)).toEqual({ sizes: [], bytes: Buffer.alloc(0), error: '' });
  });
});
