/**
 * Listings: what commands print as JSON besides results: names, presets, keys, configurations, what traces hold.
 *
 * Each is an object whose `schema` says what it is; schema/ describes every one.
 */
import { configDigest, configValues } from '../config/build.js';
import { defaultConfig } from '../config/defaults.js';
import { CONFIG_KEYS, type ConfigKey, type ConfigValue } from '../config/keys.js';
import type { EffectiveConfig } from '../config/load.js';
import type { Preset } from '../config/preset.js';
import { presets } from '../config/presets/index.js';
import { expectedOf } from '../config/values.js';
import { policies } from '../hypervisor/shadow/policies/index.js';
import { findPolicy, POLICY_SCHEMA } from '../hypervisor/shadow/policies/load.js';
import { POLICY_FIELDS, policyFieldValue } from '../hypervisor/shadow/policy-fields.js';
import { backends } from '../mmu/index.js';
import type { WalkReport } from '../sim/run.js';
import type { Finding, TraceCheck } from '../trace/check.js';
import type { CheckScope } from '../trace/check-scope.js';
import type { PartRead } from '../trace/part.js';
import type { ScenarioRun } from '../validate/validate.js';
import type { TraceFormat } from '../trace/format.js';
import { TRACE_FORMATS } from '../trace/formats/index.js';
import type { TraceProfile } from '../trace/profile.js';

/** Something that can be named on the command line. */
export interface NamedThing {
  readonly name: string;
  readonly summary: string;
}

export interface PresetList {
  readonly schema: 'p2msim.presets/1';
  readonly presets: readonly Preset[];
}

export interface PresetListing extends Preset {
  readonly schema: 'p2msim.preset/1';
}

/** A configuration key as it is documented. */
export interface KeyListing {
  readonly key: string;
  readonly type: ConfigKey['type'];
  /** With the default preset. */
  readonly default: ConfigValue;
  /** What it may be, in words. */
  readonly expected: string;
  readonly meaning: string;
}

export interface KeyList {
  readonly schema: 'p2msim.keys/1';
  readonly keys: readonly KeyListing[];
}

export interface ModeList {
  readonly schema: 'p2msim.modes/1';
  readonly modes: readonly NamedThing[];
  readonly shadowPolicies: readonly NamedThing[];
}

/** What can be said of a trace format without a trace. */
export interface FormatListing extends NamedThing {
  readonly addresses: TraceFormat['addresses'];
  /** What its traces cannot say. */
  readonly lacks: readonly string[];
}

export interface FormatList {
  readonly schema: 'p2msim.formats/1';
  /** In the order in which content is tried against them. */
  readonly formats: readonly FormatListing[];
}

/** A value of the configuration and where it comes from. */
export interface OriginatedValue {
  readonly value: ConfigValue;
  readonly origin: string;
}

/** `--print-config`. */
export interface ConfigListing {
  readonly schema: 'p2msim.effective-config/1';
  readonly preset: string;
  readonly sha256: string;
  readonly values: Readonly<Record<string, OriginatedValue>>;
}

export interface ProfileListing extends TraceProfile {
  readonly schema: 'p2msim.trace-info/1';
}

export interface FindingList {
  readonly schema: 'p2msim.trace-check/1';
  readonly trace: string;
  readonly errors: number;
  readonly warnings: number;
  readonly findings: readonly Finding[];
  /** What was checked, and what could not be. */
  readonly scope: readonly CheckScope[];
  readonly part: PartRead;
}

/** An access of a trace, or an event with its fields by name; addresses in hexadecimal. */
export type HeadRecord =
  | { readonly op: 'R' | 'W' | 'X' | 'M'; readonly va: string; readonly size: number; readonly vcpu: number }
  | ({ readonly event: string } & Readonly<Record<string, unknown>>);

/** The first records of a trace. */
export interface HeadListing {
  readonly schema: 'p2msim.trace-head/1';
  readonly trace: string;
  /** Accesses passed over before the first record. */
  readonly skipped: number;
  readonly records: readonly HeadRecord[];
}

