/**
 * Facts of a trace that a batch needs before any point is run: its digest, what its header declares, its size.
 *
 * A trace is read once for that, and decompressed, but not decoded: the digest is the same however it is stored. Where
 * the bytes break off (a damaged container), it is that of what comes before: a few records may be all that is wanted.
 */
import { TraceError } from '../errors.js';
import { openWith, type TraceOptions } from '../prepare.js';
import type { TraceHeader } from '../trace/event.js';
import { isGenerated } from '../trace/generate/generated-path.js';
import { openSource } from '../trace/source.js';

export interface TraceFacts {
  readonly path: string;
  /** SHA-256 of the decompressed bytes. */
  readonly sha256: string;
  /** Name of the format. */
  readonly format: string;
  readonly header: TraceHeader;
  /** Decompressed bytes; null of a trace that is not stored. */
  readonly bytes: number | null;
}

/** Reads the trace at `path` through. Throws {@link TraceError} if it cannot be opened or recognised. */
export async function readTraceFacts(
  path: string,
  options: Omit<TraceOptions, 'trace'>,
): Promise<TraceFacts> {
  const trace = await openWith({ ...options, trace: path });
  const { format, header } = trace;
  await trace.close();
  // What a generated trace is follows from its words.
  if (isGenerated(path)) return { path, sha256: trace.digest(), format, header, bytes: null };
  const source = await openSource(path);
  let bytes = 0;
  try {
    for await (const chunk of source.chunks()) bytes += chunk.length;
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
  } finally {
    await source.close();
  }
  return { path, sha256: source.digest(), format, header, bytes };
}
