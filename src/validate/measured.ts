/**
 * MeasuredExperiment: what was measured on real Xen and real KVM, as shipped in data/.
 *
 * Only the comparer (compare.ts) imports this: no number that was measured may reach the code that models it
 * (test/unit/validate/measured.test.ts).
 */
import { readFileSync } from 'node:fs';
import type { LabSuite } from './modes.js';

export interface MeasuredPhase {
  readonly phase: string;
  readonly seq: number;
  readonly total: number;
  readonly byReason: Readonly<Record<string, number>>;
  /** Absent: not measured; so with all that follow. */
  readonly byClass?: Readonly<Record<string, number>>;
  readonly guestFaults?: number;
  readonly shadowPages?: number;
  readonly pageTablePages?: number;
  readonly counters?: Readonly<Record<string, number>>;
}

export interface MeasuredExperiment {
  readonly suite: LabSuite;
  /** Position among all experiments that ran on the machine; null: it had a machine of its own. */
  readonly number: number | null;
  readonly scenario: string;
  readonly params: Readonly<Record<string, number | string>>;
  readonly mode: string;
  /** Only some of its phases are in the data. */
  readonly partial: boolean;
  readonly phases: readonly MeasuredPhase[];
}

/** How a data set came about. */
export interface Provenance {
  readonly what: string;
  readonly how: string;
  readonly dropped: string;
}

export interface MeasuredSet extends Provenance {
  readonly experiments: readonly MeasuredExperiment[];
}

/** As in the file, where what is 0 or empty is left out. */
interface StoredPhase extends Partial<Omit<MeasuredPhase, 'phase'>> {
  readonly phase: string;
}
interface StoredExperiment {
  readonly number?: number;
  readonly scenario: string;
  readonly params: Readonly<Record<string, number | string>>;
  readonly mode: string;
  readonly partial?: boolean;
  readonly phases: readonly StoredPhase[];
}
interface StoredSet extends Provenance {
  /** Parameters of every experiment that does not say otherwise. */
  readonly common: Readonly<Record<string, number | string>>;
  readonly experiments: readonly StoredExperiment[];
}

/** What was measured in a mode besides exits and their reasons: there, what is left out is 0. */
function measuredHere(suite: LabSuite, hap: boolean): Partial<MeasuredPhase> {
  if (suite === 'kvm') return { byClass: {}, pageTablePages: 0, ...(hap ? {} : { guestFaults: 0 }) };
  return hap ? { shadowPages: 0 } : { byClass: {}, guestFaults: 0, shadowPages: 0, counters: {} };
}

/** The data set of a suite. */
export function readMeasured(suite: LabSuite): MeasuredSet {
  const text = readFileSync(new URL(`./data/${suite}.json`, import.meta.url), 'utf8');
  const { common, experiments, what, how, dropped } = JSON.parse(text) as StoredSet;
  return {
    what,
    how,
    dropped,
    experiments: experiments.map((stored) => ({
      suite,
      number: stored.number ?? null,
      scenario: stored.scenario,
      params: { ...common, ...stored.params },
      mode: stored.mode,
      partial: stored.partial ?? false,
      phases: stored.phases.map((phase) => ({
        seq: 0,
        total: 0,
        byReason: {},
        ...measuredHere(suite, stored.mode.startsWith('hap')),
        ...phase,
      })),
    })),
  };
}
