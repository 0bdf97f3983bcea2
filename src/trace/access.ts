/**
 * AccessBatch: the one currency between trace formats and machines.
 *
 * A struct of typed arrays, one element per access of the trace, so that decoding allocates nothing
 * per record. A 64-bit gVA is kept as two unsigned 32-bit halves (`hi`, `lo`): it is never a double,
 * which cannot hold it, and never a BigInt, which is too slow.
 */
import type { TraceEvent } from './event.js';

/** Kinds of access. A modify (one read-modify-write instruction) needs write rights, like a write. */
export const OP_READ = 0;
export const OP_WRITE = 1;
export const OP_FETCH = 2;
export const OP_MODIFY = 3;

/** Records per batch: large enough to amortise a call, small enough to stay in the L2 cache. */
export const BATCH_CAPACITY = 16384;

/** The same where many machines take turns (prepare.ts). */
export const LARGE_BATCH = 1 << 20;

/** Accesses `0..n-1`, in trace order. */
export interface AccessBatch {
  /** Number of valid elements. */
  n: number;
  /** Bits 63..32 of the gVA. */
  readonly hi: Uint32Array;
  /** Bits 31..0 of the gVA. */
  readonly lo: Uint32Array;
  /** {@link OP_READ} ... {@link OP_MODIFY}. */
  readonly op: Uint8Array;
  /** Bytes touched, at least 1; an access may cross page borders. */
  readonly size: Uint32Array;
  /** Virtual CPU, from 0. */
  readonly vcpu: Uint8Array;
}

/**
 * A stretch of the trace: accesses, and the events that happen between them.
 *
 * `eventAt[i]` is the number of accesses of this batch that come before `events[i]`; it never
 * decreases. A chunk and its arrays are only valid until the next one is asked for: the reader
 * fills the same memory again.
 */
export interface TraceChunk {
  readonly accesses: AccessBatch;
  readonly events: readonly TraceEvent[];
  readonly eventAt: readonly number[];
  /** Decoded (uncompressed) and raw bytes consumed so far, for progress. */
  readonly rawBytes: number;
}

export function createBatch(capacity: number = BATCH_CAPACITY): AccessBatch {
  return {
    n: 0,
    hi: new Uint32Array(capacity),
    lo: new Uint32Array(capacity),
    op: new Uint8Array(capacity),
    size: new Uint32Array(capacity),
    vcpu: new Uint8Array(capacity),
  };
}
