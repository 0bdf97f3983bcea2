/** Data caches in front of page-table reads (rule 3.3): L1 and L2 per vcpu, one LLC for all. */
import type { CacheLevelConfig, MachineConfig } from '../../src/config/schema.js';
import { CacheArray } from './cache-array.js';
import type { Counts, Origin } from './entry.js';

function level(config: CacheLevelConfig): CacheArray<number> | null {
  if (config.bytes === 0) return null;
  return new CacheArray<number>({ entries: config.bytes / 64, ways: config.ways, policy: 'lru' });
}

export class DataCaches {
  #config: MachineConfig;
  #counts: Counts;
  #own: { l1: CacheArray<number> | null; l2: CacheArray<number> | null }[] = [];
  #llc: CacheArray<number> | null;

  constructor(config: MachineConfig, counts: Counts) {
    this.#config = config;
    this.#counts = counts;
    const { l1, l2, llc } = config.cache;
    for (let v = 0; v < config.vcpus; v++) this.#own.push({ l1: level(l1), l2: level(l2) });
    this.#llc = level(llc);
  }

  /** One reference to entry `index` of the table at machine frame `frame`. */
  reference(origin: Origin, vcpu: number, frame: number, index: number): void {
    if (!this.#config.cache.enabled) {
      this.#counts.addFor(origin, 'pte.flat');
      return;
    }
    const line = frame * 64 + Math.floor(index / 8);
    const own = this.#own[vcpu]!;
    const path: [string, CacheArray<number> | null][] = [
      ['l1', this.#config.cache.enter === 'l1' ? own.l1 : null],
      ['l2', own.l2],
      ['llc', this.#llc],
    ];
    const looked: CacheArray<number>[] = [];
    for (const [name, cache] of path) {
      if (cache === null) continue;
      looked.push(cache);
      if (cache.lookup(line, (l) => l === line) !== undefined) {
        this.#counts.addFor(origin, `pte.${name}`);
        for (const c of looked) c.enter(line, (l) => l === line, line);
        return;
      }
    }
    this.#counts.addFor(origin, 'pte.mem');
    for (const c of looked) c.enter(line, (l) => l === line, line);
  }
}
