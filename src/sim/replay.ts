/**
 * One pass over a trace, many machines: skip, warm up, measure, slice into intervals.
 *
 * Each decoded chunk becomes steps (accesses, events, marks); every machine carries out a step before the
 * next is made, so that an error finds all of them at the same place in the trace.
 */
import { ConfigError, TraceError, UsageError } from '../errors.js';
import { errorIn } from '../trace/source-line.js';
import { passedOverNotes, traceNotes } from '../trace/trace-notes.js';
import { type Crew, LocalCrew } from './crew.js';
import type { ReplayOutcome, ReplayRequest } from './run.js';
import { Schedule } from './schedule.js';

/**
 * Replays the trace on every machine. A bad record, or an event that a mode refuses, ends the replay: what
 * was counted before it comes back with the error. Throws {@link TraceError} for a trace in which
 * nothing is left to count, and if nothing was counted before such an end.
 */
export function replayTrace(request: ReplayRequest): Promise<ReplayOutcome> {
  return replayWith(request, new LocalCrew(orderOf(request)));
}

/**
 * The same on `jobs` threads, with the same counts. Null if a machine could not go on: then the trace, opened again,
 * has to be replayed on one.
 * @param onThreads told the ids of the threads
 */
export async function replayOnThreads(
  request: ReplayRequest,
  jobs: number,
  onThreads?: (ids: readonly number[]) => void,
): Promise<ReplayOutcome | null> {
  // Loaded when it is asked for: a replay on one thread needs no threads' code.
  const { CrewGaveUp, ThreadCrew } = await import('./thread-crew.js');
  const crew = new ThreadCrew(orderOf(request), jobs, request.trace.batchRecords);
  onThreads?.(crew.threads);
  try {
    return await replayWith(request, crew);
  } catch (error) {
    if (error instanceof CrewGaveUp) return null;
    throw error;
  } finally {
    await crew.close();
  }
}

function orderOf({ trace, machines, strip, lenient }: ReplayRequest) {
  const { header, eventless, path } = trace;
  return { machines, header, notes: traceNotes(trace), eventless, file: path, strip, lenient };
}

async function replayWith(request: ReplayRequest, crew: Crew): Promise<ReplayOutcome> {
  const schedule = new Schedule(request);
  limitVcpus(request);
  const error = await feed(request, schedule, crew);
  if (error === null && schedule.counted + schedule.eventsMarked === 0)
    throw nothingCounted(request, schedule);
  // Before anything was counted: a result would be nothing but zeros.
  if (error !== null && schedule.counted + schedule.events === 0) throw error;
  const { runs, addressSpaces } = await crew.finish(schedule.finish(), schedule.events);
  const late = passedOverNotes(request.trace.passedOver);
  return {
    runs:
      late.length === 0 ? runs : runs.map((run) => ({ ...run, assumptions: [...run.assumptions, ...late] })),
    accesses: schedule.counted,
    warmup: schedule.warmed,
    skipped: Math.min(request.skip, schedule.position),
    events: schedule.events,
    position: schedule.position,
    whole: error === null && !schedule.done,
    addressSpaces,
    error,
  };
}

/** A reader can say where the record is that no machine, or not every one, can take. */
function limitVcpus({ trace, machines, skip }: ReplayRequest): void {
  if (machines.length > 0) trace.limitVcpus?.(Math.min(...machines.map(({ config }) => config.vcpus)), skip);
}

/** Reads the trace to its end, the limit, or what makes going on impossible, which is returned. */
async function feed(request: ReplayRequest, schedule: Schedule, crew: Crew): Promise<TraceError | null> {
  try {
    for await (const chunk of request.trace.chunks()) {
      const carriedOut = crew.carryOut(chunk, schedule.steps(chunk));
      // Waiting for nothing would cost a turn of the event loop a chunk.
      if (carriedOut !== undefined) await carriedOut;
      request.onProgress?.(schedule.position, request.trace.bytesRead);
      if (schedule.done) break;
    }
    return null;
  } catch (error) {
    return errorIn(asTraceError(error, request.trace.path), request.trace);
  }
}

/** What a trace asks for and a machine cannot give ends the replay, but loses nothing counted so far. */
function asTraceError(error: unknown, file: string): TraceError {
  if (error instanceof TraceError) return error;
  if (!(error instanceof UsageError) && !(error instanceof ConfigError)) throw error;
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new TraceError({ file }, error.message, { ...hint, cause: error });
}

function nothingCounted(request: ReplayRequest, schedule: Schedule): TraceError {
  const place = { file: request.trace.path };
  if (request.limit === 0) {
    return new TraceError(place, 'a limit of 0 leaves nothing to count', { hint: 'give --limit at least 1' });
  }
  if (schedule.position === 0) {
    return new TraceError(place, 'the trace has no access', {
      hint: `\`p2msim trace head ${request.trace.path}\` shows what it holds`,
    });
  }
  const spent = request.skip + request.warmup;
  return new TraceError(
    place,
    `nothing is left to count: the trace has ${schedule.position} accesses, and ${
      spent > 0 ? `--skip and --warmup take ${spent}` : 'its ROI marks leave none'
    }`,
    { hint: 'give smaller --skip and --warmup, or a longer trace' },
  );
}
