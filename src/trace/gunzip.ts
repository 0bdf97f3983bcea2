/**
 * gunzip: inflates gzip bytes (RFC 1951, 1952) block by block with node:zlib.
 *
 * Everything that inflates before a fault is delivered before the fault is thrown, which a plain
 * stream pipeline does not promise.
 */
import { createGunzip } from 'node:zlib';
import { TraceError } from '../errors.js';
import { STDIN_NAME } from './bad-records.js';

const OUTPUT_BLOCK = 256 * 1024;

/** Inflates `stored`, whose blocks may be reused memory. Throws {@link TraceError} on damage. */
export async function* gunzip(file: string, stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflate = createGunzip({ chunkSize: OUTPUT_BLOCK });
  const inflated: Buffer[] = [];
  const state: { failure: Error | null; over: boolean; wake: () => void } = {
    failure: null,
    over: false,
    wake: () => {},
  };
  inflate.on('data', (block: Buffer) => inflated.push(block));
  const over = (failure: Error | null): void => {
    state.failure ??= failure;
    state.over = true;
    state.wake();
  };
  inflate.once('error', over);
  inflate.once('end', () => over(null));
  try {
    for await (const block of stored) {
      // After the last member whatever follows is padding.
      if (!state.over) await until(state, (done) => inflate.write(block, done));
      yield* inflated.splice(0);
      if (state.failure !== null) throw gzipError(file, state.failure);
    }
    if (!state.over) await until(state, () => inflate.end());
    yield* inflated.splice(0);
    if (state.failure !== null) throw gzipError(file, state.failure);
  } finally {
    inflate.destroy();
  }
}

/** Starts something and waits until it is done or the stream is over. */
function until(state: { wake: () => void }, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    state.wake = resolve;
    start(resolve);
  });
}

function gzipError(file: string, cause: Error): TraceError {
  const truncated = 'code' in cause && cause.code === 'Z_BUF_ERROR';
  const what = truncated
    ? 'the gzip data ends early: the file is truncated'
    : `the gzip data is damaged: ${cause.message}`;
  return new TraceError({ file }, what, {
    hint: file === STDIN_NAME ? 'get the data again' : `\`gzip -t ${file}\` checks the file; get it again`,
    cause,
  });
}
