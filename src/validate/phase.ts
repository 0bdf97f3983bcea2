/**
 * Phase: what a machine counted between two marks of a scenario, in the shape that `validate --json` prints.
 */
import type { CounterValues } from '../counters.js';
import type { Machine } from '../sim/machine.js';
import { type ExitLog, type PhaseExits } from './exits.js';
import type { LabSuite } from './modes.js';
import { PERF_COUNTERS } from './perf-counters.js';

export interface Phase {
  readonly phase: string;
  /** Position among the phases that are kept. */
  readonly seq: number;
  readonly exits: PhaseExits;
  /** #PF that the guest's own handler got. */
  readonly guestFaults: number;
  /** Xen: shadow pages added in the phase; KVM: table pages in use at its end, of the nested table under HAP. */
  readonly shadowPages: number;
  /** Second-level or shadow table pages in use at its end. */
  readonly pageTablePages: number;
  /** Xen: its perf counters; KVM: our counters of shadow work. Zeros are left out. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Cuts the counters of a machine into phases. */
export class PhaseLog {
  readonly #machine: Machine;
  readonly #suite: LabSuite;
  readonly #exits: ExitLog;
  #before: CounterValues;
  #pagesBefore: number;
  #phases: Phase[] = [];

  constructor(machine: Machine, suite: LabSuite, exits: ExitLog) {
    this.#machine = machine;
    this.#suite = suite;
    this.#exits = exits;
    this.#before = machine.counters();
    this.#pagesBefore = machine.memory()['shadow.pages'];
  }

  /** Ends a phase; null: what it counted is discarded. */
  mark(phase: string | null): void {
    const now = this.#machine.counters();
    const counted = difference(now, this.#before);
    this.#before = now;
    const memory = this.#machine.memory();
    const pages = memory['shadow.pages'];
    const added = pages - this.#pagesBefore;
    this.#pagesBefore = pages;
    const exits = this.#exits.take(counted);
    if (phase === null) return;
    const inUse = this.#machine.plugin.name === 'hap' ? memory['p2m.pages'] : pages;
    this.#phases.push({
      phase,
      seq: this.#phases.length,
      exits,
      guestFaults: counted['guest.faults'] ?? 0,
      shadowPages: this.#suite === 'xen' ? added : inUse,
      pageTablePages: inUse,
      counters: this.#suite === 'xen' ? perfCounters(counted) : shadowCounters(counted),
    });
  }

  /** The phases since the last call. */
  take(): readonly Phase[] {
    const phases = this.#phases;
    this.#phases = [];
    return phases;
  }
}

function difference(after: CounterValues, before: CounterValues): CounterValues {
  const entries = Object.entries(after).map(([key, value]) => [key, value - (before[key] ?? 0)]);
  return Object.fromEntries(entries);
}

function perfCounters(counted: CounterValues): Record<string, number> {
  const entries = Object.entries(PERF_COUNTERS).map(([name, key]): [string, number] => [
    name,
    counted[key] ?? 0,
  ]);
  return Object.fromEntries(entries.filter(([, n]) => n !== 0));
}

function shadowCounters(counted: CounterValues): Record<string, number> {
  const entries = Object.entries(counted).filter(([key, n]) => key.startsWith('shadow.') && n !== 0);
  return Object.fromEntries(entries);
}
