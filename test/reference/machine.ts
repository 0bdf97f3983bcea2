/** What the parts of the reference simulator share: vcpus, one page access, counters, memory. */
import type { MachineConfig } from '../../src/config/schema.js';
import type { DataCaches } from './data-cache.js';
import type { Counts, GuestMemory, Origin, SizeName } from './entry.js';
import type { P2m, P2mTable } from './p2m.js';
import type { Tlb } from './tlb.js';
import type { NestedTlb, WalkCache } from './walk-cache.js';

/** A mapping made by MAP: [start, end) in pages. */
export interface Vma {
  start: number;
  end: number;
  read: boolean;
  write: boolean;
  exec: boolean;
  kind: 'populate' | 'lazy' | 'file';
}

export interface AddressSpace {
  /** Tag in TLBs and walk caches. */
  id: string;
  name: string;
  root: number;
  vmas: Vma[];
  /** Which program: key of the page cache together with the vpn (8.1). */
  image: number;
  /** Premapping regions in which MAP, UNMAP, PROTECT or PTW happened (7.6). */
  edited: Set<number>;
  /** Grows with every flush of the space (7.4). */
  generation: number;
  /** Regions that have had their first access. */
  accessed: Set<number>;
}

export interface Vcpu {
  id: number;
  space: AddressSpace;
  tlb: Tlb;
  /** Guest-dimension walk cache; payload: gfn of a guest table, or number of a shadow page. */
  guestCache: WalkCache<number>;
  hostCache: WalkCache<P2mTable>;
  nestedTlb: NestedTlb;
  /** PCID slots of Linux (7.4). */
  slots: (AddressSpace | null)[];
  /** Generation of each slot's space when it was last flushed or loaded here (7.4). */
  slotGenerations: number[];
  nextSlot: number;
}

/** One page access (1.1): what the walkers need to know of it. */
export interface PageAccess {
  vpn: number;
  write: boolean;
  fetch: boolean;
  origin: Origin;
  /** Entry of the frame that is touched, 0..511: matters if the frame is a table. */
  index: number;
  /** Value stored if the simulator knows it; null for reads and for stores of the trace. */
  value: number | null;
}

/** How a walk ended: translated; guest fault; exit and retry; exit that emulated the access. */
export type WalkResult =
  | { end: 'ok'; size: SizeName; w: boolean; g: boolean }
  | { end: 'fault' }
  | { end: 'retry' }
  | { end: 'done' };

/** What a mode adds to the guest and the TLBs. */
export interface Backend {
  walk(vcpu: Vcpu, access: PageAccess): WalkResult;
  /** MOV to CR3; `space` is loaded already. `victim`: whose entries PCID flushes, null: none. */
  loadCr3(vcpu: Vcpu, victim: AddressSpace | null): void;
  invlpg(vcpu: Vcpu, vpn: number): void;
  flushAll(vcpu: Vcpu): void;
  cpuid(): void;
  ptdying(): void;
}

export interface Machine {
  config: MachineConfig;
  mode: 'native' | 'hap' | 'shadow';
  counts: Counts;
  memory: GuestMemory;
  p2m: P2m;
  caches: DataCaches;
  vcpus: Vcpu[];
}

/** Removes every translation of this VM from one vcpu (2.5, *all*). */
export function flushAllOf(machine: Machine, vcpu: Vcpu): void {
  machine.counts.add('tlb.flush.all');
  vcpu.tlb.removeIf(() => true);
  vcpu.guestCache.flush();
}

/** 2.5, *page*. */
export function flushPageOf(machine: Machine, vcpu: Vcpu, vpn: number): void {
  machine.counts.add('tlb.flush.page');
  vcpu.tlb.flushPage(vcpu.space.id, vpn);
  vcpu.guestCache.flush(vcpu.space.id);
}

/** One reference to a table entry in a walk (3.3). */
export function countReference(
  machine: Machine,
  vcpu: Vcpu,
  access: PageAccess,
  dimension: 'guest' | 'nested' | 'shadow',
  level: number,
  frame: number,
  index: number,
): void {
  const { counts } = machine;
  counts.addFor(access.origin, 'walk.refs');
  counts.addFor(access.origin, `walk.refs.${dimension}`);
  counts.addFor(access.origin, `walk.refs.${dimension}.l${level}`);
  machine.caches.reference(access.origin, vcpu.id, frame, index);
}

/** A VMEXIT of `reason` (and kind, for page faults). */
export function exit(machine: Machine, reason: string): void {
  machine.counts.add('vmexit.total');
  machine.counts.add(`vmexit.${reason}`);
}
