/**
 * Opens a trace: source, format, header. What follows is a stream of chunks that can be read once.
 */
import type { TraceError } from '../errors.js';
import { BATCH_CAPACITY, type TraceChunk } from './access.js';
import type { ReaderOptions } from './bad-records.js';
import { detectFormat } from './detect.js';
import type { TraceHeader } from './event.js';
import type { ReadOptions, TraceStream } from './format.js';
import { TRACE_FORMATS } from './formats/index.js';
import { isGenerated } from './generate/generated-path.js';
import type { PartRead } from './part.js';
import { readingError } from './reading-error.js';
import type { TraceSource } from './source.js';
import { openSource } from './source.js';

/** Bad records that are kept for `trace check`; more are only counted. */
export const MAX_LISTED_RECORDS = 1000;

export interface OpenOptions {
  /** Name of a format; by default it is recognised by content. */
  readonly format?: string | undefined;
  readonly read: ReadOptions;
  /** What `-` reads. */
  readonly stdin?: NodeJS.ReadableStream | undefined;
}

/** A trace whose header is known, with its records still to come. */
export interface OpenTrace extends TraceStream {
  /** As given by the user. */
  readonly path: string;
  /** Name of the format. */
  readonly format: string;
  readonly header: TraceHeader;
  readonly virtual: boolean;
  readonly lacks: readonly string[];
  /** Records of the largest chunk. */
  readonly batchRecords: number;
  /** Which part is read; absent: the whole trace. Final when the chunks have been read. */
  readonly part?: PartRead | undefined;
  /** The records, once. A chunk is only valid until the next one is asked for. */
  chunks(): AsyncIterable<TraceChunk>;
  /**
   * SHA-256 of the decompressed bytes read so far: of the whole trace at its end. Or of what it takes to decode so many
   * `records`: to the end of the block in which the last one ends.
   */
  digest(records?: number): string;
  /** Size of the stored file, or null for a stream. */
  readonly totalBytes: number | null;
  /** Stored bytes read so far. */
  readonly bytesRead: number;
  /** Bad records dropped so far under `onError: skip`. */
  readonly skipped: { readonly count: number; readonly first: string | null };
  /** The first {@link MAX_LISTED_RECORDS} of them. */
  readonly badRecords: readonly TraceError[];
  /** Closes the file. Needed only if `chunks()` was not read to its end or left by `break`. */
  close(): Promise<void>;
}

/**
 * Opens the trace at `path` (`-`: standard input; `gen:...`: a generated one). Throws {@link TraceError} if it cannot be read
 * or recognised, and UsageError for an unknown `format`.
 */
export async function openTrace(path: string, options: OpenOptions): Promise<OpenTrace> {
  if (isGenerated(path)) {
    const { openGenerated } = await import('./generate/open-generated.js');
    return openGenerated(path, options);
  }
  const named = options.format === undefined ? undefined : TRACE_FORMATS.get(options.format);
  const source = await openSource(path, options.stdin);
  try {
    const format = named ?? detectFormat(source);
    const badRecords: TraceError[] = [];
    const read: ReaderOptions = {
      ...options.read,
      onBadRecord: (error) => {
        if (badRecords.length < MAX_LISTED_RECORDS) badRecords.push(error);
      },
    };
    const stream = await format.open(source, read);
    const failed = (error: unknown): Promise<unknown> => readingError(error, path, source, named);
    const batchRecords = read.batchRecords ?? BATCH_CAPACITY;
    return opened(path, format.name, source, stream, badRecords, batchRecords, failed);
  } catch (error) {
    await source.close();
    throw await readingError(error, path, source, named);
  }
}

/** The chunks of `stream`; what ends them early is told as `failed` makes it. */
async function* chunksOf(
  stream: TraceStream,
  failed: (error: unknown) => Promise<unknown>,
): AsyncGenerator<TraceChunk> {
  try {
    yield* stream.chunks();
  } catch (error) {
    throw await failed(error);
  }
}

/** What was assumed in reading the trace that a converted one was made from. */
function assumedBy(source: string | undefined): readonly string[] | undefined {
  return TRACE_FORMATS.all().find(({ name }) => name === source)?.assumes;
}

function opened(
  path: string,
  format: string,
  source: TraceSource,
  stream: TraceStream,
  badRecords: readonly TraceError[],
  batchRecords: number,
  failed: (error: unknown) => Promise<unknown>,
): OpenTrace {
  source.decoded = () => stream.decoded;
  return {
    path,
    format,
    header: stream.header,
    virtual: stream.virtual,
    lacks: stream.lacks,
    eventless: stream.eventless,
    source: stream.source,
    assumes: stream.assumes ?? assumedBy(stream.source),
    get passedOver() {
      return stream.passedOver;
    },
    badRecords,
    batchRecords,
    totalBytes: source.totalBytes,
    get bytesRead() {
      return source.bytesRead;
    },
    get skipped() {
      return stream.skipped;
    },
    get decoded() {
      return stream.decoded;
    },
    chunks: () => chunksOf(stream, failed),
    limitVcpus: stream.limitVcpus,
    digest: (records) => source.digest(records),
    close: () => source.close(),
  };
}
