/** What a compressed container is: its magic bytes, and how the trace in it becomes a stream of bytes. */

/** The bytes of a file as they are stored. */
export interface Stored {
  /** Path as the user gave it, or `<stdin>`. */
  readonly file: string;
  /** All bytes in order, in blocks of reused memory, each at most 32 KiB: it may inflate a thousandfold. */
  readonly blocks: AsyncIterable<Uint8Array>;
  /** The file itself, for containers that have their table of contents at the end; null for a pipe. */
  readonly fd: number | null;
  /** Told how many stored bytes were read without `blocks`. */
  readonly onRead: (bytes: number) => void;
}

export interface Container {
  readonly name: string;
  /** Where they are in the file: at its start. */
  readonly magic: readonly number[];
  /** Loads what opens it: most traces need none, and node:zlib and streams take longer to load than p2msim's own files. */
  load(): Promise<OpenContainer>;
}

/** Throws a TraceError on damage, after everything that could be read before it. */
export type OpenContainer = (stored: Stored) => AsyncGenerator<Uint8Array>;
