/**
 * What a generator is: a seeded program that makes up accesses and events, as one value that satisfies
 * {@link TraceGenerator} plus one line in index.ts (docs/generators.md).
 *
 * Nothing it keeps may grow with the footprint or the length: permutations are computed (permutation.ts), not stored.
 */
import type { Prng } from '../../util/prng.js';
import type { Emitter } from './emitter.js';
import type { GeneratorParams } from './params.js';

/** A parameter that is a number. Sizes are in bytes, addresses are gVAs. */
export interface NumberParam {
  readonly name: string;
  readonly kind: 'size' | 'count' | 'percent' | 'real' | 'address';
  /** What is counted, for lists and messages. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
  readonly meaning: string;
  /** The number has to be a multiple of this one. */
  readonly multiple?: number;
}

/** A parameter that is one of a few words. */
export interface WordParam {
  readonly name: string;
  readonly kind: 'word';
  readonly words: readonly string[];
  readonly fallback: string;
  readonly meaning: string;
}

export type GeneratorParam = NumberParam | WordParam;

export interface TraceGenerator {
  readonly name: string;
  /** One line, printed by `p2msim trace generate --list`. */
  readonly summary: string;
  /** Counts up whenever the same parameters give another trace: it is part of the trace's digest. */
  readonly revision: number;
  /** Beside those that every generator takes (common-params.ts); one of the same name replaces it. */
  readonly params: readonly GeneratorParam[];
  /** Names of common parameters that mean nothing here. */
  readonly omits: readonly string[];
  /** False if there is an event among the accesses even without `edits`. */
  readonly eventless: boolean;
  /** Number of vcpus that take part. */
  vcpus(params: GeneratorParams): number;
  /** Why these parameters do not go together, or null. */
  refuse(params: GeneratorParams): string | null;
  /** What a trace with these parameters has not, though it is what the generator is for; null: nothing. */
  caution(params: GeneratorParams): string | null;
  /**
   * Emits without end. It yields wherever {@link Emitter.full} is true, which it asks before each access, and is
   * not resumed once there are enough accesses.
   */
  run(out: Emitter, params: GeneratorParams, random: Prng): Generator<void, never>;
}

/** What most generators have in common. */
export const ONE_VCPU = {
  revision: 1,
  omits: [],
  eventless: true,
  vcpus: (): number => 1,
  refuse: (): string | null => null,
  caution: (): string | null => null,
} as const;
