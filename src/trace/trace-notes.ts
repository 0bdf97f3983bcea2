/** What reports have to say about a trace itself: what it cannot say, what was assumed and passed over in reading it. */
import type { PassedOver, TraceStream } from './format.js';
import type { PartRead } from './part.js';

/** What reports say of a trace of physical addresses. */
export const PHYSICAL =
  'addresses are physical: they are replayed as if they were virtual addresses of one address space, so locality is that of memory, not of the program';

/** Sentences that are true before the first record. */
export function traceNotes(trace: Pick<TraceStream, 'virtual' | 'assumes' | 'lacks'>): string[] {
  const notes = trace.virtual ? [] : [PHYSICAL];
  notes.push(...(trace.assumes ?? []));
  if (trace.lacks.length > 0) notes.push(`the trace cannot say: ${trace.lacks.join(', ')}`);
  return notes;
}

/** What of a trace was not read, as the user wanted. */
export function partNotes({ skipped, cutAfter }: PartRead): string[] {
  const notes = skipped > 0 ? [`${grouped(skipped)} records passed over first (--skip)`] : [];
  if (cutAfter !== null)
    notes.push(`cut after record ${grouped(cutAfter)} (--limit): what follows was not read`);
  return notes;
}

function grouped(n: number): string {
  return n.toLocaleString('en-US');
}

/** Sentences that are known at the end. */
export function passedOverNotes(passedOver: PassedOver | undefined): string[] {
  return [...(passedOver ?? [])].map(([what, count]) => `${count} ${what} in the trace: passed over`);
}
