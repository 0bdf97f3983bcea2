/** The engine, and what is done with saved results: diffs, baselines, budgets. */
export * from './engine.js';
export * from './diff.js';
export * from './baseline.js';
export * from './budgets.js';
export {
  type BatchHeader,
  FAILURE_KINDS,
  type FailureKind,
  formatBatchHeader,
  formatPointLine,
  parsePointLine,
  type PointError,
  type PointLine,
  type PointTrace,
  type ShardName,
} from './batch/point-line.js';
export {
  missingNumbers,
  parseResults,
  type ResultsFile,
  type StoredPoint,
  type TornLine,
} from './batch/results.js';
export { type Budget, BUDGET_OPERATORS, type BudgetOperator, isRelative } from './report/budget/budget.js';
export { budgetsOfSection, parseBudget } from './report/budget/expression.js';
export type { MovedMetric } from './report/budget/moved.js';
export { BUDGET_METRICS, type Ratio, RATIOS } from './report/budget/ratios.js';
export { sameChecks } from './report/budget/same-checks.js';
export { checkComparable } from './report/diff/comparable.js';
export { parseDimensions } from './report/diff/dimensions.js';
export { type DiffOptions, diffSaved } from './report/diff/diff.js';
export {
  changedGroups,
  type DiffGroup,
  type DiffMetric,
  type DiffResult,
  type DiffSide,
  isSame,
  otherGuests,
} from './report/diff/diff-result.js';
export { BASELINE_SCHEMA, baselineText, placeOfRun } from './report/saved/baseline.js';
export { failedNote, type FailedPoint, type FailedPoints } from './report/saved/failed-points.js';
export { parseSaved, readSaved } from './report/saved/read.js';
