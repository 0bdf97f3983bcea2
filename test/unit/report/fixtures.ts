/** Results made by hand: every counter 0 but those a test names. */
import { estimateCost } from '../../../src/cost/model.js';
import { DEFAULT_COST_TABLE } from '../../../src/cost/table.js';
import { judge } from '../../../src/cost/verdict.js';
import type { CompareResult, Manifest, RunResult } from '../../../src/report/result.js';
import {
  counterValues,
  createAccessCounters,
  createMachineCounters,
  createTableMemory,
  type TableMemory,
} from '../../../src/counters.js';

export interface RunOptions {
  readonly mode?: string;
  /** Shadow policy. */
  readonly policy?: string;
  readonly counters?: Readonly<Record<string, number>>;
  readonly memory?: Partial<TableMemory>;
  readonly manifest?: Partial<Omit<Manifest, 'trace' | 'config'>>;
  readonly trace?: Partial<Manifest['trace']>;
  readonly intervals?: RunResult['intervals'];
}

const TRACE: Manifest['trace'] = {
  path: 'a.csv',
  format: 'csv',
  sha256: '0123456789abcdef',
  whole: true,
  accesses: 1000,
  events: 0,
  warmup: 0,
  skipped: 0,
  badRecords: 0,
  addressSpaces: 1,
};

/** A whole result; of its configuration there is what reporters look at: the shadow policy. */
export function run(options: RunOptions = {}): RunResult {
  const zero = counterValues(createAccessCounters(), createAccessCounters(), createMachineCounters());
  const counters = { ...zero, ...options.counters };
  return {
    schema: 'p2msim.result/1',
    tool: { name: 'p2msim', version: '0.0.0' },
    manifest: {
      argv: ['replay', 'a.csv'],
      seed: 1,
      trace: { ...TRACE, ...options.trace },
      config: {
        sha256: 'fedcba9876543210',
        preset: 'none',
        effective: { shadow: { policy: options.policy ?? 'xen' } } as Manifest['config']['effective'],
      },
      assumptions: [],
      incomplete: null,
      ...options.manifest,
    },
    mode: options.mode ?? 'hap',
    description: 'a machine',
    counters,
    memory: { ...createTableMemory(), ...options.memory },
    cost: estimateCost(counters, DEFAULT_COST_TABLE),
    guestDigest: '00',
    intervals: options.intervals ?? [],
  };
}

export function compare(results: readonly RunResult[]): CompareResult {
  return {
    schema: 'p2msim.compare/1',
    tool: { name: 'p2msim', version: '0.0.0' },
    results,
    verdict: judge(results),
  };
}
