/**
 * Experiment: one scenario with its parameters under one mode, and the machine that runs it.
 *
 * Each of KVM's experiments had a fresh virtual machine. All of Xen's ran on one, one after another, and some
 * things survive from one to the next: the heuristic that pins L3 shadows, which the first experiments switch off
 * for good, the frames that tables get, what is in the pool. So the measured ones run in their order; one by itself
 * runs on a machine that is past the heuristic.
 */
import type { P2msimError } from '../errors.js';
import type { ScenarioParams, ScenarioSession } from '../scenario/scenario.js';
import { isRefusal } from './failure.js';
import { createLab, type Lab } from './lab.js';
import type { LabSuite } from './modes.js';
import type { Phase } from './phase.js';
import { SUITES } from '../scenario/suites.js';

export interface Experiment {
  readonly suite: LabSuite;
  readonly scenario: string;
  /** Complete and checked. */
  readonly params: ScenarioParams;
  readonly mode: string;
}

/** What an experiment gave: its phases, or why it was refused. */
export type Outcome =
  | { readonly phases: readonly Phase[]; readonly error?: never }
  | { readonly phases?: never; readonly error: P2msimError };

/** Experiments that run one after another on one machine. */
export interface Course {
  /** False: the machine has only been started; true: it is past what only the first experiments of a series saw. */
  readonly settled: boolean;
  readonly experiments: readonly Experiment[];
}

/** A started guest. */
interface Started {
  readonly lab: Lab;
  readonly session: ScenarioSession;
}

/**
 * Outcomes in the order of the experiments; after one that is refused the machine is started again. Throws what only
 * a bug can cause.
 */
export function runCourse({ settled, experiments }: Course): readonly Outcome[] {
  let started: Started | null = null;
  return experiments.map((experiment) => {
    try {
      started ??= start(experiment, settled);
      started.session.run(experiment.scenario, experiment.params);
      return { phases: started.lab.takePhases() };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      started = null;
      return { error };
    }
  });
}

/** Starts the guest; `settle`: and takes it past what only the first experiments saw. */
function start(experiment: Experiment, settle: boolean): Started {
  const suite = SUITES.get(experiment.suite);
  const lab = createLab(suite, experiment.mode, experiment.params);
  const session = suite.boot(lab, experiment.params);
  if (settle) session.settleHeuristics?.();
  lab.takePhases();
  return { lab, session };
}
