/**
 * LineBuffer: the complete lines of a byte stream, whatever chunks it comes in, and the loop that
 * turns them into trace chunks. Scanners read `bytes[start..end)` in place: the last byte of it is
 * a line feed, so that they need no bounds checks.
 */
import { TraceError } from '../errors.js';
import type { TraceChunk } from './access.js';
import type { ChunkBuilder } from './chunk-builder.js';
import { decodeChunks } from './chunk-loop.js';
import type { ByteSource } from './format.js';

/** Bytes of the longest line that is read; it bounds the memory for a file without line feeds. */
export const MAX_LINE_BYTES = 1 << 20;

/** Bytes behind the last one that may be read. */
const SLACK = 8;

const LF = 10;

export class LineBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(1 << 19);
  /** The same bytes, for reading four at a time: that many can be read beyond any of them. */
  view = new DataView(this.bytes.buffer);
  /** First byte not yet consumed; the scanner moves it. */
  start = 0;
  /** End of the last complete line. */
  end = 0;
  /** Number of the line at `start`, from 1; the scanner moves it. */
  line = 1;
  readonly #file: string;
  #filled = 0;
  /** Line feed of the line that was looked at last. */
  #lineEnd = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** True if no complete line is left. */
  get drained(): boolean {
    return this.start >= this.end;
  }

  /** Adds bytes after all complete lines were consumed. */
  append(chunk: Uint8Array): void {
    const rest = this.#filled - this.start;
    const firstBreak = chunk.indexOf(LF);
    if (rest + (firstBreak < 0 ? chunk.length : firstBreak) > MAX_LINE_BYTES) {
      throw new TraceError({ file: this.#file, line: this.line }, `the line is longer than 1 MiB`, {
        hint: 'is this a text trace? `--format` names the format; `p2msim trace formats` lists them',
      });
    }
    this.#reserve(rest, chunk.length);
    this.bytes.set(chunk, rest);
    this.#filled = rest + chunk.length;
    this.start = 0;
    const lastBreak = chunk.lastIndexOf(LF);
    this.end = lastBreak < 0 ? 0 : rest + lastBreak + 1;
  }

  /** Ends the last line if the file did not. */
  finish(): void {
    if (this.#filled > this.start) this.append(Uint8Array.of(LF));
  }

  /** Text of the line at `start`, without its line break. {@link skip} consumes it. */
  peek(): string {
    this.#lineEnd = this.bytes.indexOf(LF, this.start);
    return this.#text(this.#lineEnd);
  }

  /** Consumes the line that {@link peek} has shown. */
  skip(): void {
    this.start = this.#lineEnd + 1;
    this.line += 1;
  }

  /** Text of the line at `start`, which is consumed. */
  next(): string {
    const text = this.peek();
    this.skip();
    return text;
  }

  #text(lineEnd: number): string {
    const text = this.bytes.toString('utf8', this.start, lineEnd);
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }

  /** Moves the unconsumed rest to the front of a buffer that has room for `more` bytes. */
  #reserve(rest: number, more: number): void {
    const room = rest + more + SLACK;
    if (room <= this.bytes.length) {
      this.bytes.copy(this.bytes, 0, this.start, this.start + rest);
      return;
    }
    const larger = Buffer.allocUnsafeSlow(room * 2);
    this.bytes.copy(larger, 0, this.start, this.start + rest);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

/** Adds the next bytes of `input`; false at its end, after the last line has been completed. */
export async function fillLines(input: AsyncIterator<Uint8Array>, lines: LineBuffer): Promise<boolean> {
  const next = await input.next();
  if (next.done !== true) {
    lines.append(next.value);
    return true;
  }
  lines.finish();
  return !lines.drained;
}

/** Chunks decoded from `lines`. `decode` consumes lines until none is left or the builder is full. */
export function decodeLines(
  source: ByteSource,
  input: AsyncIterator<Uint8Array>,
  lines: LineBuffer,
  out: ChunkBuilder,
  decode: () => void,
): AsyncGenerator<TraceChunk> {
  return decodeChunks(source, input, {
    out,
    get full() {
      return out.full;
    },
    decode: () => {
      decode();
      return lines.drained;
    },
    fill: () => fillLines(input, lines),
  });
}
