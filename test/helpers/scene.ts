/**
 * Scenes for hand-derived scenarios: a machine whose guest is built by hand.
 *
 * Its tables appear silently, entries are stored through the direct map as a kernel does. Preset `none` (no
 * TLB, no walk caches, no data caches), 1 GiB of RAM, p2m eager in 4K leaves, unless settings say otherwise.
 */
import { expect } from 'vitest';
import { pageHi, pageLo, pageNumberOf, SIZE_4K, tableIndex } from '../../src/arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US } from '../../src/arch/pte.js';
import { defaultConfig } from '../../src/config/defaults.js';
import type { MachineConfig } from '../../src/config/schema.js';
import type { AddressSpace } from '../../src/guest/address-space.js';
import type { Guest } from '../../src/guest/guest.js';
import { createMachine, type Machine } from '../../src/sim/machine.js';
import { EMPTY_HEADER } from '../../src/trace/event.js';
import { read, va, write } from './machine.js';
import { type Counted, during, vaOfPage } from './one-access.js';

export type Mode = 'hap' | 'shadow';
export const BOTH: readonly Mode[] = ['hap', 'shadow'];

export const USER = PTE_P | PTE_US;
export const CLEAN = USER | PTE_RW | PTE_A;
export const DIRTY = CLEAN | PTE_D;
/** Data frames that nothing else uses, aligned to 2 MiB. */
export const DATA = 0x20000;
/** First page of a 2 MiB region of gVA: table `n` under one L2. */
export const region = (n: number): number =>
  pageNumberOf(va({ l4: 1, l3: 2, l2: n }).hi, va({ l4: 1, l3: 2, l2: n }).lo);

export interface Scene {
  readonly machine: Machine;
  readonly guest: Guest;
  /** Maps 4K pages from `page` on to frames from `frame` on, without an access. */
  map(page: number, count: number, flags: number, frame?: number, space?: AddressSpace): void;
  read(page: number): void;
  write(page: number): void;
  invlpg(page: number): void;
  /** Stores an entry of the table of `level` on the way to `page`. */
  store(page: number, level: number, frame: number, flags: number): void;
  /** Stores the entry for `page` in its L1 table again, as it is. */
  rewrite(page: number): void;
  count(step: () => void): Counted;
  pages(): number;
}

export function scene(mode: Mode, settings: (config: MachineConfig) => void = () => {}): Scene {
  const config = defaultConfig('none');
  config.guest.ram = 1024;
  settings(config);
  const machine = createMachine({ mode, config }, EMPTY_HEADER);
  const { guest } = machine.parts;
  const root = (): number => guest.current[0]!.root;
  const tableOf = (page: number, level: number): number => {
    let table = root();
    for (let at = 4; at > level; at--)
      table = guest.tables.frame(table, tableIndex(pageHi(page), pageLo(page), at));
    return table;
  };
  const store = (page: number, level: number, frame: number, flags: number): void =>
    guest.storeEntry(0, tableOf(page, level), tableIndex(pageHi(page), pageLo(page), level), frame, flags);
  return {
    machine,
    guest,
    map: (page, count, flags, frame = DATA, space = guest.current[0]!) => {
      for (let i = 0; i < count; i++) guest.mapSilently(space.root, page + i, SIZE_4K, frame + i, flags);
    },
    read: (page) => read(machine, vaOfPage(page)),
    write: (page) => write(machine, vaOfPage(page)),
    invlpg: (page) => guest.invlpg(0, page),
    store,
    rewrite: (page) => {
      const table = tableOf(page, 1);
      const index = tableIndex(pageHi(page), pageLo(page), 1);
      store(page, 1, guest.tables.frame(table, index), guest.tables.flags(table, index));
    },
    count: (step) => during(machine, step),
    pages: () => machine.memory()['shadow.pages'],
  };
}

/** The TLBs of preset `reference`, for 2M translations as well. */
export function withTlb(config: MachineConfig): void {
  const { l1d, l1i, stlb } = defaultConfig('reference');
  config.l1d = { ...l1d, sizes: '4k+2m' };
  config.l1i = { ...l1i, sizes: '4k+2m' };
  config.stlb = { ...stlb, sizes: '4k+2m' };
}

/** Frame of the L1 table of region `n`. */
export function l1Frame(s: Scene, n: number): number {
  const place = s.guest.tables.find(
    s.guest.current[0]!.root,
    4,
    pageHi(region(n)),
    pageLo(region(n)),
    s.guest.place,
  );
  return place.table;
}

/** Regions 0..count-1 of one L2, each with one page A=D=1 that has been read: their L1 tables are shadowed. */
export function shadowedTables(s: Scene, count: number): void {
  for (let n = 0; n < count; n++) s.map(region(n), 1, DIRTY, DATA + n);
  for (let n = 0; n < count; n++) s.read(region(n));
}

function exitsOf(c: Counted): Record<string, number> {
  return {
    total: c('vmexit.total'),
    guest: c('vmexit.pf.guest'),
    fixup: c('vmexit.pf.fixup'),
    unsync: c('vmexit.pf.unsync'),
    emulate: c('vmexit.pf.emulate'),
    cr3: c('vmexit.cr3_write'),
    invlpg: c('vmexit.invlpg'),
  };
}

/** Exits by kind; kinds that are not named must not occur. */
export function expectExits(c: Counted, expected: Partial<Record<string, number>>): void {
  const none = { guest: 0, fixup: 0, unsync: 0, emulate: 0, cr3: 0, invlpg: 0 };
  const total = Object.values(expected).reduce<number>((sum, n) => sum + (n ?? 0), 0);
  expect(exitsOf(c)).toEqual({ ...none, ...expected, total });
}
