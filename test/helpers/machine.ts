/**
 * Helpers for tests of the engine: addresses built from table indices, machines with small changes to
 * a preset, accesses and events one at a time, and what the guest's tables say about a page.
 */
import { defaultConfig } from '../../src/config/defaults.js';
import { pageNumberOf } from '../../src/arch/paging.js';
import type { MachineConfig } from '../../src/config/schema.js';
import type { CounterValues } from '../../src/counters.js';
import { Guest } from '../../src/guest/guest.js';
import type { GuestCounters, GuestPort } from '../../src/guest/port.js';
import type { LeafPlace } from '../../src/guest/page-table.js';
import { createMachine, type Machine, type MachineOptions } from '../../src/sim/machine.js';
import { createBatch, OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../../src/trace/access.js';
import {
  EMPTY_HEADER,
  type LogicalEvent,
  type Perm,
  type TraceEvent,
  type TraceHeader,
  type Word64,
} from '../../src/trace/event.js';

/** Table indices of an address, root first; what is left out is 0. `offset` is in bytes. */
export interface Indices {
  readonly l5?: number;
  readonly l4?: number;
  readonly l3?: number;
  readonly l2?: number;
  readonly l1?: number;
  readonly offset?: number;
}

/** The canonical address with these table indices; with `l5` it is a 57-bit address. */
export function va(indices: Indices): Word64 {
  const { l5 = 0, l4 = 0, l3 = 0, l2 = 0, l1 = 0, offset = 0 } = indices;
  let address = 0n;
  for (const index of [l5, l4, l3, l2, l1]) address = address * 512n + BigInt(index);
  address = address * 4096n + BigInt(offset);
  // The sign bit is bit 56 if level 5 is used, else bit 47.
  const bits = indices.l5 === undefined ? 48n : 57n;
  const signed = BigInt.asUintN(64, BigInt.asIntN(Number(bits), address));
  return { hi: Number(signed >> 32n), lo: Number(signed & 0xffffffffn) };
}

/** The page number (vpn without sign extension) of an address. */
export function pageOf(at: Word64): number {
  return pageNumberOf(at.hi, at.lo);
}

/** A configuration that a test may change. */
export function configOf(preset: string, change: (config: MachineConfig) => void = () => {}): MachineConfig {
  const config = structuredClone(defaultConfig(preset));
  change(config);
  return config;
}

export interface MachineWish {
  /** Default `none`: every access is a cold walk. */
  readonly preset?: string;
  readonly change?: (config: MachineConfig) => void;
  readonly header?: Partial<TraceHeader>;
  readonly options?: MachineOptions;
}

/** A machine with 256 MiB of RAM (an eager p2m of a GiB takes its time), unless `change` says otherwise. */
export function machineOf(mode: string, wish: MachineWish = {}): Machine {
  const config = configOf(wish.preset ?? 'none', (fresh) => {
    fresh.guest.ram = 256;
    wish.change?.(fresh);
  });
  return createMachine({ mode, config }, { ...EMPTY_HEADER, ...wish.header }, wish.options);
}

function access(machine: Machine, op: number, at: Word64, size: number, vcpu: number): void {
  const batch = createBatch(1);
  batch.n = 1;
  batch.op[0] = op;
  batch.hi[0] = at.hi;
  batch.lo[0] = at.lo;
  batch.size[0] = size;
  batch.vcpu[0] = vcpu;
  machine.replayAccesses(batch, 0, 1);
}

export function read(machine: Machine, at: Word64, vcpu = 0, size = 1): void {
  access(machine, OP_READ, at, size, vcpu);
}

export function write(machine: Machine, at: Word64, vcpu = 0, size = 1): void {
  access(machine, OP_WRITE, at, size, vcpu);
}

export function modify(machine: Machine, at: Word64, vcpu = 0, size = 1): void {
  access(machine, OP_MODIFY, at, size, vcpu);
}

export function fetch(machine: Machine, at: Word64, vcpu = 0, size = 1): void {
  access(machine, OP_FETCH, at, size, vcpu);
}

/** What `act` added to the counters. */
export function counted(machine: Machine, act: () => void): CounterValues {
  const before = machine.counters();
  act();
  const after = machine.counters();
  return Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - before[key]!]));
}

