/**
 * From options to results: open a trace, build the machines, replay, cost and assemble.
 *
 * `prepare` does everything that can fail before the first access (names, configuration, the trace's
 * header), `run` the replay. An input error in the middle of a trace does not throw: the result of what
 * was counted before it comes back together with the error.
 */
import { type EffectiveConfig, resolveConfig } from './config/load.js';
import type { Setting } from './config/values.js';
import type { CostTable } from './cost/types.js';
import { TraceError, UsageError } from './errors.js';
import { policyOf } from './hypervisor/shadow/policies/load.js';
import type { BackendPlugin } from './mmu/backend.js';
import { backends, isBackendPath, loadBackend } from './mmu/index.js';
import type { RunResult } from './report/result.js';
import { assemble, type ConfiguredMachine } from './run-result.js';
import { replayOnThreads, replayTrace } from './sim/replay.js';
import type { ReplayOutcome, ReplayRequest } from './sim/run.js';
import { BATCH_CAPACITY, LARGE_BATCH } from './trace/access.js';
import { DEFAULT_READ_OPTIONS, type ReadOptions } from './trace/format.js';
import { TRACE_FORMATS } from './trace/formats/index.js';
import { isGenerated } from './trace/generate/generated-path.js';
import { type OpenTrace, openTrace } from './trace/open.js';

/**
 * From so many machines on each gets a large batch before the next has its turn: the tables of one fill the processor's
 * caches, and to change machines every 16,384 records would empty them each time (bench/README.md, row sweep).
 */
const MANY_MACHINES = 4;

/** The trace and the machine: what all verbs take. */
export interface TraceOptions {
  /** Path, `-` for `stdin`, or `gen:NAME,KEY=VALUE,...` for a generated trace. */
  readonly trace: string;
  readonly stdin?: NodeJS.ReadableStream | undefined;
  /** Name of a trace format; recognised by content if absent. */
  readonly format?: string | undefined;
  readonly read?: Partial<ReadOptions> | undefined;
  /** Name of a hardware preset. */
  readonly preset?: string | undefined;
  /** Settings over preset and trace header; later ones win. */
  readonly settings?: readonly Setting[] | undefined;
  /**
   * Told what is odd and no error, a sentence a call. Before any record is read: each option of reading that the trace's format
   * has no use for, and that a generated trace ends before its child runs. Once, when the first records have been read: that
   * it may be in another format than the one that was named.
   */
  readonly onWarning?: ((text: string) => void) | undefined;
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
  /** Threads for the machines, besides the one that decodes: 1 (default) for none. Counts are the same. */
  readonly jobs?: number | undefined;
  /** Told the ids of the threads. */
  readonly onThreads?: ((ids: readonly number[]) => void) | undefined;
  readonly costs?: CostTable | undefined;
  /** Command line for the manifest. */
  readonly argv?: readonly string[] | undefined;
  /** Records replayed, stored bytes read, and their total if it is known. */
  readonly onProgress?: ((records: number, bytesRead: number, totalBytes: number | null) => void) | undefined;
}

/** A result, and the input error that ended it early. */
export interface Finished<T> {
  readonly result: T;
  readonly error: TraceError | null;
}

