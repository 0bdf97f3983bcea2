/**
 * From an experiment to machines, and from their results to its table.
 *
 * Machines are those of the rows in order, modes fastest; rows with the same settings (whose prices differ) have the
 * same machines.
 */
import type { ConfigValue } from '../config/keys.js';
import type { MachineConfig } from '../config/schema.js';
import type { Setting } from '../config/values.js';
import { InternalError } from '../errors.js';
import { type ExperimentReport, type RunResult, SWEEP_SCHEMA, type SweepResult } from '../report/result.js';
import type { ToolInfo } from '../report/result.js';
import type { Experiment, ExperimentRow, Numbers, Place, Values } from './experiment.js';

/** Rows and the machines that they need. */
export interface ExperimentPlan {
  readonly experiment: Experiment;
  readonly rows: readonly ExperimentRow[];
  /** Different settings among the rows, in their order. */
  readonly settings: readonly Values[];
}

/** @param base the configuration that the user chose */
export function planExperiment(experiment: Experiment, base: MachineConfig): ExperimentPlan {
  const rows = experiment.rows(base);
  const settings = new Map(rows.map((row) => [JSON.stringify(row.settings), row.settings]));
  return { experiment, rows, settings: [...settings.values()] };
}

/** Where the settings of an experiment come from, for messages. */
export function originOf({ name }: Experiment): string {
  return `--experiment ${name}`;
}

/** What all machines of a row are set to. */
export function settingsOf(experiment: Experiment, own: Values): Setting[] {
  const values = { ...experiment.settings, ...own };
  return Object.entries(values).map(([key, value]) => ({ key, value, origin: originOf(experiment) }));
}

/** The machines of a plan, in the order in which {@link experimentResult} wants their results. */
export function experimentMachines({ experiment, settings }: ExperimentPlan) {
  return settings.flatMap((own) =>
    experiment.modes.map((mode) => ({ mode, settings: settingsOf(experiment, own) })),
  );
}

/** The results of the machines as a sweep with its table. */
export function experimentResult(
  plan: ExperimentPlan,
  results: readonly RunResult[],
  tool: ToolInfo,
): SweepResult {
  const { modes } = plan.experiment;
  const points = results.map((result, i) => ({
    ...result,
    point: plan.settings[Math.floor(i / modes.length)] ?? {},
  }));
  return {
    schema: SWEEP_SCHEMA,
    tool,
    axes: axesOf(plan.settings),
    points,
    experiment: report(plan, points),
  };
}

/** Every key that the rows vary with its values, each once. */
function axesOf(settings: readonly Values[]): { key: string; values: ConfigValue[] }[] {
  const keys = [...new Set(settings.flatMap((values) => Object.keys(values)))];
  return keys.map((key) => ({
    key,
    values: [...new Set(settings.flatMap((values) => values[key] ?? []))],
  }));
}

function report(plan: ExperimentPlan, points: readonly RunResult[]): ExperimentReport {
  const { name, question, axis, columns, bars } = plan.experiment;
  const places = placesOf(plan, points);
  const rows = places.map((place) => ({
    label: place.row.label,
    values: columns.map((column) => column.of(place)),
  }));
  const at = (group: string, head: string): number =>
    columns.findIndex((column) => column.group === group && column.head === head);
  const numbers: Numbers = {
    rows: plan.rows,
    at: (row, group, head) => rows[row]?.values[at(group, head)] ?? 0,
    runs: (row) => plan.experiment.modes.map((mode) => places[row]!.run(mode)),
  };
  return {
    name,
    question,
    axis,
    columns: columns.map(({ group, head, unit }) => ({ group, head, unit })),
    rows,
    bars: at(bars.group, bars.head),
    verdict: plan.experiment.verdict(numbers),
  };
}

function placesOf({ experiment, rows, settings }: ExperimentPlan, points: readonly RunResult[]): Place[] {
  const keys = settings.map((values) => JSON.stringify(values));
  const runOf = (row: ExperimentRow, mode: string): RunResult => {
    const at = keys.indexOf(JSON.stringify(row.settings)) * experiment.modes.length;
    const found = points[at + experiment.modes.indexOf(mode)];
    if (found === undefined) throw new InternalError(`experiment ${experiment.name} has no run of ${mode}`);
    return found;
  };
  const places: Place[] = [];
  for (const row of rows) places.push({ row, run: (mode) => runOf(row, mode), rows: places });
  return places;
}
