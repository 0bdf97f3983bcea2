/**
 * ChunkBuilder: where readers put accesses and events until a chunk is full.
 *
 * One batch is filled again and again: a chunk is valid until the next one is asked for.
 */
import type { AccessBatch, TraceChunk } from './access.js';
import { BATCH_CAPACITY, createBatch } from './access.js';
import type { TraceEvent } from './event.js';
import type { DecodedRecords } from './trace-digest.js';

/** Most accesses of one record of text: fewer could not be taken, and a reader would wait for room for ever. */
const RECORD_ACCESSES = 2;

export class ChunkBuilder {
  readonly accesses: AccessBatch;
  readonly #capacity: number;
  readonly #events: TraceEvent[] = [];
  readonly #eventAt: number[] = [];
  /** Accesses that were added and cleared again: those of all chunks but the last. */
  #delivered = 0;

  /** @param capacity records of the largest chunk */
  constructor(capacity: number = BATCH_CAPACITY) {
    this.#capacity = Math.max(capacity, RECORD_ACCESSES);
    this.accesses = createBatch(this.#capacity);
  }

  /** Accesses that still fit; events are bounded softly, by {@link full}. */
  get room(): number {
    return this.#capacity - this.accesses.n;
  }

  /** True if the next record may not fit: one record is at most two accesses and two events. */
  get full(): boolean {
    return this.accesses.n + RECORD_ACCESSES > this.#capacity || this.#events.length >= BATCH_CAPACITY;
  }

  get empty(): boolean {
    return this.accesses.n === 0 && this.#events.length === 0;
  }

  access(op: number, hi: number, lo: number, size: number, vcpu: number): void {
    const batch = this.accesses;
    const n = batch.n;
    batch.op[n] = op;
    batch.hi[n] = hi;
    batch.lo[n] = lo;
    batch.size[n] = size;
    batch.vcpu[n] = vcpu;
    batch.n = n + 1;
  }

  /** An event after the accesses added so far. */
  event(event: TraceEvent): void {
    this.#events.push(event);
    this.#eventAt.push(this.accesses.n);
  }

  /** How far the trace has been decoded, in accesses. */
  get decoded(): DecodedRecords {
    return { delivered: this.#delivered, records: this.#delivered + this.accesses.n };
  }

  /** What was added since {@link clear}. */
  chunk(rawBytes: number): TraceChunk {
    return { accesses: this.accesses, events: this.#events, eventAt: this.#eventAt, rawBytes };
  }

  clear(): void {
    this.#delivered += this.accesses.n;
    this.accesses.n = 0;
    this.#events.length = 0;
    this.#eventAt.length = 0;
  }
}
