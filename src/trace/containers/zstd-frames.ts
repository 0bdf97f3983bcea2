/**
 * ZstdFrames: where frames and blocks of zstd data begin and end (RFC 8878, section 3), whatever pieces the data comes in.
 *
 * Decompressors need it told: memory is bounded by the window that a frame asks for and by one block at a time, a cut is
 * found where it is, and frames in a row are one trace. Skippable frames are passed over.
 */

/** A stretch of one frame, up to the end of a block at most; it inflates to 128 KiB at most. */
export interface FramePiece {
  readonly bytes: Uint8Array;
  readonly first: boolean;
  readonly last: boolean;
}

/** What is wrong with the data; the place is {@link ZstdFrames.position}. */
export class ZstdError extends Error {}

/** As much as `zstd` itself allows without an option. */
const MAX_WINDOW = 128 * 2 ** 20;
const MAX_BLOCK = 128 * 1024;
/** Gathered bytes that become a piece of their own: blocks may be empty, and there is no bound on how many in a row. */
const MAX_PENDING = 1024;
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

type State = 'magic' | 'skip size' | 'descriptor' | 'header' | 'block' | 'content' | 'checksum' | 'skip';

const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const SIZE_BYTES = [0, 2, 4, 8] as const;

export class ZstdFrames {
  /** Bytes taken so far. */
  position = 0;
  #state: State = 'magic';
  /** Bytes that the state takes; those of fields are gathered in `#field`. */
  #wanted = 4;
  #got = 0;
  readonly #field = new Uint8Array(16);
  #descriptor = 0;
  #isLastBlock = false;
  /** Bytes of the frame that were gathered and not given on. */
  #pending: number[] = [];
  #isFirst = true;
  #frameEnded = false;

  /** True between frames: the data may end here. */
  get atEnd(): boolean {
    return this.#state === 'magic' && this.#got === 0;
  }

  /** Pieces of frames in `bytes`, which they may be part of. */
  *split(bytes: Uint8Array): Generator<FramePiece> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#wanted - this.#got);
      at += part.length;
      this.position += part.length;
      const isBulk = this.#state === 'content' || this.#state === 'skip';
      if (!isBulk) {
        this.#field.set(part, this.#got);
        if (this.#state !== 'skip size') this.#pending.push(...part);
      }
      this.#got += part.length;
      const isWhole = this.#got === this.#wanted;
      if (this.#state === 'content') yield this.#piece(part, false);
      if (isWhole) this.#next();
      if (this.#pending.length >= MAX_PENDING && !this.#frameEnded)
        yield this.#piece(new Uint8Array(0), false);
      if (this.#frameEnded) yield this.#piece(new Uint8Array(0), true);
    }
  }

  get #hasChecksum(): boolean {
    return (this.#descriptor & 4) !== 0;
  }

  #piece(content: Uint8Array, last: boolean): FramePiece {
    const bytes = new Uint8Array(this.#pending.length + content.length);
    bytes.set(this.#pending);
    bytes.set(content, this.#pending.length);
    const first = this.#isFirst;
    this.#pending = [];
    this.#isFirst = last;
    this.#frameEnded = false;
    return { bytes, first, last };
  }

  #enter(state: State, wanted: number): void {
    this.#state = state;
    this.#wanted = wanted;
    this.#got = 0;
    // What has no bytes is over at once.
    if (wanted === 0) this.#next();
  }

  /** The state is over, its field is whole. */
  #next(): void {
    switch (this.#state) {
      case 'magic':
        return this.#magic();
      case 'skip size':
        return this.#enter('skip', this.#number(4));
      case 'descriptor':
        return this.#describe();
      case 'header':
        this.#checkWindow();
        return this.#enter('block', 3);
      case 'block':
        return this.#block();
      case 'content':
        if (!this.#isLastBlock) return this.#enter('block', 3);
        return this.#hasChecksum ? this.#enter('checksum', 4) : this.#endFrame();
      case 'checksum':
        return this.#endFrame();
      default:
        return this.#enter('magic', 4);
    }
  }

  #endFrame(): void {
    this.#frameEnded = true;
    this.#enter('magic', 4);
  }

  #magic(): void {
    const magic = this.#number(4);
    if (magic === MAGIC) return this.#enter('descriptor', 1);
    this.#pending = [];
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) return this.#enter('skip size', 4);
    throw new ZstdError('found bytes that begin no frame; expected a frame or the end');
  }

  #describe(): void {
    const descriptor = this.#field[0]!;
    this.#descriptor = descriptor;
    if ((descriptor & 8) !== 0) throw new ZstdError('a frame has a reserved bit set');
    const single = (descriptor & 32) !== 0;
    const sizeFlag = descriptor >> 6;
    const sizeBytes = sizeFlag === 0 && single ? 1 : SIZE_BYTES[sizeFlag]!;
    this.#enter('header', (single ? 0 : 1) + DICTIONARY_BYTES[descriptor & 3]! + sizeBytes);
  }

  #checkWindow(): void {
    const single = (this.#descriptor & 32) !== 0;
    const dictionary = DICTIONARY_BYTES[this.#descriptor & 3]!;
    const from = single ? 0 : 1;
    for (let i = from; i < from + dictionary; i++) {
      if (this.#field[i] !== 0) throw new ZstdError('a frame needs a dictionary');
    }
    const window = single ? this.#contentSize(dictionary) : windowOf(this.#field[0]!);
    if (window > MAX_WINDOW)
      throw new ZstdError(`a frame needs a window of ${window} bytes; expected ${MAX_WINDOW} at most`);
  }

  /** Size of a frame that is its own window. */
  #contentSize(at: number): number {
    const flag = this.#descriptor >> 6;
    let size = 0;
    for (let i = (flag === 0 ? 1 : SIZE_BYTES[flag]!) - 1; i >= 0; i--)
      size = size * 256 + this.#field[at + i]!;
    return flag === 1 ? size + 256 : size;
  }

  #block(): void {
    const header = this.#number(3);
    const [type, size] = [(header >> 1) & 3, header >>> 3];
    this.#isLastBlock = (header & 1) !== 0;
    if (type === 3) throw new ZstdError('a block is of the reserved type');
    if (size > MAX_BLOCK) throw new ZstdError(`a block has ${size} bytes; expected ${MAX_BLOCK} at most`);
    const stored = type === 1 ? 1 : size;
    if (stored > 0) return this.#enter('content', stored);
    // An empty block: its header goes with what follows.
    this.#state = 'content';
    this.#next();
  }

  #number(bytes: number): number {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + this.#field[i]!;
    return value;
  }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
