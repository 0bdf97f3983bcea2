/**
 * Scenario: one measured workload as code: a function from parameters to the guest's exact operations.
 *
 * Names of scenarios, parameters and phases are those of the measured data. A suite is the guest kernel of
 * one measured machine: its memory layout, what it does at boot, and its scenarios.
 */
import type { Registry } from '../util/registry.js';
import type { GuestOps } from './guest-ops.js';

/** A parameter: an integer in a range, or one of some words. */
export interface ScenarioParam {
  readonly name: string;
  /** Null: the parameter must be given. */
  readonly fallback: number | string | null;
  /** Range of an integer (both ends included), or the words it may be. */
  readonly range: readonly [number, number] | readonly string[];
  readonly meaning: string;
}

/** Complete parameters: every one of the scenario's, checked. */
export type ScenarioParams = Readonly<Record<string, number | string>>;

/** A stretch of frames, `end` excluded. */
export interface FrameRange {
  readonly start: number;
  readonly end: number;
}

/** What the machine under the guest must be, apart from the mode. */
export interface ScenarioHost {
  /** Guest RAM in frames. */
  readonly ram: number;
  /** The host backs guest memory with 2 MiB pages. */
  readonly hugePages: boolean;
  /** The host has all guest memory in place before the guest starts. */
  readonly populated: boolean;
  /** Size of the pool of shadow pages, or their limit; null: the hypervisor's default. */
  readonly shadowLimit: number | null;
  /** Upper half of the address of the direct map (lower half 0). */
  readonly directMapHi: number;
  /** Frames that a loader has written before the guest starts. */
  readonly loaded: readonly FrameRange[];
  /** The guest tags its address spaces (CR4.PCIDE). */
  readonly pcid: boolean;
}

/** Sets an entry of a table that is in place before the first operation: silent, costs nothing. */
export type SetEntry = (gfn: number, index: number, frame: number, flags: number) => void;

export interface Scenario {
  readonly name: string;
  /** One line: what the measured region does. */
  readonly summary: string;
  readonly params: readonly ScenarioParam[];
  /** What is wrong with parameters that are each in range but do not go together; null: nothing. */
  readonly refuse?: (params: ScenarioParams) => string | null;
}

/** A booted guest. Scenarios run on it follow each other as they did on the measured machine. */
export interface ScenarioSession {
  /**
   * Brings the hypervisor past what it gives up for good early in its life, so that a scenario run alone
   * does what it did among the measured ones. Absent: there is no such thing.
   */
  settleHeuristics?(): void;
  /** Set-up, measured phases (each ended by a mark) and clean-up. */
  run(scenario: string, params: ScenarioParams): void;
}

export interface ScenarioSuite {
  readonly name: 'xen' | 'kvm';
  readonly summary: string;
  readonly scenarios: Registry<Scenario>;
  host(params: ScenarioParams): ScenarioHost;
  /** Frame of the root that is loaded when the guest starts, and the tables below it. */
  readonly bootRoot: number;
  bootTables(params: ScenarioParams, set: SetEntry): void;
  /** Runs the guest's start-up code (warming of memory included) and returns it, ready for scenarios. */
  boot(ops: GuestOps, params: ScenarioParams): ScenarioSession;
}
