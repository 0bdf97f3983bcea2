/**
 * Records of the QEMU plugin (qemu-plugin.c says what is in them) as chunks of a trace.
 *
 * Bytes come as a pipe cuts them: a record, or the five of a system call, may be in two pieces.
 */
import { TraceError } from '../errors.js';
import type { TraceChunk } from '../trace/access.js';
import { OP_FETCH, OP_READ, OP_WRITE } from '../trace/access.js';
import { ChunkBuilder } from '../trace/chunk-builder.js';
import { numberOf, Processes } from './processes.js';

const RECORD = 16;
/** A system call is its own record and four of arguments and result. */
const CALL = 5 * RECORD;
const ARGUMENTS = 6;

const KIND_CALL = 4;
const KIND_FORKED = 5;
const KIND_STARTED = 6;
/** Operations of the kinds of access, 1 to 3. */
const OPS = [-1, OP_READ, OP_WRITE, OP_FETCH];

/** Name of the source in messages. */
const SOURCE = 'QEMU plugin';

export class CaptureDecoder {
  readonly #out = new ChunkBuilder();
  readonly processes = new Processes(this.#out);
  #rest = new Uint8Array(0);
  #decoded = 0;

  /** The chunks of a stream of bytes. What is left of a record at the end is an error. */
  async *chunks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TraceChunk> {
    for await (const piece of bytes) {
      yield* this.#piece(piece);
      if (this.#out.empty) continue;
      yield this.#out.chunk(this.#decoded);
      this.#out.clear();
    }
    if (this.#rest.length > 0) {
      throw this.#error(`ends in the middle of a record, after ${this.#rest.length} bytes of it`);
    }
  }

  *#piece(piece: Uint8Array): Generator<TraceChunk> {
    const data = this.#rest.length === 0 ? piece : joined(this.#rest, piece);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let at = 0;
    for (let size = this.#sizeAt(view, at); at + size <= data.length; size = this.#sizeAt(view, at)) {
      this.#record(view, at);
      at += size;
      this.#decoded += size;
      if (!this.#out.full) continue;
      yield this.#out.chunk(this.#decoded);
      this.#out.clear();
    }
    this.#rest = data.slice(at);
  }

  /** Bytes of the record that begins at `at`, as far as its first byte says. */
  #sizeAt(view: DataView, at: number): number {
    return at < view.byteLength && view.getUint8(at) === KIND_CALL ? CALL : RECORD;
  }

  #record(view: DataView, at: number): void {
    const kind = view.getUint8(at);
    const thread = view.getUint16(at + 2, true);
    const process = view.getUint32(at + 4, true);
    const lo = view.getUint32(at + 8, true);
    const hi = view.getUint32(at + 12, true);
    switch (kind) {
      case 1:
      case 2:
      case 3:
        this.processes.access(OPS[kind]!, view.getUint8(at + 1), thread, process, hi, lo);
        return;
      case KIND_CALL:
        this.#call(view, at + RECORD, thread, process, numberOf(hi, lo));
        return;
      case KIND_FORKED:
        this.processes.forked(process, lo, 'child');
        return;
      case KIND_STARTED:
        this.processes.started(process);
        return;
      default:
        throw this.#error(`found a record of kind ${kind}; expected 1 to 6`);
    }
  }

  #call(view: DataView, at: number, thread: number, process: number, number: number): void {
    const word = (i: number): number =>
      numberOf(view.getUint32(at + 8 * i + 4, true), view.getUint32(at + 8 * i, true));
    const args = Array.from({ length: ARGUMENTS }, (_, i) => word(i));
    this.processes.call(process, thread, { number, args, result: word(ARGUMENTS) });
  }

  #error(message: string): TraceError {
    return new TraceError({ file: SOURCE, offset: this.#decoded }, message, {
      hint: 'this is a mistake of the capture, not of the program; `--tool lackey` captures in another way',
    });
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
