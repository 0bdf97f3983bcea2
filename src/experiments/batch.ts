/**
 * An experiment as a batch: its rows as named points, and its table from the lines of results files.
 *
 * So that a study of a long trace can be stopped, resumed, divided into shards, and laid out when all of it is there.
 */
import type { PointLine } from '../batch/point-line.js';
import type { NamedPoint } from '../batch/grid.js';
import type { MachineConfig } from '../config/schema.js';
import { ConfigError, UsageError } from '../errors.js';
import type { RunResult, SweepResult, ToolInfo } from '../report/result.js';
import type { Experiment, ExperimentRow } from './experiment.js';
import { type ExperimentPlan, experimentResult, originOf, planExperiment, settingsOf } from './run.js';

/** Name of the point of rows that differ in their prices alone. */
const ALL_PRICES = 'at any price';

/** One named point for each different configuration, in the order of the rows. */
export function experimentPoints({ experiment, rows, settings }: ExperimentPlan): NamedPoint[] {
  return settings.map((own) => {
    const same = rows.filter((row) => JSON.stringify(row.settings) === JSON.stringify(own));
    return {
      name: same.length > 1 && same[0]?.exitScale !== undefined ? ALL_PRICES : (same[0]?.label ?? ''),
      settings: settingsOf(experiment, own),
      trace: null,
      modes: experiment.modes,
      origin: originOf(experiment),
    };
  });
}

/** The table of an experiment whose points are `lines`, in point order. Throws {@link UsageError} if they are not. */
export function experimentOfPoints(
  experiment: Experiment,
  lines: readonly PointLine[],
  tool: ToolInfo,
): SweepResult {
  const { modes } = experiment;
  const runs = lines.map((line) => runOf(line));
  const last = runs.at(-1);
  if (last === undefined) throw new UsageError('there is no point to lay out');
  const configs = runs.map(({ manifest }) => manifest.config.effective);
  const plan =
    planOfBase(experiment, lines, configs) ?? planExperiment(experiment, last.manifest.config.effective);
  const whole = lines.every(({ mode }, i) => mode === modes[i % modes.length]);
  if (!whole || lines.length !== plan.settings.length * modes.length || !sameKeys(plan, lines)) {
    throw new UsageError(
      `these are not the points of experiment ${experiment.name}: ${plan.settings.length} rows with ${modes.join(', ')}`,
      { hint: `they are written by \`p2msim sweep TRACE --experiment ${experiment.name} --results FILE\`` },
    );
  }
  return experimentResult(relabelled(plan, lines), runs, tool);
}

/**
 * The plan of the row that is as the user's configuration was, if there is one: it makes just these settings. Rows may
 * fall together (sizes below the smallest), so how many there are follows from no other row.
 */
function planOfBase(
  experiment: Experiment,
  lines: readonly PointLine[],
  configs: readonly MachineConfig[],
): ExperimentPlan | null {
  const { length } = experiment.modes;
  for (const base of configs.filter((_, i) => i % length === 0)) {
    const plan = planned(experiment, base);
    if (plan !== null && plan.settings.length * length === lines.length && sameValues(plan, lines))
      return plan;
  }
  return null;
}

/** Null for a row that leaves nothing to vary: the base was another. */
function planned(experiment: Experiment, base: MachineConfig): ExperimentPlan | null {
  try {
    return planExperiment(experiment, base);
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

function sameValues({ experiment, settings }: ExperimentPlan, lines: readonly PointLine[]): boolean {
  return settings.every((own, i) => {
    const { point } = lines[i * experiment.modes.length]!;
    return Object.entries(own).every(([key, value]) => point[key] === value);
  });
}

function runOf(line: PointLine): RunResult {
  if (line.result !== null) return line.result;
  throw new UsageError(`point ${line.number} ('${line.name}', ${line.mode}) failed: ${line.error?.message}`, {
    hint: 'a table needs every point: delete its line, then `sweep --results FILE --resume` runs it again',
  });
}

function sameKeys({ experiment, settings }: ExperimentPlan, lines: readonly PointLine[]): boolean {
  return settings.every((own, i) => {
    const wanted = settingsOf(experiment, own).map(({ key }) => key);
    const { point } = lines[i * experiment.modes.length]!;
    return wanted.length === Object.keys(point).length && wanted.every((key) => key in point);
  });
}

/** Sizes follow the core of the batch, which only its points know: labels and values are theirs. */
function relabelled(plan: ExperimentPlan, lines: readonly PointLine[]): ExperimentPlan {
  const { experiment } = plan;
  const keys = plan.settings.map((own) => JSON.stringify(own));
  const settings = plan.settings.map((own, i) => {
    const { point } = lines[i * experiment.modes.length]!;
    return Object.fromEntries(Object.keys(own).map((key) => [key, point[key]!]));
  });
  const rows = plan.rows.map((row): ExperimentRow => {
    const at = keys.indexOf(JSON.stringify(row.settings));
    const label = row.exitScale === undefined ? lines[at * experiment.modes.length]!.name : row.label;
    return { ...row, label: label ?? row.label, settings: settings[at]! };
  });
  return { experiment, rows, settings };
}