/** Names that `explain` knows. */
export interface TopicList {
  readonly schema: 'p2msim.topics/1';
  readonly topics: readonly string[];
}

export interface Explanation {
  readonly schema: 'p2msim.explanation/1';
  readonly topic: string;
  /** Lines of at most 80 columns. */
  readonly text: string;
}

/** How far a replay has come. */
export interface ProgressLine {
  readonly schema: 'p2msim.progress/1';
  readonly progress: {
    readonly trace: string;
    readonly records: number;
    readonly bytesRead: number;
    /** Null if nobody knows. */
    readonly totalBytes: number | null;
  };
}

/** How far a batch has come: points that are done, of those that there are. */
export interface BatchProgressLine {
  readonly schema: 'p2msim.batch-progress/1';
  readonly progress: { readonly done: number; readonly points: number };
}

export interface SchemaList {
  readonly schema: 'p2msim.schemas/1';
  readonly schemas: readonly (NamedThing & { readonly id: string })[];
}

/** One scenario by itself. */
export interface ScenarioListing extends ScenarioRun {
  readonly schema: 'p2msim.scenario/1';
}

export interface WalkListing extends WalkReport {
  readonly schema: 'p2msim.walk/1';
}

export function presetList(): PresetList {
  return { schema: 'p2msim.presets/1', presets: presets.all() };
}

export function presetListing(name: string): PresetListing {
  return { schema: 'p2msim.preset/1', ...presets.get(name) };
}

/** Every configuration key, in declared order. */
export function keyList(): KeyList {
  const values = configValues(defaultConfig());
  const keys = CONFIG_KEYS.map((row) => ({
    key: row.key,
    type: row.type,
    default: values.get(row.key) ?? '',
    expected: expectedOf(row),
    meaning: row.meaning,
  }));
  return { schema: 'p2msim.keys/1', keys };
}

function named({ name, summary }: NamedThing): NamedThing {
  return { name, summary };
}

export function modeList(): ModeList {
  return {
    schema: 'p2msim.modes/1',
    modes: backends.all().map(named),
    shadowPolicies: policies.all().map(named),
  };
}

/** A policy as a policy file that gives every field. */
export function policyListing(name: string): Readonly<Record<string, unknown>> {
  const policy = findPolicy(name);
  const base = policies.has(name) ? name : (policies.names()[0] ?? '');
  const fields = Object.keys(POLICY_FIELDS).map((field) => [field, policyFieldValue(policy, field)]);
  return { schema: POLICY_SCHEMA, base, ...Object.fromEntries(fields) };
}

function formatListing({ name, summary, addresses, lacks }: TraceFormat): FormatListing {
  return { name, summary, addresses, lacks };
}

export function formatList(): FormatList {
  const formats = TRACE_FORMATS.all().toSorted((a, b) => a.priority - b.priority);
  return { schema: 'p2msim.formats/1', formats: formats.map(formatListing) };
}

export function configListing({ preset, config, origins }: EffectiveConfig): ConfigListing {
  const values = [...configValues(config)].map(([key, value]): [string, OriginatedValue] => [
    key,
    { value, origin: origins.get(key) ?? 'default' },
  ]);
  return {
    schema: 'p2msim.effective-config/1',
    preset,
    sha256: configDigest(config),
    values: Object.fromEntries(values),
  };
}

export function profileListing(profile: TraceProfile): ProfileListing {
  return { schema: 'p2msim.trace-info/1', ...profile };
}

export function findingList(trace: string, { findings, scope, part }: TraceCheck): FindingList {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  return { schema: 'p2msim.trace-check/1', trace, errors, warnings, findings, scope, part };
}

export function walkListing(report: WalkReport): WalkListing {
  return { schema: 'p2msim.walk/1', ...report };
}

export function scenarioListing(run: ScenarioRun): ScenarioListing {
  return { schema: 'p2msim.scenario/1', ...run };
}
