/**
 * The library's verbs: open a trace, build the machines, replay, cost and assemble the result.
 *
 * `prepare` does everything that can fail before the first access (names, configuration, the trace's
 * header), `run` the replay. An input error in the middle of a trace does not throw: the result of what
 * was counted before it comes back together with the error.
 */
import { configDigest } from './config/build.js';
import { type EffectiveConfig, resolveConfig } from './config/load.js';
import type { MachineConfig } from './config/schema.js';
import type { Setting } from './config/values.js';
import { estimateCost } from './cost/model.js';
import { DEFAULT_COST_TABLE } from './cost/table.js';
import type { CostTable } from './cost/types.js';
import { judge } from './cost/verdict.js';
import { type TraceError, UsageError } from './errors.js';
import { findPolicy, isPolicyFile } from './hypervisor/shadow/policies/load.js';
import type { ShadowPolicy } from './hypervisor/shadow/policy.js';
import type { BackendPlugin } from './mmu/backend.js';
import { backends, isBackendPath, loadBackend } from './mmu/index.js';
import {
  COMPARE_SCHEMA,
  type CompareResult,
  type Manifest,
  RESULT_SCHEMA,
  type RunResult,
} from './report/result.js';
import { replayTrace } from './sim/replay.js';
import type { MachineRun, ReplayOutcome, WalkReport } from './sim/run.js';
import { walkAccess } from './sim/walk.js';
import type { Word64 } from './trace/event.js';
import { DEFAULT_READ_OPTIONS, type ReadOptions } from './trace/format.js';
import { TRACE_FORMATS } from './trace/formats/index.js';
import { type OpenTrace, openTrace } from './trace/open.js';
import { invariant } from './util/assert.js';
import { TOOL } from './version.js';

/** Modes of `compare` unless told otherwise. */
export const DEFAULT_MODES: readonly string[] = ['native', 'hap', 'shadow'];
/** Mode of `replay` unless told otherwise. */
export const DEFAULT_MODE = 'hap';

/** The trace and the machine: what all verbs take. */
export interface TraceOptions {
  /** Path, or `-` for `stdin`. */
  readonly trace: string;
  readonly stdin?: NodeJS.ReadableStream | undefined;
  /** Name of a trace format; recognised by content if absent. */
  readonly format?: string | undefined;
  readonly read?: Partial<ReadOptions> | undefined;
  /** Name of a hardware preset. */
  readonly preset?: string | undefined;
  /** Settings over preset and trace header; later ones win. */
  readonly settings?: readonly Setting[] | undefined;
}

/** Which records are replayed, and how they are costed. */
export interface RunOptions extends TraceOptions {
  /** Records to pass over, to warm up with, and to count (Infinity: all). */
  readonly skip?: number | undefined;
  readonly warmup?: number | undefined;
  readonly limit?: number | undefined;
  /** Records per row of the time series; 0 for none. */
  readonly interval?: number | undefined;
  /** Ignore events that a mode cannot model instead of failing. */
  readonly lenient?: boolean | undefined;
  /** Leave out records that provably change nothing but counters: faster, same counts. Default true. */
  readonly strip?: boolean | undefined;
  readonly costs?: CostTable | undefined;
  /** Command line for the manifest. */
  readonly argv?: readonly string[] | undefined;
  /** Records replayed, stored bytes read, and their total if it is known. */
  readonly onProgress?: ((records: number, bytesRead: number, totalBytes: number | null) => void) | undefined;
}

export interface ReplayOptions extends RunOptions {
  /** A mode, or the path of an ES module with a backend. */
  readonly mode?: string | undefined;
}

export interface CompareOptions extends RunOptions {
  readonly modes?: readonly string[] | undefined;
}

/** A result, and the input error that ended it early. */
export interface Finished<T> {
  readonly result: T;
  readonly error: TraceError | null;
}

/** A trace that is open and machines that are configured; nothing has been replayed. */
export interface Prepared {
  readonly effective: EffectiveConfig;
  readonly run: () => Promise<Finished<readonly RunResult[]>>;
  readonly close: () => Promise<void>;
}

/** The backends called `names`; a name that looks like a path is loaded as a module. */
export async function resolveModes(names: readonly string[]): Promise<readonly BackendPlugin[]> {
  const plugins: BackendPlugin[] = [];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UsageError(`mode '${twice}' is given twice`, { hint: 'name each mode once' });
  }
  for (const name of names) {
    plugins.push(isBackendPath(name) ? await loadBackend(name) : backends.get(name));
  }
  return plugins;
}

async function openWith(options: TraceOptions): Promise<OpenTrace> {
  const { trace, format, stdin, read } = options;
  return openTrace(trace, { format, stdin, read: { ...DEFAULT_READ_OPTIONS, ...read } });
}

/** The effective configuration for an open trace. */
function configure(options: TraceOptions, trace: OpenTrace): EffectiveConfig {
  const { preset, settings } = options;
  return resolveConfig({ preset, settings, declared: trace.header, trace: options.trace });
}

/**
 * Everything about the options that can be checked without the trace: modes, format, preset, settings.
 * Throws what `prepare` would.
 */
export async function check(
  options: TraceOptions,
  modes: readonly string[],
): Promise<readonly BackendPlugin[]> {
  const plugins = await resolveModes(modes);
  if (options.format !== undefined) TRACE_FORMATS.get(options.format);
  const { config } = resolveConfig({ preset: options.preset, settings: options.settings });
  findPolicy(config.shadow.policy);
  return plugins;
}

