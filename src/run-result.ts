/** What a machine counted, with its costs and the manifest of everything that the counts rest on, as a result. */
import type { EffectiveConfig } from './config/load.js';
import { estimateCost } from './cost/model.js';
import { DEFAULT_COST_TABLE } from './cost/table.js';
import type { BackendPlugin } from './mmu/backend.js';
import type { RunOptions } from './prepare.js';
import { configManifest, replayManifest } from './report/manifest.js';
import { type Manifest, RESULT_SCHEMA, type RunResult } from './report/result.js';
import type { MachineRun, ReplayOutcome } from './sim/run.js';
import type { OpenTrace } from './trace/open.js';
import { TOOL } from './version.js';

/** A machine whose mode and configuration are known. */
export interface ConfiguredMachine {
  readonly backend: BackendPlugin;
  readonly module: string | undefined;
  readonly effective: EffectiveConfig;
}

/** The result of one machine of a replay. */
export function assemble(
  options: RunOptions,
  machine: ConfiguredMachine,
  trace: OpenTrace,
  outcome: ReplayOutcome,
  run: MachineRun,
): RunResult {
  return {
    schema: RESULT_SCHEMA,
    tool: TOOL,
    manifest: manifest(options, machine, trace, outcome, run),
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
  machine: ConfiguredMachine,
  trace: OpenTrace,
  outcome: ReplayOutcome,
  run: MachineRun,
): Manifest {
  const { error } = outcome;
  return {
    argv: options.argv ?? [],
    seed: machine.effective.config.seed,
    trace: {
      path: options.trace,
      format: trace.format,
      sha256: trace.digest(outcome.whole ? Infinity : outcome.position),
      whole: outcome.whole,
      accesses: outcome.accesses,
      events: outcome.events,
      warmup: outcome.warmup,
      skipped: outcome.skipped,
      badRecords: trace.skipped.count,
      addressSpaces: outcome.addressSpaces,
    },
    config: configManifest(run.config, machine.effective.preset),
    ...replayManifest(options.lenient, options.read, machine.module),
    assumptions: run.assumptions,
    incomplete: error === null ? null : `${error.where}: ${error.message}`,
  };
}
