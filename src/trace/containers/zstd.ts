/**
 * zstd (RFC 8878): by node:zlib where this Node.js has it, otherwise by fzstd, which does not compare check sums.
 *
 * zstd-frames.ts cuts the data into frames and blocks first, so that memory is bounded whatever a file says of itself.
 */
import * as zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { TraceError } from '../../errors.js';
import { STDIN_NAME } from '../bad-records.js';
import type { Stored } from './container.js';
import { NodeStream } from './node-stream.js';
import { type FramePiece, ZstdError, ZstdFrames } from './zstd-frames.js';

/** Inflates one frame. */
interface FrameDecoder {
  push(piece: FramePiece): Promise<readonly Uint8Array[]>;
  close(): void;
}

/** Absent before Node.js 22.15. */
const native: unknown = Reflect.get(zlib, 'createZstdDecompress');

async function decoderMaker(): Promise<() => FrameDecoder> {
  if (typeof native === 'function') return () => nativeDecoder(new NodeStream(native() as Transform));
  const { Decompress } = await import('fzstd');
  return () => {
    let inflated: Uint8Array[] = [];
    // It gives an empty array for each empty block, and whoever looks at the beginning keeps what came.
    const decompress = new Decompress((bytes) => {
      if (bytes.length > 0) inflated.push(bytes);
    });
    return {
      push: async ({ bytes, last }) => {
        decompress.push(bytes, last);
        const taken = inflated;
        inflated = [];
        return taken;
      },
      close: () => undefined,
    };
  };
}

function nativeDecoder(stream: NodeStream): FrameDecoder {
  return {
    push: async ({ bytes, last }) => {
      if (bytes.length > 0) await stream.write(bytes);
      if (last) await stream.end();
      if (stream.failure !== null) throw stream.failure;
      return stream.take();
    },
    close: () => stream.destroy(),
  };
}

export async function* openZstd({ file, blocks }: Stored): AsyncGenerator<Uint8Array> {
  const makeDecoder = await decoderMaker();
  const frames = new ZstdFrames();
  let decoder: FrameDecoder | null = null;
  try {
    for await (const block of blocks) {
      for (const piece of frames.split(block)) {
        decoder ??= makeDecoder();
        yield* await decoder.push(piece);
        if (!piece.last) continue;
        decoder.close();
        decoder = null;
      }
    }
  } catch (error) {
    throw error instanceof TraceError ? error : zstdError(file, frames.position, error);
  } finally {
    decoder?.close();
  }
  if (!frames.atEnd) throw zstdError(file, frames.position, null);
}

/** `cause` null: the data is cut off. */
function zstdError(file: string, position: number, cause: unknown): TraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const what =
    cause === null
      ? `the zstd data ends early: the file is truncated after ${position} bytes`
      : `the zstd data is damaged near byte ${position}: ${reason}`;
  const large = cause instanceof ZstdError && reason.includes('window');
  const again =
    file === STDIN_NAME ? 'get the data again' : `\`zstd -t ${file}\` checks the file; get it again`;
  return new TraceError({ file }, what, {
    hint: large ? 'decompress it first: `zstd -dc --long=31`' : again,
    cause,
  });
}
