/**
 * Maps from frame numbers (or any ints below 2^29) to small ints, in chunks of 65,536 frames.
 *
 * Frames come in runs, so chunks are dense where they exist; and a chunk is zeroed memory, of which the
 * operating system provides only the pages that are written. None of a Map's limit of 2^24 entries.
 */
import type { Arena } from './arena.js';

const CHUNK_BITS = 16;
const CHUNK_SIZE = 1 << CHUNK_BITS;
const IN_CHUNK = CHUNK_SIZE - 1;

/** Frame to int32: 4 bytes a frame. */
export class FrameMap {
  readonly #absent: number;
  /** What is kept is the value less `absent`: memory that was never written reads as absent. */
  readonly #chunks: (Int32Array | undefined)[] = [];

  /** @param absent the value of a frame that was never set */
  constructor(absent: number) {
    this.#absent = absent;
  }

  get(frame: number): number {
    const chunk = this.#chunks[frame >>> CHUNK_BITS];
    return chunk === undefined ? this.#absent : (chunk[frame & IN_CHUNK]! + this.#absent) | 0;
  }

  set(frame: number, value: number): void {
    const at = frame >>> CHUNK_BITS;
    let chunk = this.#chunks[at];
    if (chunk === undefined) {
      chunk = new Int32Array(CHUNK_SIZE);
      this.#chunks[at] = chunk;
    }
    chunk[frame & IN_CHUNK] = value - this.#absent;
  }
}

/** Chunks of all frames below 2^30. */
const MAX_CHUNKS = 1 << (30 - CHUNK_BITS);

/** In a byte: the count is in the map of large ones. */
const LARGE = 255;

/** Frame to a count that is small nearly always (users of a frame, mappings of it), or a state: 1 byte a frame. */
export class FrameCounts {
  readonly #chunks: (Uint8Array | undefined)[] = [];
  readonly #large = new Map<number, number>();
  #arena: Arena | null = null;
  /** Where in the arena the address of each chunk is kept, 0 for one that is not there; 0: there is no arena. */
  directory = 0;

  get(frame: number): number {
    const chunk = this.#chunks[frame >>> CHUNK_BITS];
    if (chunk === undefined) return 0;
    const count = chunk[frame & IN_CHUNK]!;
    return count === LARGE ? this.#large.get(frame)! : count;
  }

  /** @param count at least 0 */
  set(frame: number, count: number): void {
    const chunk = this.#chunk(frame);
    const index = frame & IN_CHUNK;
    if (count >= LARGE) this.#large.set(frame, count);
    else if (chunk[index] === LARGE) this.#large.delete(frame);
    chunk[index] = Math.min(count, LARGE);
  }

  /** Sets `n` aligned frames, a power of two up to 65,536, to a count below 255; none of them has a larger one. */
  fill(first: number, n: number, count: number): void {
    const index = first & IN_CHUNK;
    this.#chunk(first).fill(count, index, index + n);
  }

  /** Sets all to 0; none has a count above 254. */
  clear(): void {
    for (const chunk of this.#chunks) chunk?.fill(0);
  }

  /** Keeps the bytes in `arena` from now on, as far as there is room. */
  moveTo(arena: Arena): void {
    if (this.#arena !== null) return;
    this.#arena = arena;
    this.directory = arena.take(4 * MAX_CHUNKS);
    this.#chunks.forEach((chunk, at) => {
      if (chunk !== undefined) this.#newChunk(at).set(chunk);
    });
  }

  #chunk(frame: number): Uint8Array {
    return this.#chunks[frame >>> CHUNK_BITS] ?? this.#newChunk(frame >>> CHUNK_BITS);
  }

  #newChunk(number: number): Uint8Array {
    const arena = this.#arena;
    const at = arena === null || this.directory === 0 ? 0 : arena.take(CHUNK_SIZE);
    if (at > 0) arena!.int32(this.directory, MAX_CHUNKS)[number] = at;
    return (this.#chunks[number] = at > 0 ? arena!.uint8(at, CHUNK_SIZE) : new Uint8Array(CHUNK_SIZE));
  }
}
