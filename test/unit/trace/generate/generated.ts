/** A generated trace as plain records, for tests. */
import type { TraceEvent } from '../../../../src/trace/event.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { openTrace } from '../../../../src/trace/open.js';

/** Where generated memory begins by default. */
export const BASE = 2 ** 44;

export interface AccessRecord {
  readonly op: number;
  readonly va: number;
  readonly size: number;
  readonly vcpu: number;
}

/** An access or an event, in the order of the trace. */
export interface AnyRecord {
  readonly access?: AccessRecord;
  readonly event?: TraceEvent;
}

/** The records of `gen:SPEC`, read in chunks of at most `batchRecords`. */
export async function generated(
  spec: string,
  batchRecords?: number,
): Promise<{ records: AnyRecord[]; accesses: AccessRecord[] }> {
  const trace = await openTrace(`gen:${spec}`, { read: { ...DEFAULT_READ_OPTIONS, batchRecords } });
  const records: AnyRecord[] = [];
  for await (const { accesses, events, eventAt } of trace.chunks()) {
    let next = 0;
    for (let i = 0; i <= accesses.n; i++) {
      for (; next < events.length && eventAt[next] === i; next++) records.push({ event: events[next]! });
      if (i === accesses.n) break;
      const va = accesses.hi[i]! * 2 ** 32 + accesses.lo[i]!;
      const access = { op: accesses.op[i]!, va, size: accesses.size[i]!, vcpu: accesses.vcpu[i]! };
      records.push({ access });
    }
  }
  return { records, accesses: records.flatMap(({ access }) => access ?? []) };
}
