/**
 * What writes a trace: bytes go to a sink as chunks come, so that memory does not grow with the trace.
 *
 * A format that can be written is one value that satisfies {@link TraceWriterFormat}, plus one line in index.ts.
 */
import type { TraceChunk } from '../access.js';
import type { AddressKind, PassedOver, TraceStream } from '../format.js';

/** What a trace says before its first record. */
export type TraceFacts = Pick<TraceStream, 'header' | 'virtual' | 'lacks' | 'assumes' | 'eventless'> & {
  /** Name of the format that the trace was first in; empty if it is not known. */
  readonly source: string;
};

/** Takes the next bytes of the file; they are the sink's to keep. */
export type TraceSink = (bytes: Uint8Array) => void;

/** Records of a file, as they are read again. */
export interface WrittenCounts {
  readonly accesses: number;
  readonly events: number;
}

export interface TraceWriter {
  /** Adds the records of a chunk, in their order. */
  chunk(chunk: TraceChunk): void;
  /**
   * Writes what is left; `complete`: the trace has come to its end and did not break off by an error. `passedOver`: what of
   * the first trace is not in the file.
   */
  end(complete: boolean, passedOver?: PassedOver): void;
  /** What the format has no word for, so far; absent: it has one for everything. */
  readonly lost?: PassedOver | undefined;
  /** What is in the file so far; absent: all that was given. */
  readonly written?: WrittenCounts | undefined;
}

export interface TraceWriterFormat {
  /** As of the format that reads it. */
  readonly name: string;
  /** Ends of file names that mean this format, without `.gz`. */
  readonly suffixes: readonly string[];
  /**
   * The file says of itself what it cannot say, what was assumed and passed over in reading what it was made from, and whether
   * that broke off.
   */
  readonly keepsNotes: boolean;
  /** What its traces are taken to hold when they are read; `source`: they say it themselves. */
  readonly addresses: AddressKind;
  /** Begins a trace: what comes before the first record is written at once. */
  start(facts: TraceFacts, sink: TraceSink): TraceWriter;
}
