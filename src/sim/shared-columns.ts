/** Columns of accesses in memory that several threads read: one chunk of a trace at a time. */
import type { AccessBatch } from '../trace/access.js';

/** The memory of one batch, as it is sent to a worker once. */
export interface SharedColumns {
  readonly hi: SharedArrayBuffer;
  readonly lo: SharedArrayBuffer;
  readonly op: SharedArrayBuffer;
  readonly size: SharedArrayBuffer;
  readonly vcpu: SharedArrayBuffer;
}

export function createSlot(capacity: number): SharedColumns {
  const bytes = (each: number): SharedArrayBuffer => new SharedArrayBuffer(each * capacity);
  return { hi: bytes(4), lo: bytes(4), op: bytes(1), size: bytes(4), vcpu: bytes(1) };
}

/** The batch in the slot's memory; `n` is the user's to set. */
export function batchOf(slot: SharedColumns): AccessBatch {
  return {
    n: 0,
    hi: new Uint32Array(slot.hi),
    lo: new Uint32Array(slot.lo),
    op: new Uint8Array(slot.op),
    size: new Uint32Array(slot.size),
    vcpu: new Uint8Array(slot.vcpu),
  };
}

/** Copies the batch into the slot, which has room for it. */
export function fillSlot(slot: SharedColumns, batch: AccessBatch): void {
  const target = batchOf(slot);
  target.hi.set(batch.hi.subarray(0, batch.n));
  target.lo.set(batch.lo.subarray(0, batch.n));
  target.op.set(batch.op.subarray(0, batch.n));
  target.size.set(batch.size.subarray(0, batch.n));
  target.vcpu.set(batch.vcpu.subarray(0, batch.n));
}
