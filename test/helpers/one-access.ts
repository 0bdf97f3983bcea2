/** What one step counts, walk caches of a given size, pages as addresses: for tests of single accesses. */
import type { MachineConfig } from '../../src/config/schema.js';
import type { Machine } from '../../src/sim/machine.js';
import type { Word64 } from '../../src/trace/event.js';

/** The first address of page number `page` (of the low half). */
export function vaOfPage(page: number): Word64 {
  return { hi: Math.floor(page / 2 ** 20), lo: (page % 2 ** 20) * 4096 };
}

/** By how much a counter rose; throws for a name that no counter has. */
export type Counted = (key: string) => number;

/** Runs `step` and tells what it added to each counter. */
export function during(machine: Machine, step: () => void): Counted {
  const before = machine.counters();
  step();
  const after = machine.counters();
  return (key) => {
    const value = after[key];
    if (value === undefined) throw new Error(`no counter is called ${key}`);
    return value - before[key]!;
  };
}

/** A fully associative LRU array; 0 entries: absent. */
export function full(entries: number): MachineConfig['ntlb'] {
  return { entries, ways: Math.max(1, entries), policy: 'lru' };
}
