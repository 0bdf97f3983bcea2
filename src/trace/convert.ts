/**
 * One trace into another format: accesses, events, declarations, and what the first format cannot say.
 *
 * When the input breaks off, what came before is written and marked as incomplete.
 */
import { TraceError } from '../errors.js';
import type { PassedOver } from './format.js';
import type { OpenTrace } from './open.js';
import { PassedOverCounts } from './passed-over.js';
import type { TraceSink, TraceWriterFormat, WrittenCounts } from './writers/writer.js';

/** What a converted trace calls the records that were dropped on the way. */
const DROPPED = 'bad records (dropped when it was converted)';

export interface Conversion {
  /** Records that were read. */
  readonly accesses: number;
  readonly events: number;
  /** Records that are in the output, as they are read again. */
  readonly written: WrittenCounts;
  /** What the output's format has no word for, by what it is. */
  readonly lost: PassedOver;
  /** The input error that ended it early. */
  readonly error: TraceError | null;
}

/** Reads `trace` to its end. `onChunk` is told how many accesses were written so far. */
export async function convertTrace(
  trace: OpenTrace,
  to: TraceWriterFormat,
  sink: TraceSink,
  onChunk?: (accesses: number) => void,
): Promise<Conversion> {
  const { header, virtual, lacks, assumes, eventless, format } = trace;
  const writer = to.start(
    { header, virtual, lacks, assumes, eventless, source: trace.source ?? format },
    sink,
  );
  let [accesses, events] = [0, 0];
  let failure: TraceError | null = null;
  try {
    for await (const chunk of trace.chunks()) {
      writer.chunk(chunk);
      accesses += chunk.accesses.n;
      events += chunk.events.length;
      onChunk?.(accesses);
    }
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    failure = error;
  }
  writer.end(failure === null, notWritten(trace));
  const written = writer.written ?? { accesses, events };
  return { accesses, events, written, lost: writer.lost ?? new Map(), error: failure };
}

/** What of a trace that has been read is in no record. */
function notWritten({ passedOver, skipped }: OpenTrace): PassedOver {
  if (skipped.count === 0) return passedOver ?? new Map();
  const counts = new PassedOverCounts();
  for (const [what, count] of passedOver ?? []) counts.add(what, count);
  counts.add(DROPPED, skipped.count);
  return counts.counts;
}
