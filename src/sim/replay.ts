/**
 * One pass over a trace, many machines: skip, warm up, measure, slice into intervals.
 *
 * Each decoded chunk becomes steps (accesses, events, marks); every machine carries out a step before the
 * next is made, so that an error finds all of them at the same place in the trace.
 */
import { ConfigError, TraceError, UsageError } from '../errors.js';
import type { TraceChunk } from '../trace/access.js';
import type { TraceEvent } from '../trace/event.js';
import { assumptionsOf } from './assumptions.js';
import type { CounterValues } from '../counters.js';
import { createMachine, type Machine } from './machine.js';
import type { MachineRun, ReplayOutcome, ReplayRequest, RunInterval } from './run.js';

type Step =
  | { readonly kind: 'accesses'; readonly from: number; readonly to: number }
  | { readonly kind: 'event'; readonly event: TraceEvent }
  /** Counting starts here (end of warm-up, ROI on); `afresh`: what was counted before does not count. */
  | { readonly kind: 'start'; readonly afresh: boolean }
  /** Counting stops here (ROI off). */
  | { readonly kind: 'stop' }
  | { readonly kind: 'interval'; readonly from: number; readonly accesses: number };

/** Turns chunks into steps: knows where in the trace we are and what is counted. */
class Schedule {
  readonly #request: ReplayRequest;
  /** Records seen. */
  position = 0;
  /** Records counted, warmed up with, events carried out. */
  counted = 0;
  warmed = 0;
  events = 0;
  /** Events inside ROI marks: a region may hold nothing else. */
  eventsMarked = 0;
  #measuring: boolean;
  #started: boolean;
  /** True once a ROI mark said where to count. */
  #marked = false;
  #intervalFrom = 0;
  /** True once the limit is reached: the rest of the trace is not needed. */
  done = false;

  constructor(request: ReplayRequest) {
    this.#request = request;
    this.#started = request.warmup === 0;
    this.#measuring = this.#started;
  }

  /** The steps of a chunk, each made when the one before has been carried out. */
  *steps(chunk: TraceChunk): Generator<Step> {
    let at = 0;
    for (let e = 0; e < chunk.events.length && !this.done; e++) {
      yield* this.#between(at, chunk.eventAt[e]!);
      at = chunk.eventAt[e]!;
      if (!this.done) yield* this.#happening(chunk.events[e]!);
    }
    if (!this.done) yield* this.#between(at, chunk.accesses.n);
  }

