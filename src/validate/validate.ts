/**
 * `p2msim validate`: every measured and published number beside the model's, or one scenario by itself.
 */
import { UsageError } from '../errors.js';
import { completeParams } from '../scenario/params.js';
import type { ScenarioParams } from '../scenario/scenario.js';
import { SUITES } from '../scenario/suites.js';
import { unknownName } from '../util/registry.js';
import type { Cell } from './cell.js';
import { measuredCells } from './compare.js';
import { runCourse } from './experiment.js';
import { LAB_MODES, type LabSuite } from './modes.js';
import type { Phase } from './phase.js';
import { publishedCells } from './published/index.js';
import { countsAsDifferent, type ScenarioSummary, summarize } from './summary.js';

export const VALIDATION_SCHEMA = 'p2msim.validation/1';

/** Every suite of cells, in the order of reports. */
export const SUITE_NAMES: readonly string[] = [...SUITES.names(), 'published'];

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
  if (name === 'published') return publishedCells();
  return measuredCells(SUITES.get(name).name, {
    jobs: options.jobs ?? 1,
    onProgress: onProgress && ((done, total) => onProgress(name, done, total)),
  });
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
  const suite = SUITES.get(request.suite ?? suiteWith(request.scenario));
  const scenario = suite.scenarios.get(request.scenario);
  const mode = LAB_MODES[suite.name].get(request.mode ?? 'shadow').name;
  const params = completeParams(scenario, request.params ?? {});
  const experiment = { suite: suite.name, scenario: scenario.name, params, mode };
  const [outcome] = runCourse({ settled: true, experiments: [experiment] });
  if (outcome?.phases === undefined) throw new UsageError(`scenario ${scenario.name}: ${outcome?.failure}`);
  return { ...experiment, phases: outcome.phases };
}

/** The suite that has a scenario of that name. */
function suiteWith(scenario: string): string {
  const having = SUITES.all().filter(({ scenarios }) => scenarios.has(scenario));
  const [only] = having;
  if (only !== undefined && having.length === 1) return only.name;
  if (only === undefined) {
    const known = SUITES.all().flatMap(({ scenarios }) => scenarios.names());
    throw unknownName('scenario', scenario, [...new Set(known)]);
  }
  throw new UsageError(
    `suites ${having.map(({ name }) => name).join(' and ')} both have a scenario '${scenario}'`,
    {
      hint: `say which: --suite ${only.name}`,
    },
  );
}