/** Those of `keys` that are not 0. */
export function only(values: CounterValues, prefix: string): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([key, n]) => key.startsWith(prefix) && n !== 0));
}

/** `rw` and the like as rights. */
export function perm(letters: string): Perm {
  return { read: letters.includes('r'), write: letters.includes('w'), exec: letters.includes('x') };
}

type MapEvent = Extract<LogicalEvent, { kind: 'map' }>;

/** MAP of `pages` pages; populated with 4k leaves and fresh frames unless said otherwise. */
export function map(
  machine: Machine,
  at: Word64,
  pages: number,
  rights = 'rw',
  extra: Partial<Pick<MapEvent, 'how' | 'gfn' | 'pageSize' | 'vcpu'>> = {},
): void {
  const event: MapEvent = {
    kind: 'map',
    vcpu: 0,
    line: 0,
    va: at,
    bytes: pages * 4096,
    gfn: null,
    perm: perm(rights),
    how: 'populate',
    pageSize: null,
    ...extra,
  };
  machine.event(event);
}

export function unmap(machine: Machine, at: Word64, pages: number): void {
  machine.event({ kind: 'unmap', vcpu: 0, line: 0, va: at, bytes: pages * 4096 });
}

export function protect(machine: Machine, at: Word64, pages: number, rights: string): void {
  machine.event({ kind: 'protect', vcpu: 0, line: 0, va: at, bytes: pages * 4096, perm: perm(rights) });
}

export function switchTo(machine: Machine, as: string, vcpu = 0): void {
  machine.event({ kind: 'switch', vcpu, line: 0, as, noflush: false });
}

/** An event of a kind that has no field of its own but vcpu and line. */
export function plain(kind: 'exec' | 'flushall' | 'cpuid' | 'syscall', vcpu = 0): TraceEvent {
  return { kind, vcpu, line: 0 };
}

/** Where the guest's tables (of vcpu 0, or of `root`) end for an address: a copy. */
export function entryOf(machine: Machine, at: Word64, root?: number): LeafPlace {
  const { guest } = machine.parts;
  return { ...guest.tables.find(root ?? guest.current[0]!.root, guest.levels, at.hi, at.lo, guest.place) };
}

/** Users of `count` frames from `gfn`, as a list. */
export function usersOf(guest: Guest, gfn: number, count = 1): number[] {
  return Array.from({ length: count }, (_, i) => guest.users.get(gfn + i));
}

/** Counters of a guest without a machine, all 0. */
export function guestCounters(): GuestCounters {
  return {
    guestFaults: 0,
    guestFaultsDemand: 0,
    guestFaultsCow: 0,
    guestFaultsFile: 0,
    guestFaultsBad: 0,
    tableWrites: 0,
    cr3Loads: 0,
    invlpgs: 0,
    fullFlushes: 0,
    framesZeroed: 0,
    framesCopied: 0,
  };
}

/** A port that notes what the guest kernel does; every access hits the TLB from the second on. */
export class PortLog implements GuestPort {
  readonly lines: string[] = [];
  access(): boolean {
    return true;
  }
  moreHits(): void {}
  invlpg(vcpu: number, hi: number, lo: number): void {
    this.lines.push(`invlpg ${vcpu} ${pageNumberOf(hi, lo).toString(16)}`);
  }
  cr3(vcpu: number, space: { readonly name: string }, flush: { readonly kind: string }): void {
    this.lines.push(`cr3 ${vcpu} ${space.name} ${flush.kind}`);
  }
  ramGrown(ram: number): void {
    this.lines.push(`ram ${ram}`);
  }
}

/** A guest on a port that only notes what it does, for rules that need no TLB and no backend. */
export function bareGuest(change: (config: MachineConfig) => void = () => {}): {
  readonly guest: Guest;
  readonly log: PortLog;
  readonly counters: GuestCounters;
} {
  const log = new PortLog();
  const counters = guestCounters();
  return { guest: new Guest(configOf('none', change), counters, log), log, counters };
}

/** Where the tables of `space` end for page `at`: a copy. */
export function leafOf(guest: Guest, space: { readonly root: number }, at: Word64): LeafPlace {
  return { ...guest.tables.find(space.root, guest.levels, at.hi, at.lo, guest.place) };
}
