/**
 * The library's verbs on budgets: what can be known before a replay, and what became of them after it.
 */
import { mistakeAt } from './config/document.js';
import { type ConfigError, UsageError } from './errors.js';
import { backends } from './mmu/index.js';
import { type Budget, type BudgetPlace, isRelative } from './report/budget/budget.js';
import { type Candidate, judgeBudgets } from './report/budget/check.js';
import { type CheckReport } from './report/budget/check-report.js';
import { dimensionOf } from './report/diff/dimensions.js';
import { diffSaved } from './report/diff/diff.js';
import { type DiffResult } from './report/diff/diff-result.js';
import type { InputKind } from './report/diff/inputs.js';
import type { SavedFile, SavedRun } from './report/saved/saved-run.js';
import { didYouMean } from './util/registry.js';
import { TOOL } from './version.js';

/** What is going to be judged. */
export interface JudgementPlan {
  /** Modes of the runs. */
  readonly modes: readonly string[];
  /** Records of a slice; 0 for none. */
  readonly interval: number;
  /** What relative budgets are relative to. */
  readonly baseline: SavedFile | null;
  /** True if a run may be compared with one of another mode, as `diff` does. */
  readonly crossing?: boolean;
}

/** Origin of budgets that were meant for this very run: a word of the command line. */
const isWord = ({ origin }: Budget): boolean => origin.startsWith('--');

/**
 * Throws {@link UsageError} for budgets that could never be judged: of a mode that does not run, per interval without
 * one, relative without a baseline. A file may hold budgets for other commands: its modes and intervals need not be there.
 */
export function checkBudgets(budgets: readonly Budget[], plan: JudgementPlan): void {
  for (const budget of budgets) {
    checkMode(budget, plan);
    if (budget.perInterval && plan.interval === 0 && isWord(budget)) {
      const hint = 'give --interval N to the replay (a baseline keeps no slices)';
      throw refused(budget, 'value', 'is for slices, and there are none', hint);
    }
    if (isRelative(budget) && plan.modes.some((mode) => (budget.mode ?? mode) === mode))
      checkBaseline(budget, plan);
  }
}

/** An error about a part of a budget: of one of a file with its line. */
function refused(
  { origin, text, place }: Budget,
  at: Exclude<keyof BudgetPlace, 'file'>,
  message: string,
  hint: string,
): ConfigError | UsageError {
  if (place === undefined) return new UsageError(`${origin} '${text}' ${message}`, { hint });
  return mistakeAt(place.file, place[at], `'${text}' ${message}`, { hint });
}

function checkMode(budget: Budget, { modes }: JudgementPlan): void {
  const { mode } = budget;
  if (mode === null || modes.includes(mode)) return;
  if (!isWord(budget) && backends.has(mode)) return;
  const near = didYouMean(mode, [...modes, ...backends.names()]);
  const suggestion = near === undefined || near === mode ? '' : ` (did you mean '${near}'?)`;
  const hint =
    near !== undefined && !modes.includes(near)
      ? `\`-m ${near}\` runs it; this run has ${modes.join(', ')} alone`
      : `modes here are ${modes.join(', ')}`;
  throw refused(budget, 'mode', `is for mode '${mode}'${suggestion}, which does not run`, hint);
}