  #between(from: number, to: number): Step[] {
    const steps: Step[] = [];
    this.#accesses(steps, from, to);
    return steps;
  }

  #happening(event: TraceEvent): Step[] {
    const steps: Step[] = [];
    this.#event(steps, event);
    return steps;
  }

  /** The last, shorter interval. */
  finish(): Step[] {
    const steps: Step[] = [];
    if (this.#request.interval > 0 && this.counted > this.#intervalFrom) this.#interval(steps);
    return steps;
  }

  #event(steps: Step[], event: TraceEvent): void {
    if (event.kind === 'roi') return this.#region(steps, event.on);
    this.events += 1;
    if (this.#marked && this.#measuring) this.eventsMarked += 1;
    steps.push({ kind: 'event', event });
  }

  /** Cuts [from, to) at the borders of skip, warm-up, interval and limit. */
  #accesses(steps: Step[], from: number, to: number): void {
    const { skip, warmup, limit, interval } = this.#request;
    for (let at = from; at < to && !this.done;) {
      const left = to - at;
      if (this.position < skip) {
        const passed = Math.min(left, skip - this.position);
        this.position += passed;
        at += passed;
        continue;
      }
      let piece = left;
      if (!this.#started) piece = Math.min(piece, warmup - this.warmed);
      else if (this.#measuring) {
        piece = Math.min(piece, limit - this.counted);
        if (interval > 0) piece = Math.min(piece, this.#intervalFrom + interval - this.counted);
      }
      steps.push({ kind: 'accesses', from: at, to: at + piece });
      at += piece;
      this.position += piece;
      this.#advance(steps, piece);
    }
  }

  #advance(steps: Step[], piece: number): void {
    const { warmup, limit, interval } = this.#request;
    if (!this.#started) {
      this.warmed += piece;
      if (this.warmed === warmup) {
        this.#started = true;
        this.#measuring = true;
        steps.push({ kind: 'start', afresh: true });
      }
      return;
    }
    if (!this.#measuring) return;
    this.counted += piece;
    if (interval > 0 && this.counted === this.#intervalFrom + interval) this.#interval(steps);
    if (this.counted >= limit) this.done = true;
  }

  #interval(steps: Step[]): void {
    steps.push({ kind: 'interval', from: this.#intervalFrom, accesses: this.counted - this.#intervalFrom });
    this.#intervalFrom = this.counted;
  }

  /**
   * ROI marks. The first `on` makes what came before it a warm-up; later ones go on counting after an `off`.
   * A mark that changes nothing is passed over.
   */
  #region(steps: Step[], on: boolean): void {
    if (!on && this.#measuring) steps.push({ kind: 'stop' });
    if (on && !this.#marked) {
      this.warmed += this.counted;
      this.counted = 0;
      this.#intervalFrom = 0;
      this.#started = true;
      steps.push({ kind: 'start', afresh: true });
    } else if (on && !this.#measuring) steps.push({ kind: 'start', afresh: false });
    this.#marked ||= on;
    this.#measuring = on;
  }
}

/** A machine with its measured region: what is counted is what happened between starts and stops. */
class Measured {
  readonly machine: Machine;
  readonly #intervals: RunInterval[] = [];
  /** Counters that are not part of the measurement, and those at the last stop. */
  #outside: CounterValues | null = null;
  #stopped: CounterValues | null = null;
  #lastInterval: CounterValues | null = null;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  carryOut(chunk: TraceChunk | null, step: Step): void {
    switch (step.kind) {
      case 'accesses':
        return this.machine.replayAccesses(chunk!.accesses, step.from, step.to);
      case 'event':
        return this.machine.event(step.event);
      case 'start':
        return this.#start(step.afresh);
      case 'stop':
        this.#stopped ??= this.machine.counters();
        return;
      default:
        this.#interval(step.from, step.accesses);
    }
  }

  #start(afresh: boolean): void {
    const now = this.machine.counters();
    if (afresh || this.#stopped === null) {
      this.#outside = now;
      this.#lastInterval = null;
      this.#intervals.length = 0;
    } else this.#outside = sum(this.#outside, difference(now, this.#stopped));
    this.#stopped = null;
  }

  counters(): CounterValues {
    return difference(this.#stopped ?? this.machine.counters(), this.#outside);
  }

  #interval(from: number, accesses: number): void {
    const now = this.counters();
    const counters = difference(now, this.#lastInterval);
    this.#lastInterval = now;
    this.#intervals.push({ from, accesses, counters, memory: this.machine.memory() });
  }

  result(request: ReplayRequest, events: number): MachineRun {
    const { machine } = this;
    return {
      mode: machine.plugin.name,
      description: machine.plugin.describe(machine.config),
      config: machine.config,
      counters: this.counters(),
      memory: machine.memory(),
      guestDigest: machine.guestDigest(),
      assumptions: assumptionsOf(machine, request.trace, events),
      intervals: this.#intervals,
    };
  }
}

function difference(values: CounterValues, minus: CounterValues | null): CounterValues {
  if (minus === null) return values;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value - (minus[key] ?? 0)]));
}

function sum(a: CounterValues | null, b: CounterValues): CounterValues {
  if (a === null) return b;
  return Object.fromEntries(Object.entries(b).map(([key, value]) => [key, value + (a[key] ?? 0)]));
}

/**
 * Replays the trace on every machine. A bad record, or an event that a mode refuses, ends the replay: what
 * was counted before it comes back with the error. Throws {@link TraceError} for a trace in which
 * nothing is left to count.
 */
export async function replayTrace(request: ReplayRequest): Promise<ReplayOutcome> {
  const { trace } = request;
  const options = { lenient: request.lenient, file: trace.path };
  const measured = request.machines.map(
    (wanted) => new Measured(createMachine(wanted, trace.header, options)),
  );
  const schedule = new Schedule(request);
  const error = await feed(request, schedule, measured);
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
  measured: readonly Measured[],
): Promise<TraceError | null> {
  try {
    for await (const chunk of request.trace.chunks()) {
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
