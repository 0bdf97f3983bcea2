/**
 * NodeStream: a decompressing stream of node:zlib, fed block by block.
 *
 * Everything that inflates before a fault is delivered before the fault is thrown, which a plain
 * stream pipeline does not promise.
 */
import type { Transform } from 'node:stream';

export class NodeStream {
  readonly #stream: Transform;
  #inflated: Buffer[] = [];
  #failure: Error | null = null;
  #over = false;
  #wake: () => void = () => {};

  constructor(stream: Transform) {
    this.#stream = stream;
    stream.on('data', (block: Buffer) => this.#inflated.push(block));
    const over = (failure: Error | null): void => {
      this.#failure ??= failure;
      this.#over = true;
      this.#wake();
    };
    stream.once('error', over);
    stream.once('end', () => over(null));
  }

  get failure(): Error | null {
    return this.#failure;
  }

  /** Gives it the next bytes, which are its own until this is over. After the end, whatever follows is padding. */
  async write(block: Uint8Array): Promise<void> {
    if (!this.#over) await this.#until((done) => this.#stream.write(block, done));
  }

  async end(): Promise<void> {
    if (!this.#over) await this.#until(() => this.#stream.end());
  }

  /** What has inflated since the last call. */
  take(): Buffer[] {
    const inflated = this.#inflated;
    this.#inflated = [];
    return inflated;
  }

  destroy(): void {
    this.#stream.destroy();
  }

  /** Starts something and waits until it is done or the stream is over. */
  #until(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      start(resolve);
    });
  }
}