/** Opens the trace and builds the configuration of every mode; replays nothing yet. */
export async function prepare(options: RunOptions, modes: readonly string[]): Promise<Prepared> {
  const plugins = await check(options, modes);
  const trace = await openWith(options);
  try {
    const effective = configure(options, trace);
    return {
      effective,
      run: () => runPrepared(options, plugins, effective, trace),
      close: () => trace.close(),
    };
  } catch (error) {
    await trace.close();
    throw error;
  }
}

async function runPrepared(
  options: RunOptions,
  plugins: readonly BackendPlugin[],
  effective: EffectiveConfig,
  trace: OpenTrace,
): Promise<Finished<readonly RunResult[]>> {
  const { onProgress } = options;
  const outcome = await replayTrace({
    trace,
    machines: plugins.map((backend) => ({ mode: backend.name, config: effective.config, backend })),
    skip: options.skip ?? 0,
    warmup: options.warmup ?? 0,
    limit: options.limit ?? Infinity,
    interval: options.interval ?? 0,
    lenient: options.lenient ?? false,
    strip: options.strip ?? true,
    onProgress: onProgress && ((records, bytes) => onProgress(records, bytes, trace.totalBytes)),
  });
  const results = outcome.runs.map((run) => assemble(options, effective, trace, outcome, run));
  return { result: results, error: outcome.error };
}

function assemble(
  options: RunOptions,
  effective: EffectiveConfig,
  trace: OpenTrace,
  outcome: ReplayOutcome,
  run: MachineRun,
): RunResult {
  return {
    schema: RESULT_SCHEMA,
    tool: TOOL,
    manifest: manifest(options, effective, trace, outcome, run),
    mode: run.mode,
    description: run.description,
    counters: run.counters,
    memory: run.memory,
    cost: estimateCost(run.counters, options.costs ?? DEFAULT_COST_TABLE),
    guestDigest: run.guestDigest,
    intervals: run.intervals,
  };
}

function manifest(
  options: RunOptions,
  effective: EffectiveConfig,
  trace: OpenTrace,
  outcome: ReplayOutcome,
  run: MachineRun,
): Manifest {
  const { error } = outcome;
  return {
    argv: options.argv ?? [],
    seed: effective.config.seed,
    trace: {
      path: options.trace,
      format: trace.format,
      sha256: trace.digest(),
      whole: outcome.whole,
      accesses: outcome.accesses,
      events: outcome.events,
      warmup: outcome.warmup,
      skipped: outcome.skipped,
      badRecords: trace.skipped.count,
      addressSpaces: outcome.addressSpaces,
    },
    config: {
      sha256: configDigest(withPolicy(run.config)),
      preset: effective.preset,
      effective: run.config,
      ...ownPolicy(run.config.shadow.policy),
    },
    assumptions: run.assumptions,
    incomplete: error === null ? null : `${error.where}: ${error.message}`,
  };
}

/** The configuration with the contents of a policy file in the place of its path, which says nothing. */
function withPolicy(config: MachineConfig): MachineConfig {
  const { policy } = config.shadow;
  if (!isPolicyFile(policy)) return config;
  const { name: _, summary: __, ...fields } = findPolicy(policy);
  return { ...config, shadow: { ...config.shadow, policy: JSON.stringify(fields) } };
}

/** The contents of a policy file: the configuration names only its path. */
function ownPolicy(name: string): { shadowPolicy?: ShadowPolicy } {
  return isPolicyFile(name) ? { shadowPolicy: findPolicy(name) } : {};
}

/** Replays a trace on one machine. */
export async function replay(options: ReplayOptions): Promise<Finished<RunResult>> {
  const { result, error } = await (await prepare(options, [options.mode ?? DEFAULT_MODE])).run();
  return { result: onlyRun(result), error };
}

/** The one run of a replay under one mode. */
export function onlyRun(results: readonly RunResult[]): RunResult {
  const [run] = results;
  invariant(run !== undefined && results.length === 1, 'one mode gives one result');
  return run;
}

/** Several runs as one comparison, with the verdict between them. */
export function comparison(results: readonly RunResult[]): CompareResult {
  return { schema: COMPARE_SCHEMA, tool: TOOL, results, verdict: judge(results) };
}

/** Replays a trace on several machines in one pass and compares them. */
export async function compare(options: CompareOptions): Promise<Finished<CompareResult>> {
  const { result, error } = await (await prepare(options, options.modes ?? DEFAULT_MODES)).run();
  return { result: comparison(result), error };
}

export interface WalkOptions extends TraceOptions {
  readonly mode?: string | undefined;
  /** Record to stop at, from 0; null to replay the whole trace. */
  readonly at: number | null;
  /** Address to translate there; null for that of the record. */
  readonly va: Word64 | null;
  /** Empty TLBs and walk caches first. */
  readonly cold: boolean;
}

/** Replays up to one access and reports its translation step by step. */
export async function walk(options: WalkOptions): Promise<WalkReport> {
  const [backend] = await check(options, [options.mode ?? DEFAULT_MODE]);
  const trace = await openWith(options);
  try {
    const { config } = configure(options, trace);
    const machine = { mode: backend?.name ?? DEFAULT_MODE, config, backend };
    return await walkAccess({ trace, machine, at: options.at, va: options.va, cold: options.cold });
  } finally {
    await trace.close();
  }
}