/** A trace that is open and machines that are configured; nothing has been replayed. */
export interface Prepared {
  /** Of the first machine. */
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

/** Opens the trace for so many machines. */
export async function openWith(options: TraceOptions, machines = 1): Promise<OpenTrace> {
  const { trace, format, stdin, read, onWarning } = options;
  const batchRecords = machines < MANY_MACHINES ? BATCH_CAPACITY : LARGE_BATCH;
  return openTrace(trace, {
    format,
    stdin,
    onWarning,
    read: { ...DEFAULT_READ_OPTIONS, batchRecords, ...read },
  });
}

/** The effective configuration for an open trace. */
export function configure(options: TraceOptions, trace: OpenTrace): EffectiveConfig {
  const { preset, settings } = options;
  return resolveConfig({ preset, settings, declared: trace.header, trace: options.trace });
}

/** The modes, and whether the format is known. */
async function checkNames(
  options: TraceOptions,
  modes: readonly string[],
): Promise<readonly BackendPlugin[]> {
  const plugins = await resolveModes(modes);
  if (options.format !== undefined && !isGenerated(options.trace)) TRACE_FORMATS.get(options.format);
  return plugins;
}

/**
 * Everything about the options that can be checked without the trace: modes, format, preset, settings.
 * Throws what `prepare` would.
 */
export async function check(
  options: TraceOptions,
  modes: readonly string[],
): Promise<readonly BackendPlugin[]> {
  const plugins = await checkNames(options, modes);
  configureMachine(options, { mode: '', settings: [] });
  return plugins;
}

/** The same for machines that differ: settings that all have need not be possible by themselves. */
export async function checkMachines(
  options: TraceOptions,
  wanted: readonly WantedMachine[],
): Promise<readonly BackendPlugin[]> {
  const plugins = await checkNames(options, [...new Set(wanted.map(({ mode }) => mode))]);
  for (const machine of wanted) configureMachine(options, machine);
  return plugins;
}

/** The configuration of one machine of several; without a trace, as far as it does not depend on it. */
export function configureMachine(
  options: TraceOptions,
  { settings, preset }: WantedMachine,
  trace?: Pick<OpenTrace, 'header'>,
): EffectiveConfig {
  const effective = resolveConfig({
    preset: preset ?? options.preset,
    settings: [...(options.settings ?? []), ...settings],
    declared: trace?.header,
    trace: options.trace,
  });
  policyOf(effective.config.shadow);
  return effective;
}

/** A machine that is wanted: a mode, and settings over those that all machines of the replay have. */
export interface WantedMachine {
  readonly mode: string;
  readonly settings: readonly Setting[];
  /** In the place of the preset that all have. */
  readonly preset?: string | undefined;
}

/** Opens the trace and builds the configuration of every mode; replays nothing yet. */
export async function prepare(options: RunOptions, modes: readonly string[]): Promise<Prepared> {
  await resolveModes(modes);
  return prepareMachines(
    options,
    modes.map((mode) => ({ mode, settings: [] })),
  );
}

/** As {@link prepare}, for machines that differ in more than the mode. */
export async function prepareMachines(
  options: RunOptions,
  wanted: readonly WantedMachine[],
): Promise<Prepared> {
  const modes = [...new Set(wanted.map(({ mode }) => mode))];
  const plugins = new Map((await checkNames(options, modes)).map((plugin, i) => [modes[i], plugin]));
  const reopen = (): Promise<OpenTrace> => openWith(options, wanted.length);
  const trace = await reopen();
  try {
    const machines = wanted.map((machine): ConfiguredMachine => {
      const effective = configureMachine(options, machine, trace);
      const backend = plugins.get(machine.mode)!;
      return { backend, module: isBackendPath(machine.mode) ? machine.mode : undefined, effective };
    });
    return {
      effective: machines[0]!.effective,
      run: () => runPrepared(options, machines, trace, reopen),
      close: () => trace.close(),
    };
  } catch (error) {
    await trace.close();
    throw error;
  }
}

async function runPrepared(
  options: RunOptions,
  machines: readonly ConfiguredMachine[],
  opened: OpenTrace,
  reopen: () => Promise<OpenTrace>,
): Promise<Finished<readonly RunResult[]>> {
  const { jobs = 1, onThreads } = options;
  let trace = opened;
  let outcome: ReplayOutcome | null = null;
  // Standard input cannot be read again, which a replay on threads may have to do.
  if (jobs > 1 && machines.length > 1 && options.trace !== '-') {
    outcome = await replayOnThreads(requestOf(options, machines, trace), jobs, onThreads);
    if (outcome === null) trace = await reopen();
  }
  try {
    outcome ??= await replayTrace(requestOf(options, machines, trace));
    const done = outcome;
    const results = done.runs.map((run, i) => assemble(options, machines[i]!, trace, done, run));
    return { result: results, error: done.error };
  } finally {
    if (trace !== opened) await trace.close();
  }
}

/**
 * Reads the records that a replay would, on no machine: the error of the trace itself that would end it, or null.
 */
export async function readThrough(options: RunOptions): Promise<TraceError | null> {
  const trace = await openWith(options);
  try {
    return (await replayTrace(requestOf({ ...options, strip: false }, [], trace))).error;
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  } finally {
    await trace.close();
  }
}

function requestOf(
  options: RunOptions,
  machines: readonly ConfiguredMachine[],
  trace: OpenTrace,
): ReplayRequest {
  const { onProgress } = options;
  return {
    trace,
    machines: machines.map(({ backend, module, effective }) => ({
      mode: backend.name,
      config: effective.config,
      backend,
      module,
    })),
    skip: options.skip ?? 0,
    warmup: options.warmup ?? 0,
    limit: options.limit ?? Infinity,
    interval: options.interval ?? 0,
    lenient: options.lenient ?? false,
    strip: options.strip ?? true,
    onProgress: onProgress && ((records, bytes) => onProgress(records, bytes, trace.totalBytes)),
  };
}
