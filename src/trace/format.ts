/**
 * What a trace format is: one value that satisfies {@link TraceFormat}, plus one line in
 * formats/index.ts. A reader turns bytes into {@link TraceChunk}s and knows nothing of machines.
 */
import type { TraceChunk } from './access.js';
import type { TraceHeader } from './event.js';
import type { DecodedRecords } from './trace-digest.js';

/** Bytes of the (decompressed) head that a format may look at to recognise itself. */
export const SNIFF_BYTES = 4096;

/** A decompressed stream of bytes with the name that messages should use. */
export interface ByteSource {
  /** Path as the user gave it, or `<stdin>`. */
  readonly name: string;
  /** The first bytes of the decompressed stream, at most {@link SNIFF_BYTES}, without consuming them. */
  readonly head: Uint8Array;
  /** Size of the file in bytes as stored, or null for a stream. */
  readonly totalBytes: number | null;
  /** Bytes of the stored (compressed) file read so far, for progress. */
  readonly bytesRead: number;
  /** Decompressed chunks, in order. Throws {@link TraceError} on a truncated or damaged container. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** What a bad record does. */
export type OnError = 'fail' | 'skip';

export interface ReadOptions {
  /** `skip` drops bad records (they are counted and reported) up to `maxErrors`. */
  readonly onError: OnError;
  readonly maxErrors: number;
  /** Lackey: replay an `M` record as a load and a store instead of one access. */
  readonly modifyAsTwo: boolean;
  /** CSV: pass over columns that p2msim does not know. */
  readonly ignoreColumns: boolean;
  /** Records of the largest chunk; absent: BATCH_CAPACITY. */
  readonly batchRecords?: number | undefined;
}

export const DEFAULT_READ_OPTIONS: ReadOptions = {
  onError: 'fail',
  maxErrors: 0,
  modifyAsTwo: false,
  ignoreColumns: false,
};

/** Counts by the plural of what was counted, in the order of appearance. */
export type PassedOver = ReadonlyMap<string, number>;

/** What the addresses of a format are; `source`: those of whatever a trace was converted from. */
export type AddressKind = 'virtual' | 'physical' | 'source';

/** An opened trace: its header is known before the first chunk. */
export interface TraceStream {
  readonly header: TraceHeader;
  /** False: addresses are physical. */
  readonly virtual: boolean;
  /** What this trace cannot say (for reports): e.g. `page-table edits`. */
  readonly lacks: readonly string[];
  /** What reading takes for granted, one sentence each; reports list them. */
  readonly assumes?: readonly string[] | undefined;
  /** Records that were read and mean nothing here, by what they are; complete at the end of the trace. */
  readonly passedOver?: PassedOver | undefined;
  /** True if there is nothing but accesses in it, for certain: machines may then share what events would change. */
  readonly eventless: boolean;
  /** Name of the format that a converted trace was in first. */
  readonly source?: string | undefined;
  chunks(): AsyncIterable<TraceChunk>;
  /**
   * Tells a reader that knows where each record stands how many vcpus the machine has, before the first chunk: an event on
   * another one ends the chunks with an error, as does an access, from number `from` (0: the first) on.
   */
  readonly limitVcpus?: ((vcpus: number, from: number) => void) | undefined;
  /** Bad records dropped so far under `onError: skip`. */
  readonly skipped: { readonly count: number; readonly first: string | null };
  /** How far it has been decoded, so that the digest of a replay that ends early is that of what it needed. */
  readonly decoded: DecodedRecords;
}

export interface TraceFormat {
  readonly name: string;
  /** One line, printed by `p2msim trace formats`. */
  readonly summary: string;
  readonly addresses: AddressKind;
  /** What no trace of this format can say. */
  readonly lacks: readonly string[];
  /** What reading one takes for granted, one sentence each. */
  readonly assumes?: readonly string[] | undefined;
  /** Unique; the order in which formats are listed. */
  readonly priority: number;
  /**
   * True if these bytes can be the beginning of such a trace. Two formats must not both say so of one head: that is an
   * error to the user. Looks at no more than {@link SNIFF_BYTES} bytes, does no I/O, never throws.
   */
  sniff(head: Uint8Array): boolean;
  open(source: ByteSource, options: ReadOptions): Promise<TraceStream>;
}
