/**
 * `p2msim validate`: every measured and published number beside the model's, or one scenario by itself.
 */
import { UsageError } from '../errors.js';
import { completeParams } from '../scenario/params.js';
import type { ScenarioParams, ScenarioSuite } from '../scenario/scenario.js';
import { findScenario, SUITES } from '../scenario/suites.js';
import { unknownName } from '../util/registry.js';
import type { Cell } from './cell.js';
import { measuredCells } from './compare.js';
import { runCourse } from './experiment.js';
import { LAB_MODES, type LabSuite } from './modes.js';
import type { Phase } from './phase.js';
import { PUBLISHED_PARTS } from './published/index.js';
import { countsAsDifferent, type ScenarioSummary, summarize } from './summary.js';
import { runParts } from './workforce.js';

export const VALIDATION_SCHEMA = 'p2msim.validation/1';

/** The suite that has rows, not scenarios. */
const PUBLISHED = 'published';

/** Every suite of cells, in the order of reports. */
export const SUITE_NAMES: readonly string[] = [...SUITES.names(), PUBLISHED];

export interface ValidateOptions {
  /** Names of suites; absent: all. */
  readonly suites?: readonly string[] | undefined;
  /** Threads. */
  readonly jobs?: number | undefined;
  readonly onProgress?: ((suite: string, done: number, total: number) => void) | undefined;
}

export interface Validation {
  readonly cells: readonly Cell[];
  readonly scenarios: readonly ScenarioSummary[];
  /** No cell counts against the model. */
  readonly passed: boolean;
}

/** Runs everything that was measured. */
export async function validate(options: ValidateOptions = {}): Promise<Validation> {
  const wanted = options.suites ?? SUITE_NAMES;
  for (const name of wanted) if (!SUITE_NAMES.includes(name)) throw unknownName('suite', name, SUITE_NAMES);
  const cells: Cell[] = [];
  for (const name of SUITE_NAMES.filter((suite) => wanted.includes(suite))) {
    cells.push(...(await cellsOfSuite(name, options)));
  }
  return { cells, scenarios: summarize(cells), passed: !cells.some(countsAsDifferent) };
}

async function cellsOfSuite(name: string, options: ValidateOptions): Promise<readonly Cell[]> {
  const { onProgress } = options;
  const work = {
    jobs: options.jobs ?? 1,
    onProgress: onProgress && ((done: number, total: number) => onProgress(name, done, total)),
  };
  if (name === PUBLISHED) return (await runParts(PUBLISHED_PARTS, work)).flat();
  return measuredCells(SUITES.get(name).name, work);
}

export interface ScenarioRequest {
  /** Absent: the one that has the scenario. */
  readonly suite?: string | undefined;
  readonly scenario: string;
  /** By name, as text or numbers; the rest are defaults. */
  readonly params?: Readonly<Record<string, number | string>> | undefined;
  /** Absent: shadow. */
  readonly mode?: string | undefined;
}

/** What one scenario did under one mode. */
export interface ScenarioRun {
  readonly suite: LabSuite;
  readonly scenario: string;
  readonly params: ScenarioParams;
  readonly mode: string;
  readonly phases: readonly Phase[];
}

/** Runs one scenario with any parameters: the same path as the measured ones, without the measurements. */
export function runScenario(request: ScenarioRequest): ScenarioRun {
  if (request.suite === PUBLISHED) throw publishedHasNone();
  const { suite, scenario } = findScenario(request.scenario, request.suite);
  const mode = LAB_MODES[suite.name].get(request.mode ?? 'shadow').name;
  const params = completeParams(scenario, request.params ?? {});
  const experiment = { suite: suite.name, scenario: scenario.name, params, mode };
  const [outcome] = runCourse({ settled: true, experiments: [experiment] });
  if (outcome!.error !== undefined) throw outcome!.error;
  return { ...experiment, phases: outcome!.phases };
}

/** The suites whose scenarios can be run: the one of that name, or all. */
export function scenarioSuites(name?: string): readonly ScenarioSuite[] {
  if (name === PUBLISHED) throw publishedHasNone();
  return name === undefined ? SUITES.all() : [SUITES.get(name)];
}

function publishedHasNone(): UsageError {
  return new UsageError(
    `suite ${PUBLISHED} has no scenarios: its rows are published numbers, without parameters`,
    {
      hint: `\`p2msim validate --suite ${PUBLISHED} --all\` prints them; suites ${SUITES.names().join(' and ')} have scenarios`,
    },
  );
}
