/**
 * One pass over a trace, many machines: skip, warm up, measure, slice into intervals.
 *
 * Each decoded chunk becomes a list of steps (accesses, events, marks), which every machine carries out in
 * turn; so a machine stays in the processor's caches for a whole chunk, and all see the same stream.
 */
import { TraceError } from '../errors.js';
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

  steps(chunk: TraceChunk): Step[] {
    const steps: Step[] = [];
    let at = 0;
    for (let e = 0; e < chunk.events.length && !this.done; e++) {
      this.#accesses(steps, at, chunk.eventAt[e]!);
      at = chunk.eventAt[e]!;
      if (!this.done) this.#event(steps, chunk.events[e]!);
    }
    if (!this.done) this.#accesses(steps, at, chunk.accesses.n);
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

  carryOut(chunk: TraceChunk | null, steps: readonly Step[]): void {
    for (const step of steps) {
      switch (step.kind) {
        case 'accesses':
          this.machine.replayAccesses(chunk!.accesses, step.from, step.to);
          break;
        case 'event':
          this.machine.event(step.event);
          break;
        case 'start':
          this.#start(step.afresh);
          break;
        case 'stop':
          this.#stopped ??= this.machine.counters();
          break;
        default:
          this.#interval(step.from, step.accesses);
      }
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
 * Replays the trace on every machine. A bad record ends the replay: what was counted before it comes
 * back with the error. Throws {@link TraceError} for an event that a mode refuses and for a trace in
 * which nothing is left to count.
 */
export async function replayTrace(request: ReplayRequest): Promise<ReplayOutcome> {
  const { trace } = request;
  const options = { lenient: request.lenient, file: trace.path };
  const measured = request.machines.map(
    (wanted) => new Measured(createMachine(wanted, trace.header, options)),
  );
  const schedule = new Schedule(request);
  const error = await feed(request, schedule, measured);
  if (error === null && schedule.counted === 0) throw nothingCounted(request, schedule);
  const last = schedule.finish();
  for (const one of measured) one.carryOut(null, last);
  return {
    runs: measured.map((one) => one.result(request, schedule.events)),
    accesses: schedule.counted,
    warmup: schedule.warmed,
    skipped: Math.min(request.skip, schedule.position),
    events: schedule.events,
    addressSpaces: measured[0]?.machine.parts.guest.spacesMade ?? 0,
    error,
  };
}

/** Reads the trace to its end, the limit or a bad record, which is returned. */
async function feed(
  request: ReplayRequest,
  schedule: Schedule,
  measured: readonly Measured[],
): Promise<TraceError | null> {
  const chunks = request.trace.chunks()[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<TraceChunk>;
    try {
      next = await chunks.next();
    } catch (error) {
      if (error instanceof TraceError) return error;
      throw error;
    }
    if (next.done === true) return null;
    const steps = schedule.steps(next.value);
    for (const one of measured) one.carryOut(next.value, steps);
    request.onProgress?.(schedule.position, request.trace.bytesRead);
    if (schedule.done) {
      await chunks.return?.(undefined);
      return null;
    }
  }
}

function nothingCounted(request: ReplayRequest, schedule: Schedule): TraceError {
  const place = { file: request.trace.path };
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