function checkBaseline(budget: Budget, plan: JudgementPlan): void {
  const { baseline, interval } = plan;
  if (baseline === null) {
    const hint =
      '--baseline FILE names a saved result or a baseline; `p2msim baseline update TRACE` makes one';
    throw refused(budget, 'value', 'is relative, and there is no baseline', hint);
  }
  const missing = plan.modes
    .filter((mode) => (budget.mode ?? mode) === mode)
    .find((mode) => !baseline.runs.some((run) => run.mode === mode));
  if (missing !== undefined && plan.crossing !== true) {
    const hint = 'name a baseline that has, or put the mode before the metric: `hap:walk.refs > +1%`';
    throw refused(budget, 'value', `is relative, and ${baseline.file} has no run of mode ${missing}`, hint);
  }
  if (!budget.perInterval || interval === 0) return;
  const unlike = baseline.runs.find(
    ({ slices: [first, second] }) =>
      first === undefined || (second !== undefined && first.accesses !== interval),
  );
  if (unlike === undefined) return;
  const [first] = unlike.slices;
  const found = first === undefined ? 'no slices' : `slices of ${first.accesses} records`;
  const hint = `save a result with --interval ${interval} --json and name it with --baseline`;
  throw refused(budget, 'value', `is per interval, and ${baseline.file} has ${found}`, hint);
}

/**
 * Judges runs that were just replayed. With a baseline they have to be of the same trace, configuration and prices,
 * except for what `allow` names; throws {@link UsageError} that names the keys, as `diff` does.
 */
export function judgeRuns(
  budgets: readonly Budget[],
  heads: readonly SavedRun[],
  baseline: SavedFile | null,
  allow: readonly InputKind[] = [],
): CheckReport {
  if (budgets.length === 0 || heads.length === 0) return { checks: [], implicit: true };
  const candidates = baseline === null ? heads.map(alone) : pairs(heads, baseline, allow);
  const lonely = candidates.find(
    ({ base, head }) =>
      base === null &&
      head.incomplete === null &&
      budgets.some((budget) => isRelative(budget) && (budget.mode ?? head.mode) === head.mode),
  );
  if (lonely !== undefined && baseline !== null) {
    const { trace, mode } = lonely.head;
    throw new UsageError(`${baseline.file} holds no run of ${trace.path} under mode ${mode}`, {
      hint: `\`p2msim baseline update ${trace.path} -m ${mode}\` puts one there`,
    });
  }
  return { checks: judgeBudgets(budgets, candidates), implicit: false };
}

/** A run that was replayed, with its baseline. */
interface Replayed extends Candidate {
  readonly head: SavedRun;
}

const alone = (head: SavedRun): Replayed => ({ base: null, head });

/** Runs that ended early are not compared: what they were given and have counted is of no use. */
function pairs(heads: readonly SavedRun[], baseline: SavedFile, allow: readonly InputKind[]): Replayed[] {
  const file = 'this run';
  const whole = new Map(
    heads.filter(({ incomplete }) => incomplete === null).map((head) => [{ ...head, file }, head]),
  );
  if (whole.size === 0) return heads.map(alone);
  const results = [baseline, { file, schema: '', runs: [...whole.keys()] }];
  const bases = new Map<SavedRun | undefined, SavedRun | null>();
  for (const { runs } of diffSaved(results, TOOL, { allow }).groups) {
    const [base = null, head = null] = runs;
    // Another mode is no baseline, though `diff` would pair them.
    if (head !== null) bases.set(whole.get(head), base?.mode === head.mode ? base : null);
  }
  return heads.map((head) => ({ base: bases.get(head) ?? null, head }));
}

/** Records of a slice of saved runs; 0 if they have none. */
export function sliceLength(runs: readonly SavedRun[]): number {
  return runs.find(({ slices }) => slices.length > 0)?.slices[0]?.accesses ?? 0;
}

/** Judges the sides of a diff, each against the first. */
export function judgeDiff(budgets: readonly Budget[], diff: DiffResult): CheckReport {
  if (budgets.length === 0) return { checks: [], implicit: true };
  const candidates = diff.groups.flatMap(({ runs: [base = null, ...heads] }) =>
    heads.map((head): Candidate => {
      if (head === null) return { base, head };
      const names = diff.columns.filter((name) => name !== 'file' && name !== 'trace');
      const labels = Object.fromEntries(names.map((name) => [name, dimensionOf(head, name)]));
      return { base, head, labels };
    }),
  );
  return { checks: judgeBudgets(budgets, candidates), implicit: false };
}
