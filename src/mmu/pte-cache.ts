/**
 * Data caches that page-table reads go through: L1, L2, last level, memory; 64-byte lines, LRU.
 *
 * Eight entries share a line and upper levels are few lines, so most references of a walk are cheap;
 * without this a two-dimensional walk looks six times as dear as a one-dimensional one, in truth it is
 * about twice (vMitosis measurements, docs/model.md 3.3). Only page-table reads are modelled: the
 * program's own data does not compete for the lines.
 */
import type { CacheLevelConfig, MachineConfig } from '../config/schema.js';
import type { AccessCounters } from '../counters.js';
import { SetAssoc } from './set-assoc.js';

const LINE_BYTES = 64;

function build(config: CacheLevelConfig): SetAssoc | null {
  if (config.bytes === 0) return null;
  return new SetAssoc({ entries: config.bytes / LINE_BYTES, ways: config.ways, policy: 'lru' });
}

/** The last-level cache that all vcpus share. */
export function sharedCache(config: MachineConfig): SetAssoc | null {
  return config.cache.enabled ? build(config.cache.llc) : null;
}

export class PteCache {
  /** False: references are charged flat, and {@link read} need not be called. */
  readonly enabled: boolean;
  readonly #l1: SetAssoc | null;
  readonly #l2: SetAssoc | null;
  readonly #llc: SetAssoc | null;

  constructor(config: MachineConfig, llc: SetAssoc | null) {
    const { cache } = config;
    this.enabled = cache.enabled;
    this.#l1 = cache.enabled && cache.enter === 'l1' ? build(cache.l1) : null;
    this.#l2 = cache.enabled ? build(cache.l2) : null;
    this.#llc = llc;
  }

  /** The caches from the first level on, null where there is none; for kernels (mmu/kernel-state.ts). */
  get levels(): readonly (SetAssoc | null)[] {
    return [this.#l1, this.#l2, this.#llc];
  }

  /** One read of entry `index` of the table in machine frame `mfn`. */
  read(mfn: number, index: number, c: AccessCounters): void {
    if (!this.enabled) return;
    const column = index >> 3;
    if (touch(this.#l1, mfn, column)) c.pteL1 += 1;
    else if (touch(this.#l2, mfn, column)) c.pteL2 += 1;
    else if (touch(this.#llc, mfn, column)) c.pteLlc += 1;
    else c.pteMem += 1;
  }

  clear(): void {
    this.#l1?.flush();
    this.#l2?.flush();
    this.#llc?.flush();
  }
}

/**
 * Line = frame * 64 + column. With at least 64 sets the column lies wholly in the set index, so the tag is
 * what is left of the frame: int32 arithmetic throughout, though a line number itself would not fit.
 */
function touch(cache: SetAssoc | null, mfn: number, column: number): boolean {
  if (cache === null) return false;
  const set = ((mfn << 6) | column) & (cache.sets - 1);
  return cache.touch(set, mfn >>> tagShift(cache));
}

/** How many low bits of the frame are in the set index. */
export function tagShift({ sets }: SetAssoc): number {
  return 25 - Math.clz32(sets);
}
