/**
 * FrameInput: the bytes of a p2mtrace in stretches of a wanted length, whatever chunks they come in, and the place
 * in the trace for messages. It holds one stretch, which is bounded by the longest block.
 */
import { TraceError } from '../../errors.js';

export class FrameInput {
  /** Holds the wanted bytes from {@link start} on. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 19);
  view: DataView = new DataView(this.bytes.buffer);
  start = 0;
  /** Bytes of the trace before {@link start}. */
  offset = 0;
  readonly #file: string;
  readonly #input: AsyncIterator<Uint8Array>;
  #end = 0;

  constructor(file: string, input: AsyncIterator<Uint8Array>) {
    this.#file = file;
    this.#input = input;
  }

  /** Bytes that are there, {@link start} on. */
  get available(): number {
    return this.#end - this.start;
  }

  /** Waits for `wanted` bytes; false if the trace ends before. Bytes that were there before may move. */
  async fill(wanted: number): Promise<boolean> {
    while (this.available < wanted) {
      const next = await this.#input.next();
      if (next.done === true) return false;
      this.#append(next.value, wanted);
    }
    return true;
  }

  /** Passes over bytes that are there. */
  advance(bytes: number): void {
    this.start += bytes;
    this.offset += bytes;
  }

  word(at: number): number {
    return this.view.getUint32(this.start + at, true);
  }

  /** A 64-bit count; a double from 2^53 on, which no sum of counts reaches. */
  count(at: number): number {
    return this.word(at) + this.word(at + 4) * 2 ** 32;
  }

  slice(from: number, to: number): Uint8Array {
    return this.bytes.subarray(this.start + from, this.start + to);
  }

  error(message: string, hint: string): TraceError {
    return new TraceError({ file: this.#file, offset: this.offset }, message, { hint });
  }

  async close(): Promise<void> {
    await this.#input.return?.();
  }

  #append(chunk: Uint8Array, wanted: number): void {
    const rest = this.available;
    const room = Math.max(rest + chunk.length, wanted);
    if (room > this.bytes.length) {
      const larger = new Uint8Array(2 * room);
      larger.set(this.bytes.subarray(this.start, this.#end));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    } else if (this.start + rest + chunk.length > this.bytes.length) {
      this.bytes.copyWithin(0, this.start, this.#end);
    } else {
      this.bytes.set(chunk, this.#end);
      this.#end += chunk.length;
      return;
    }
    this.bytes.set(chunk, rest);
    this.start = 0;
    this.#end = rest + chunk.length;
  }
}
