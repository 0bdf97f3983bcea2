/**
 * One pass over a trace, many machines: skip, warm up, measure, slice into intervals.
 *
 * Each decoded chunk becomes steps (accesses, events, marks); every machine carries out a step before the
 * next is made, so that an error finds all of them at the same place in the trace.
 */
import { ConfigError, TraceError, UsageError } from '../errors.js';
import { createMachine } from './machine.js';
import { MeasuredMachine } from './measured-machine.js';
import { Pass } from './pass.js';
import type { ReplayOutcome, ReplayRequest } from './run.js';
import { Schedule } from './schedule.js';

/**
 * Replays the trace on every machine. A bad record, or an event that a mode refuses, ends the replay: what
 * was counted before it comes back with the error. Throws {@link TraceError} for a trace in which
 * nothing is left to count.
 */
export async function replayTrace(request: ReplayRequest): Promise<ReplayOutcome> {
  const { trace } = request;
  const pass = new Pass(request.strip ? request.machines.map(({ config }) => config) : null);
  const options = { lenient: request.lenient, file: trace.path, ids: pass.ids };
  const measured = request.machines.map(
    (wanted) => new MeasuredMachine(createMachine(wanted, trace.header, options), pass),
  );
  const schedule = new Schedule(request);
  const error = await feed(request, schedule, measured, pass);
  if (error === null && schedule.counted + schedule.eventsMarked === 0)
    throw nothingCounted(request, schedule);
  for (const step of schedule.finish()) for (const one of measured) one.carryOut(null, step);
  return {
    runs: measured.map((one) => one.result(request, schedule.events)),
    accesses: schedule.counted,
    warmup: schedule.warmed,
    skipped: Math.min(request.skip, schedule.position),
    events: schedule.events,
    whole: error === null && !schedule.done,
    addressSpaces: measured[0]?.machine.parts.guest.spacesMade ?? 0,
    error,
  };
}

/** Reads the trace to its end, the limit, or what makes going on impossible, which is returned. */
async function feed(
  request: ReplayRequest,
  schedule: Schedule,
  measured: readonly MeasuredMachine[],
  pass: Pass,
): Promise<TraceError | null> {
  try {
    for await (const chunk of request.trace.chunks()) {
      pass.nextChunk();
      for (const step of schedule.steps(chunk)) for (const one of measured) one.carryOut(chunk, step);
      request.onProgress?.(schedule.position, request.trace.bytesRead);
      if (schedule.done) break;
    }
    return null;
  } catch (error) {
    return asTraceError(error, request.trace.path);
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
