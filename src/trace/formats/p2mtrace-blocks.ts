/**
 * BlockWriter: accesses and events to the bytes of a p2mtrace, a block at a time.
 *
 * The blocks depend on the records alone, not on the chunks they come in. A block is complete with its 16,384th
 * access or event or after 256 KiB of events: what is kept is bounded.
 */
import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import type { AccessBatch, TraceChunk } from '../access.js';
import type { PassedOver } from '../format.js';
import type { TraceFacts, TraceSink, TraceWriter } from '../writers/writer.js';
import { ByteWriter } from './p2mtrace-bytes.js';
import { AccessEncoder } from './p2mtrace-encode.js';
import { EventEncoder } from './p2mtrace-events.js';
import { encodeHeader } from './p2mtrace-header.js';
import { encodeNote } from './p2mtrace-notes.js';
import * as layout from './p2mtrace-layout.js';

/** Bodies below this many bytes are stored as they are. */
const MIN_DEFLATED = 512;

export interface BlockOptions {
  /** Deflate bodies: a fifth of the size on traces of programs, at nearly the same decode rate. */
  readonly deflate: boolean;
}

export class BlockWriter implements TraceWriter {
  readonly #sink: TraceSink;
  readonly #options: BlockOptions;
  readonly #hash = createHash('sha256');
  readonly #accesses = new AccessEncoder();
  readonly #eventBytes = new ByteWriter();
  readonly #events = new EventEncoder(this.#eventBytes);
  readonly #body = new ByteWriter();
  /** Records in blocks that are written. */
  #accessesWritten = 0;
  #eventsWritten = 0;

  /** Writes the header at once. */
  constructor(facts: TraceFacts, sink: TraceSink, options: BlockOptions) {
    this.#sink = sink;
    this.#options = options;
    const contents = encodeHeader(facts);
    this.#hash.update(contents);
    const record = Buffer.alloc(layout.PRELUDE_BYTES + contents.length + 4);
    record.set(layout.MAGIC);
    record.writeUInt32LE(versionFor(facts), 8);
    record.writeUInt32LE(contents.length, 12);
    record.set(contents, layout.PRELUDE_BYTES);
    sink(withSum(record));
  }

  chunk({ accesses, events, eventAt }: TraceChunk): void {
    let from = 0;
    for (const [i, event] of events.entries()) {
      const until = eventAt[i]!;
      this.#add(accesses, from, until);
      from = until;
      this.#events.add(event, this.#accesses.batch.n);
      if (this.#events.count === layout.BLOCK_RECORDS || this.#eventBytes.length >= layout.EVENT_BYTES)
        this.#flush();
    }
    this.#add(accesses, from, accesses.n);
  }

  end(complete: boolean, passedOver: PassedOver = new Map()): void {
    if (this.#accesses.batch.n > 0 || this.#events.count > 0) this.#flush();
    if (passedOver.size > 0) this.#note(encodeNote(passedOver));
    const record = Buffer.alloc(layout.END_BYTES);
    record.writeUInt32LE(layout.END_TAG, 0);
    record.writeUInt32LE(complete ? 0 : layout.INCOMPLETE, 4);
    record.writeBigUInt64LE(BigInt(this.#accessesWritten), 8);
    record.writeBigUInt64LE(BigInt(this.#eventsWritten), 16);
    record.set(this.#hash.digest(), 24);
    this.#sink(withSum(record));
  }

  #note(contents: Uint8Array): void {
    this.#hash.update(contents);
    const record = Buffer.alloc(layout.NOTE_PRELUDE_BYTES + contents.length + 4);
    record.writeUInt32LE(layout.NOTE_TAG, 0);
    record.writeUInt32LE(contents.length, 4);
    record.set(contents, layout.NOTE_PRELUDE_BYTES);
    this.#sink(withSum(record));
  }

  #add(from: AccessBatch, start: number, end: number): void {
    const to = this.#accesses.batch;
    for (let at = start; at < end;) {
      const count = Math.min(end - at, layout.BLOCK_RECORDS - to.n);
      to.hi.set(from.hi.subarray(at, at + count), to.n);
      to.lo.set(from.lo.subarray(at, at + count), to.n);
      to.op.set(from.op.subarray(at, at + count), to.n);
      to.size.set(from.size.subarray(at, at + count), to.n);
      to.vcpu.set(from.vcpu.subarray(at, at + count), to.n);
      to.n += count;
      at += count;
      if (to.n === layout.BLOCK_RECORDS) this.#flush();
    }
  }

  #flush(): void {
    const [accesses, events] = [this.#accesses.batch.n, this.#events.count];
    this.#body.clear();
    this.#accesses.encode(this.#body);
    this.#body.bytes(this.#eventBytes.written);
    this.#events.clear();
    const body = this.#body.written;
    this.#hash.update(body);
    const packed =
      this.#options.deflate && body.length >= MIN_DEFLATED ? deflateRawSync(body, { level: 6 }) : body;
    const deflated = packed.length < body.length;
    const stored = deflated ? packed : body.slice();
    const frame = Buffer.alloc(layout.BLOCK_FRAME_BYTES);
    frame.writeUInt32LE(layout.BLOCK_TAG, 0);
    frame.writeUInt32LE(deflated ? layout.DEFLATED : 0, 4);
    frame.writeUInt32LE(stored.length, 8);
    frame.writeUInt32LE(body.length, 12);
    frame.writeUInt32LE(accesses, 16);
    frame.writeUInt32LE(events, 20);
    frame.writeBigUInt64LE(BigInt(this.#accessesWritten), 24);
    frame.writeBigUInt64LE(BigInt(this.#eventsWritten), 32);
    frame.writeUInt32LE(crc32(stored), 40);
    this.#sink(withSum(frame));
    this.#sink(stored);
    this.#accessesWritten += accesses;
    this.#eventsWritten += events;
  }
}

/** The lowest version whose readers know every field of the header. */
function versionFor({ assumes = [] }: TraceFacts): number {
  return assumes.length > 0 ? layout.VERSION : layout.FIRST_VERSION;
}

/** The record with the CRC-32 of all but its last four bytes in these. */
function withSum(record: Buffer): Buffer {
  record.writeUInt32LE(crc32(record.subarray(0, -4)), record.length - 4);
  return record;
}
