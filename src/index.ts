/** The library surface of p2msim: the engine, and what is computed with it. The command line uses nothing else. */
export * from './engine.js';
export { explain, explainTopics } from './report/explain.js';
export { scenarioListText } from './report/scenario-list.js';
export { scenarioText, validationJson, validationText } from './report/validation.js';
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
