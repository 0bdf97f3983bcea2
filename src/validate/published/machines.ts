/**
 * Machines of the published suite, and what is done to them: mappings made silently, pages accessed.
 *
 * A publication gives a table in memory and a pattern of accesses, not a trace; both are made here from seeds.
 * Mappings are put in place before the first access, tables in one run of frames and data in another, as a
 * kernel that groups its page tables (Linux's migrate types) lays them out.
 */
import { pageHi, pageLo, pagesOf, SIZE_4K, tableIndex } from '../../arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US } from '../../arch/pte.js';
import { defaultConfig } from '../../config/defaults.js';
import type { ArrayConfig, MachineConfig } from '../../config/schema.js';
import type { CounterValues } from '../../counters.js';
import { createMachine, type Machine } from '../../sim/machine.js';
import { BATCH_CAPACITY, createBatch, OP_READ } from '../../trace/access.js';
import { EMPTY_HEADER, type P2mRange } from '../../trace/event.js';

/** First page of the area that the generators access: the second level-4 entry. */
export const AREA = 512 ** 3;

const LEAF_FLAGS = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;

export interface Wish {
  /** Hardware preset; `none` has no caches of any kind. */
  readonly preset?: string;
  readonly change?: (config: MachineConfig) => void;
  readonly p2m?: readonly P2mRange[];
}

export function machineOf(mode: string, wish: Wish = {}): Machine {
  const config = defaultConfig(wish.preset ?? 'none');
  config.guest.ram = 256;
  wish.change?.(config);
  return createMachine({ mode, config }, { ...EMPTY_HEADER, p2m: wish.p2m ?? [] });
}

/** A true-LRU array; fully associative unless `ways` is given; 0 entries: absent. */
export function lru(entries: number, ways: number = Math.max(1, entries)): ArrayConfig {
  return { entries, ways, policy: 'lru' };
}

/** Guest RAM in MiB that holds `pages` of data from `gfn` on. */
export function ramFor(gfn: number, pages: number): number {
  return Math.ceil((gfn + pages) / 256);
}

/** Maps `count` pages of `size` from page `first` on to frames from `gfn` on, A=D=1, without any access. */
export function mapArea(machine: Machine, first: number, count: number, size: number, gfn: number): void {
  const { guest } = machine.parts;
  const { root } = guest.current[0]!;
  const step = pagesOf(size);
  for (let i = 0; i < count;) {
    const page = first + i * step;
    guest.mapSilently(root, page, size, gfn + i * step, LEAF_FLAGS);
    i += 1;
    if (size !== SIZE_4K) continue;
    // The rest of the region hangs below the table that is there now.
    const { table } = guest.tables.find(root, guest.levels, pageHi(page), pageLo(page), guest.place);
    for (; i < count && (first + i) % 512 !== 0; i++) {
      guest.tables.set(table, tableIndex(0, pageLo(first + i), 1), gfn + i, LEAF_FLAGS);
    }
  }
}

/** `n` accesses of one byte, to the pages that `next` names one after the other. */
export function accessPages(machine: Machine, n: number, next: (i: number) => number, op = OP_READ): void {
  const batch = createBatch(Math.min(n, BATCH_CAPACITY));
  batch.size.fill(1);
  batch.op.fill(op);
  for (let done = 0; done < n; done += batch.n) {
    batch.n = Math.min(n - done, BATCH_CAPACITY);
    for (let i = 0; i < batch.n; i++) {
      const page = next(done + i);
      batch.hi[i] = pageHi(page);
      batch.lo[i] = pageLo(page);
    }
    machine.replayAccesses(batch, 0, batch.n);
  }
}

/** What `act` added to the counters. */
export function during(machine: Machine, act: () => void): CounterValues {
  const before = machine.counters();
  act();
  const after = machine.counters();
  return Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - before[key]!]));
}

/** Quotient of two counters; 0 if nothing was counted. */
export function per(counters: CounterValues, count: string, of: string): number {
  const n = counters[of] ?? 0;
  return n === 0 ? 0 : (counters[count] ?? 0) / n;
}
