/** gzip (RFC 1951, 1952), by node:zlib; several members in a row are one stream. */
import { createGunzip } from 'node:zlib';
import { TraceError } from '../../errors.js';
import { STDIN_NAME } from '../bad-records.js';
import type { Stored } from './container.js';
import { NodeStream } from './node-stream.js';

const OUTPUT_BLOCK = 256 * 1024;

export async function* openGzip({ file, blocks }: Stored): AsyncGenerator<Uint8Array> {
  const inflate = new NodeStream(createGunzip({ chunkSize: OUTPUT_BLOCK }));
  let position = 0;
  try {
    for await (const block of blocks) {
      position += block.length;
      await inflate.write(block);
      yield* inflate.take();
      if (inflate.failure !== null) throw gzipError(file, position, inflate.failure);
    }
    await inflate.end();
    yield* inflate.take();
    if (inflate.failure !== null) throw gzipError(file, position, inflate.failure);
  } finally {
    inflate.destroy();
  }
}

function gzipError(file: string, position: number, cause: Error): TraceError {
  const truncated = 'code' in cause && cause.code === 'Z_BUF_ERROR';
  const what = truncated
    ? `the gzip data ends early: the file is truncated after ${position} bytes`
    : `the gzip data is damaged: ${cause.message}`;
  return new TraceError({ file }, what, {
    hint: file === STDIN_NAME ? 'get the data again' : `\`gzip -t ${file}\` checks the file; get it again`,
    cause,
  });
}
