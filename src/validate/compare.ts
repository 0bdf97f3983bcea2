/**
 * The comparer: holds what was measured against what the same experiment gives on the model, number by number.
 */
import type { Scenario, ScenarioParams } from '../scenario/scenario.js';
import { completeParams } from '../scenario/params.js';
import { type Cell, judged } from './cell.js';
import type { Course, Experiment, Outcome } from './experiment.js';
import { type MeasuredExperiment, type MeasuredPhase, type Provenance, readMeasured } from './measured.js';
import type { LabSuite } from './modes.js';
import type { Phase } from './phase.js';
import { SUITES } from '../scenario/suites.js';
import { XEN_CAMPAIGN } from '../scenario/xen/index.js';
import { runCourses, type WorkOptions } from './workforce.js';

/** A course, and what was measured of each of its experiments; null: it is not in the data. */
interface Planned {
  readonly course: Course;
  readonly measured: readonly (MeasuredExperiment | null)[];
}

/** Where and how the numbers of a suite were measured. */
export function provenanceOf(suite: LabSuite): Provenance {
  const { what, how, dropped } = readMeasured(suite);
  return { what, how, dropped };
}

/** Every measured cell of a suite beside the model's. */
export async function measuredCells(suite: LabSuite, options: WorkOptions): Promise<readonly Cell[]> {
  const { experiments } = readMeasured(suite);
  const plan = suite === 'xen' ? campaigns(experiments) : experiments.map(alone);
  const outcomes = await runCourses(
    plan.map(({ course }) => course),
    options,
  );
  return plan.flatMap(({ measured }, at) =>
    measured.flatMap((experiment, i) => (experiment === null ? [] : cellsOf(experiment, outcomes[at]![i]!))),
  );
}

function alone(experiment: MeasuredExperiment): Planned {
  return { course: { settled: true, experiments: [experimentOf(experiment)] }, measured: [experiment] };
}

/** By mode, all experiments that ran on the machine, in their order: the data has a sample of them. */
function campaigns(experiments: readonly MeasuredExperiment[]): readonly Planned[] {
  const modes = [...new Set(experiments.map(({ mode }) => mode))];
  return modes.map((mode) => {
    const measured = XEN_CAMPAIGN.map(
      (_, number) => experiments.find((row) => row.mode === mode && row.number === number) ?? null,
    );
    const all = XEN_CAMPAIGN.map(({ scenario, params }, number): Experiment => {
      const row = measured[number] ?? null;
      return row === null
        ? { suite: 'xen', scenario, params: completed('xen', scenario, params), mode }
        : experimentOf(row);
    });
    return { course: { settled: false, experiments: all }, measured };
  });
}

function experimentOf({ suite, scenario, params, mode }: MeasuredExperiment): Experiment {
  return { suite, scenario, params: completed(suite, scenario, params), mode };
}

function completed(suite: LabSuite, scenario: string, params: ScenarioParams): ScenarioParams {
  const known: Scenario = SUITES.get(suite).scenarios.get(scenario);
  return completeParams(known, params);
}

/** What was measured in an experiment beside what it gave. */
export function cellsOf(measured: MeasuredExperiment, outcome: Outcome): readonly Cell[] {
  const cells = measured.phases.flatMap((phase) => {
    const modelled = outcome.phases?.[phase.seq];
    const failure = failureOf(phase, modelled, outcome);
    return phaseCells(measured, phase, failure === '' ? (modelled ?? null) : null, failure);
  });
  // Phases more or fewer than measured are a difference; as many are nothing to count.
  const { phases } = outcome;
  return measured.partial || phases === undefined || phases.length === measured.phases.length
    ? cells
    : [...cells, phaseCount(measured, phases.length)];
}

/** Why a phase has no modelled numbers; empty if it has. */
function failureOf(phase: MeasuredPhase, modelled: Phase | undefined, outcome: Outcome): string {
  if (outcome.phases === undefined) return `not run: ${outcome.error.message}`;
  if (modelled === undefined) return `the scenario ends before its phase ${phase.seq}`;
  return modelled.phase === phase.phase ? '' : `phase ${phase.seq} is called ${modelled.phase} here`;
}

function phaseCount(measured: MeasuredExperiment, modelled: number): Cell {
  return cellFor(measured, '*', 'phases', measured.phases.length, modelled, '');
}

function phaseCells(
  experiment: MeasuredExperiment,
  measured: MeasuredPhase,
  modelled: Phase | null,
  note: string,
): readonly Cell[] {
  const cell = (quantity: string, theirs: number, ours: number | undefined): Cell =>
    cellFor(experiment, measured.phase, quantity, theirs, ours ?? null, note);
  const cells = [cell('exits', measured.total, modelled?.exits.total)];
  const groups: readonly [string, MeasuredPhase['byClass'], MeasuredPhase['byClass']][] = [
    ['exits.byReason', measured.byReason, modelled?.exits.byReason],
    ['exits.byClass', measured.byClass, modelled?.exits.byClass],
    ['counters', measured.counters, modelled?.counters],
  ];
  for (const [name, theirs, ours] of groups) {
    if (theirs === undefined) continue;
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours ?? {})])) {
      cells.push(
        cell(`${name}.${key}`, theirs[key] ?? 0, modelled === null ? undefined : (ours?.[key] ?? 0)),
      );
    }
  }
  for (const quantity of ['guestFaults', 'shadowPages', 'pageTablePages'] as const) {
    const theirs = measured[quantity];
    if (theirs !== undefined) cells.push(cell(quantity, theirs, modelled?.[quantity]));
  }
  return cells;
}

function cellFor(
  { suite, scenario, params, mode }: MeasuredExperiment,
  phase: string,
  quantity: string,
  measured: number,
  modelled: number | null,
  note: string,
): Cell {
  return judged({
    suite,
    scenario,
    params,
    mode,
    phase,
    kind: 'measured',
    quantity,
    measured,
    modelled,
    tolerance: 0,
    note,
  });
}
