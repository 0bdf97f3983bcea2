/**
 * MeasuredMachine: a machine with its measured region: what is counted is what happened between starts and stops.
 */
import type { CounterValues } from '../counters.js';
import type { TraceChunk } from '../trace/access.js';
import { assumptionsOf } from './assumptions.js';
import type { Machine } from './machine.js';
import type { Pass } from './pass.js';
import type { MachineRun, RunInterval } from './run.js';
import type { Step } from './schedule.js';

export class MeasuredMachine {
  readonly machine: Machine;
  readonly #pass: Pass;
  readonly #intervals: RunInterval[] = [];
  /** Counters that are not part of the measurement, and those at the last stop. */
  #outside: CounterValues | null = null;
  #stopped: CounterValues | null = null;
  #lastInterval: CounterValues | null = null;

  constructor(machine: Machine, pass: Pass) {
    this.machine = machine;
    this.#pass = pass;
  }

  carryOut(chunk: TraceChunk | null, step: Step): void {
    switch (step.kind) {
      case 'accesses':
        return this.machine.switches.inSlices(step.from, step.to, (from, to) =>
          this.#pass.replay(this.machine, chunk!.accesses, from, to),
        );
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

  result(notes: readonly string[], events: number): MachineRun {
    const { machine } = this;
    return {
      mode: machine.plugin.name,
      description: machine.plugin.describe(machine.config),
      config: machine.config,
      counters: this.counters(),
      memory: machine.memory(),
      guestDigest: machine.guestDigest(),
      assumptions: assumptionsOf(machine, notes, events),
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
