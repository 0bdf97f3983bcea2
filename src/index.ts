/** The library surface of p2msim: the engine, and what is computed with it. The command line uses nothing else. */
export * from './engine.js';
export * from './judging.js';
export * from './trace-tools.js';
export {
  collect,
  type Collection,
  collectionLines,
  type Contradiction,
  numberRanges,
  type ResultsInput,
} from './batch/collect.js';
export { collectionText, contradictionText } from './batch/collection-text.js';
export { EXPORTS as exportFormats } from './batch/exports/index.js';
export type { ExportFormat, ExportOptions } from './batch/exports/export.js';
export { type PointCell, type ColumnType, type PointColumn, pointColumns } from './batch/point-columns.js';
export { readResultsInput } from './batch/read-results.js';
export { EXPERIMENTS as experiments } from './experiments/index.js';
export type { Experiment, ExperimentRow } from './experiments/experiment.js';
export { experimentOfPoints, experimentPoints } from './experiments/batch.js';
export {
  experimentMachines,
  type ExperimentPlan,
  experimentResult,
  planExperiment,
} from './experiments/run.js';
export { type AxisGroup, groupOf } from './batch/axis.js';
export { type Estimate, estimateCosts } from './batch/estimate.js';
export type { Exclusion, Grid, GridPoint, NamedPoint } from './batch/grid.js';
export type { LockOwner } from './batch/lock.js';
export { type Batch, type BatchOptions, planBatch, type PlannedPoint } from './batch/plan.js';
export { type ListOptions, LIST_SCHEMA, pointListJson, pointListText, whyNot } from './batch/point-list.js';
export {
  type BatchReport,
  pointsOf,
  type ResultsTarget,
  runBatch,
  type RunBatchOptions,
} from './batch/run-batch.js';
export { divide, parseShard, shardOf } from './batch/shard.js';
export { type SlurmOptions, slurmScript } from './batch/slurm-script.js';
export { type Places, readSpec, type Spec } from './batch/spec.js';
export { sweepResults } from './batch/sweep-results.js';
export { Population } from './capture/population.js';
export { CaptureDecoder } from './capture/records.js';
export { explain, explainTopics, explanation, topicList } from './report/explain.js';
export { generatorListText } from './report/generator-list.js';
export {
  cellText,
  PROJECTION_FORMATS as projectionFormats,
  type ProjectionFormat,
} from './report/projection/formats.js';
export { project, type ProjectOptions } from './report/projection/project.js';
export type {
  IncompleteRun,
  Normalization,
  Projection,
  ProjectionCell,
  ProjectionColumn,
  ProjectionRow,
  ProjectionTable,
} from './report/projection/projection.js';
export { missRatioText, missesByWaysText } from './report/mrc.js';
export { missRatioCsv, missRatioJson, missesByWaysCsv, missesByWaysJson } from './report/mrc-data.js';
export { ASCII_PLOT, missRatioPlot, UNICODE_PLOT } from './report/mrc-plot.js';
export { scenarioLines, scenarioListText } from './report/scenario-list.js';
export { binarySize } from './report/numbers.js';
export { scenarioText, validationJson, validationText } from './report/validation.js';
export {
  findSchema,
  type JsonSchema,
  jsonSchema,
  type SchemaEntry,
  schemaList,
  SCHEMAS,
} from './schema/index.js';
export { completeParams, rangeText, splitParams } from './scenario/params.js';
export type {
  Scenario,
  ScenarioHost,
  ScenarioParam,
  ScenarioParams,
  ScenarioSession,
  ScenarioSuite,
} from './scenario/scenario.js';
export { findScenario, type FoundScenario, SUITES } from './scenario/suites.js';
export { writeScenarioTrace } from './scenario/trace-text.js';
export {
  type CurveOptions,
  missesByWays,
  type MissesByWays,
  missRatioCurve,
  type MissRatioCurve,
  type MrcSource,
  type SampleOptions,
  type SampleReport,
} from './trace/mrc/measure.js';
export { DEFAULT_WINDOW, type ProfileOutcome, profileTrace, profileWhatIsThere } from './trace/profile.js';
export type { ReuseDistances } from './trace/reuse.js';
export type { MissCurve } from './trace/mrc/miss-curve.js';
export { type KnownFile, ownFile } from './trace/known-file.js';
export { meanInterval, type MeanInterval, quantileT } from './util/student-t.js';
export type { Cell } from './validate/cell.js';
export { missingHistory } from './validate/explanations.js';
export type { Phase } from './validate/phase.js';
export type { ScenarioSummary } from './validate/summary.js';
export {
  type ScenarioRequest,
  type ScenarioRun,
  type ValidateOptions,
  type Validation,
  runScenario,
  scenarioSuites,
  validate,
} from './validate/validate.js';
