/** Reads the bytes of a results file, plain or compressed. */
import { openSource } from '../trace/source.js';
import type { ResultsInput } from './collect.js';

/** The file at `path`; `-` is `stdin`. Throws {@link TraceError} if it cannot be read. */
export async function readResultsInput(path: string, stdin?: NodeJS.ReadableStream): Promise<ResultsInput> {
  const source = await openSource(path, stdin, true, 'saved results');
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of source.chunks()) chunks.push(Buffer.from(chunk));
    return { file: source.name, bytes: Buffer.concat(chunks) };
  } finally {
    await source.close();
  }
}
