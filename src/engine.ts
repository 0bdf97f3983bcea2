/**
 * Engine: the part of the library that replays traces and prints results.
 *
 * It is there for the time a command takes to start: `replay`, `compare`, `walk`, `sweep` and most listings load nothing else
 * (docs/performance.md, "Start-up"). What is done with saved results is in judging.ts, with traces in trace-tools.ts.
 */
export * from './api.js';
export {
  check,
  checkMachines,
  type Finished,
  prepare,
  type Prepared,
  prepareMachines,
  resolveModes,
  type RunOptions,
  type TraceOptions,
  type WantedMachine,
} from './prepare.js';
export * from './sweep.js';
export { axisOfList, axisOfRange, MAX_POINTS, type SweepAxis } from './batch/axis.js';
export { addressOfVpn, formatAddress, parseHex } from './arch/address.js';
export {
  ENTRIES,
  type PageSizeName,
  SIZE_1G,
  SIZE_2M,
  SIZE_4K,
  pageNumberOf,
  pageOffset,
  tableIndex,
} from './arch/paging.js';
export { PTE_A, PTE_D, PTE_G, PTE_P, PTE_PS, PTE_RW, PTE_US } from './arch/pte.js';
export { configDigest, configValues } from './config/build.js';
export { defaultConfig } from './config/defaults.js';
export { CONFIG_KEYS, type ConfigKey, type ConfigValue, findKey, formatValue } from './config/keys.js';
export { DocumentPart, parseDocument } from './config/document.js';
export { type EnvironmentConfig, environmentName, environmentSettings } from './config/environment.js';
export { CONFIG_FILES, type ConfigFile, NO_CONFIG_FILE, parseConfigFile } from './config/file.js';
export { type EffectiveConfig, resolveConfig } from './config/load.js';
export type { Preset, PresetEntry } from './config/preset.js';
export { DEFAULT_PRESET, presets } from './config/presets/index.js';
export type { MachineConfig } from './config/schema.js';
export { CONFIG_SECTIONS, type ConfigSection } from './config/sections.js';
export { readText } from './config/utf8.js';
export { type Setting, expectedOf, parseAssignment, parseSetting } from './config/values.js';
export {
  type AccessCounters,
  COUNTERS,
  type CounterDef,
  type CounterValues,
  MEMORY_COUNTERS,
  type MachineCounters,
  type TableMemory,
} from './counters.js';
export { DEFAULT_COST_TABLE, loadCostTable } from './cost/table.js';
export type { Cost, CostTable, CostTerm, Verdict } from './cost/types.js';
export * from './errors.js';
export type { AddressSpace } from './guest/address-space.js';
export type { Guest } from './guest/guest.js';
export type { Cr3Flush } from './guest/port.js';
export type { GuestTables } from './guest/page-table.js';
export { policies } from './hypervisor/shadow/policies/index.js';
export { checkPolicyName, findPolicy } from './hypervisor/shadow/policies/load.js';
export type { ShadowPolicy } from './hypervisor/shadow/policy.js';
export {
  expectedPolicyValue,
  POLICY_FIELDS,
  type PolicyField,
  policyFieldValue,
} from './hypervisor/shadow/policy-fields.js';
export type {
  BackendPlugin,
  MachineEvent,
  MachineParts,
  MmuBackend,
  Translation,
  Vcpu,
} from './mmu/backend.js';
export { EMULATED, FILLED, GUEST_FAULT, RETRY } from './mmu/backend.js';
export { flushForCr3, flushForInvlpg, invpcid } from './mmu/flush.js';
export { backends, isBackendPath, loadBackend } from './mmu/index.js';
export {
  countGuestHit,
  countGuestReference,
  countNestedHit,
  countNestedReference,
  countShadowReference,
} from './mmu/references.js';
export { TLB_G, TLB_W } from './mmu/tlb-hierarchy.js';
export type { WalkObserver } from './mmu/walk-observer.js';
export { startWalk } from './mmu/walk-start.js';
export type {
  ConfigListing,
  Explanation,
  FindingList,
  FormatList,
  FormatListing,
  HeadListing,
  HeadRecord,
  KeyList,
  KeyListing,
  ModeList,
  NamedThing,
  PresetList,
  PresetListing,
  ProfileListing,
  BatchProgressLine,
  ProgressLine,
  ScenarioListing,
  SchemaList,
  TopicList,
  WalkListing,
} from './report/listings.js';
export {
  configListing,
  findingList,
  formatList,
  keyList,
  modeList,
  policyListing,
  presetList,
  presetListing,
  profileListing,
  scenarioListing,
  walkListing,
} from './report/listings.js';
export { looksSaved } from './report/saved/saved-head.js';
export { metricMatcher } from './report/metric-values.js';
export { outputsOf, runsOf } from './report/output.js';
export type {
  DiffReporterOptions,
  Output,
  Reporter,
  ReporterOptions,
  SingleOutput,
  Style,
} from './report/output.js';
export { REPORTERS as reporters } from './report/reporters/index.js';
export {
  metricOf,
  type SavedConfig,
  type SavedFile,
  savedRun,
  type SavedRun,
} from './report/saved/saved-run.js';
export { type Check, type CheckReport, failedChecks, unjudgedChecks } from './report/budget/check-report.js';
export { checkText } from './report/budget/check-text.js';
export {
  INPUT_KINDS,
  type InputDifference,
  inputDifferences,
  type InputKind,
  refusal,
} from './report/diff/inputs.js';
export { fittedText } from './report/fitted-text.js';
export type { CompareResult, Manifest, RunResult, SweepResult } from './report/result.js';
export { BATCH_SCHEMA, POINT_SCHEMA } from './report/result.js';
export type { WalkCacheHit, WalkPhase, WalkReport, WalkStep } from './sim/run.js';
export type { AccessBatch, TraceChunk } from './trace/access.js';
export { type ArchitecturalEvent, EMPTY_HEADER, type TraceEvent, type Word64 } from './trace/event.js';
export { DEFAULT_READ_OPTIONS, type ReadOptions, type TraceFormat } from './trace/format.js';
export { TRACE_FORMATS as formats } from './trace/formats/index.js';
export { type OpenTrace, openTrace } from './trace/open.js';
export { Registry, didYouMean, unknownName } from './util/registry.js';
export { parseSize } from './util/units.js';
export { TOOL } from './version.js';
