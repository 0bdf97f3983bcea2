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
import { type Mistaken, mistakenFormat, mistakenNote, nothingRead, readingError } from './reading-error.js';
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
  /**
   * Told what is odd and no error, a sentence a call. Before the trace is open: each option of reading that its format has no
   * use for, and that a generated trace ends before its child runs. Once, when the first records have been read: that it may be in
   * another format than the one that was named.
   */
  readonly onWarning?: ((text: string) => void) | undefined;
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
  /** The format that its beginning looks like, if that is not the one that was named. */
  readonly looksLike?: string | undefined;
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

/** Options of reading, as words of the command line, that this format has no use for. */
function idleFlags({ modifyAsTwo, ignoreColumns }: ReadOptions, format: string): string[] {
  return [
    ...(modifyAsTwo && format !== 'lackey' ? ['--lackey-modify two'] : []),
    ...(ignoreColumns && format !== 'csv' ? ['--ignore-columns'] : []),
  ];
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
  const mistaken = mistakenFormat(named, source);
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
    const batchRecords = read.batchRecords ?? BATCH_CAPACITY;
    const { onWarning } = options;
    for (const flag of idleFlags(options.read, format.name))
      onWarning?.(`${flag} does nothing: ${path} is ${format.name}`);
    return opened({
      path,
      format: format.name,
      source,
      stream,
      badRecords,
      batchRecords,
      mistaken,
      onWarning,
    });
  } catch (error) {
    await source.close();
    throw await readingError(error, path, source, mistaken, false);
  }
}

/** A trace whose header has been read. */
interface Opened extends Pick<OpenTrace, 'path' | 'format' | 'badRecords' | 'batchRecords'> {
  readonly source: TraceSource;
  readonly stream: TraceStream;
  readonly mistaken: Mistaken | null;
  readonly onWarning: OpenOptions['onWarning'];
}

/** The chunks of the stream; what ends them early is told as what it comes of. */
async function* chunksOf({
  path,
  source,
  stream,
  badRecords,
  mistaken,
  onWarning,
}: Opened): AsyncGenerator<TraceChunk> {
  let anyRead = false;
  try {
    for await (const chunk of stream.chunks()) {
      if (!anyRead && chunk.accesses.n + chunk.events.length > 0) {
        anyRead = true;
        const note = mistakenNote(mistaken);
        if (note !== null) onWarning?.(`${path} is ${note}`);
      }
      yield chunk;
    }
  } catch (error) {
    throw await readingError(error, path, source, mistaken, anyRead);
  }
  if (mistaken !== null && !anyRead) throw nothingRead(path, mistaken, badRecords[0]);
}

/** What was assumed in reading the trace that a converted one was made from. */
function assumedBy(source: string | undefined): readonly string[] | undefined {
  return TRACE_FORMATS.all().find(({ name }) => name === source)?.assumes;
}

/** What was taken for granted of all records. */
function assumptionsOf({ stream, mistaken }: Opened): readonly string[] | undefined {
  const note = mistakenNote(mistaken);
  const assumes = stream.assumes ?? assumedBy(stream.source);
  return note === null ? assumes : [note, ...(assumes ?? [])];
}

function opened(parts: Opened): OpenTrace {
  const { path, format, source, stream, badRecords, batchRecords, mistaken } = parts;
  source.decoded = () => stream.decoded;
  return {
    path,
    format,
    header: stream.header,
    virtual: stream.virtual,
    lacks: stream.lacks,
    eventless: stream.eventless,
    source: stream.source,
    assumes: assumptionsOf(parts),
    looksLike: mistaken?.looksLike,
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
    chunks: () => chunksOf(parts),
    limitVcpus: stream.limitVcpus,
    digest: (records) => source.digest(records),
    close: () => source.close(),
  };
}
