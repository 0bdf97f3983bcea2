/**
 * FrameMap: a map from frame numbers (or any ints below 2^29) to int32, in chunks of 1024.
 *
 * Frames come in runs, so chunks are dense where they exist: about 4 bytes a frame, and none of a Map's
 * limit of 2^24 entries.
 */
const CHUNK_BITS = 10;
const CHUNK_SIZE = 1 << CHUNK_BITS;

export class FrameMap {
  readonly #absent: number;
  readonly #chunks: (Int32Array | undefined)[] = [];

  /** @param absent the value of a frame that was never set */
  constructor(absent: number) {
    this.#absent = absent;
  }

  get(frame: number): number {
    const chunk = this.#chunks[frame >>> CHUNK_BITS];
    return chunk === undefined ? this.#absent : chunk[frame & (CHUNK_SIZE - 1)]!;
  }

  set(frame: number, value: number): void {
    const at = frame >>> CHUNK_BITS;
    let chunk = this.#chunks[at];
    if (chunk === undefined) {
      chunk = new Int32Array(CHUNK_SIZE).fill(this.#absent);
      this.#chunks[at] = chunk;
    }
    chunk[frame & (CHUNK_SIZE - 1)] = value;
  }
}
