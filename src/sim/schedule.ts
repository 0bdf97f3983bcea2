/**
 * Schedule: where in a trace we are and what of it is counted: skip, warm-up, limit, regions of interest, intervals.
 *
 * Turns decoded chunks into steps that every machine carries out alike.
 */
import type { TraceChunk } from '../trace/access.js';
import type { TraceEvent } from '../trace/event.js';
import type { ReplayRequest } from './run.js';

export type Step =
  | { readonly kind: 'accesses'; readonly from: number; readonly to: number }
  | { readonly kind: 'event'; readonly event: TraceEvent }
  /** Counting starts here (end of warm-up, ROI on); `afresh`: what was counted before does not count. */
  | { readonly kind: 'start'; readonly afresh: boolean }
  /** Counting stops here (ROI off). */
  | { readonly kind: 'stop' }
  | { readonly kind: 'interval'; readonly from: number; readonly accesses: number };

/** Turns chunks into steps: knows where in the trace we are and what is counted. */
export class Schedule {
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
