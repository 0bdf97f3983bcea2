/**
 * xz, by xz-decompress (xz-embedded in WebAssembly); several streams in a row are one trace.
 *
 * The package has one decoder for all who load it and makes a second reader wait until the first is done, for ever if it
 * never is. So each trace loads it anew. Its limit of memory is a dictionary of 64 MiB, as `xz -9` makes.
 */
import { createRequire } from 'node:module';
import { ReadableStream } from 'node:stream/web';
import { TraceError } from '../../errors.js';
import { STDIN_NAME } from '../bad-records.js';
import type { Stored } from './container.js';
import { XzFooters } from './xz-footers.js';

type XzModule = { readonly XzReadableStream: typeof import('xz-decompress').XzReadableStream };

function loadAnew(): XzModule {
  const require = createRequire(import.meta.url);
  const path = require.resolve('xz-decompress');
  delete require.cache[path];
  return require(path) as XzModule;
}

/** What the decoder's numbers mean (xz.h of xz-embedded). */
const REASONS: Readonly<Record<string, string>> = {
  2: 'its check sum is of a kind that is not read here',
  3: 'there is not enough memory',
  4: 'it needs a dictionary of more than 64 MiB',
  5: 'found bytes that begin no xz stream',
  6: 'it uses an option that is not read here, such as a filter or SHA-256',
  7: 'its contents or a check sum are wrong',
};
const CUT_OFF = '8';

export async function* openXz({ file, blocks }: Stored): AsyncGenerator<Uint8Array> {
  const { XzReadableStream } = loadAnew();
  const input = blocks[Symbol.asyncIterator]();
  let position = 0;
  const footers = new XzFooters();
  const compressed = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await input.next();
        if (next.done === true) return controller.close();
        position += next.value.length;
        footers.take(next.value);
        // The block is filled anew before the decoder is done with it.
        controller.enqueue(next.value.slice());
      },
    },
    { highWaterMark: 0 },
  );
  const inflated = new XzReadableStream(compressed as globalThis.ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const next = await inflated.read();
      if (next.done) break;
      if (next.value.length > 0) yield next.value;
    }
  } catch (error) {
    throw error instanceof TraceError ? error : xzError(file, position, footers, error);
  } finally {
    // Fails where reading has failed: that is known already.
    await inflated.cancel().catch(() => undefined);
    await input.return?.();
  }
}

function xzError(file: string, position: number, footers: XzFooters, cause: unknown): TraceError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = /error code (\d+)$/.exec(message)?.[1] ?? '';
  // A decoder that meets no more than the start of something takes it for a stream that is cut off.
  const isJunk = code === CUT_OFF && footers.endsInJunk;
  const what = isJunk
    ? `the xz data ends after ${footers.end} bytes; what follows it begins no xz stream`
    : code === CUT_OFF
      ? `the xz data ends early: the file is truncated after ${position} bytes`
      : `the xz data cannot be read near byte ${position}: ${REASONS[code] ?? message}`;
  const other = code === '4' || code === '6' || code === '2' ? 'decompress it first: `xz -dc`' : null;
  const again =
    file === STDIN_NAME ? 'get the data again' : `\`xz -t ${file}\` checks the file; get it again`;
  return new TraceError({ file }, what, { hint: other ?? again, cause });
}
