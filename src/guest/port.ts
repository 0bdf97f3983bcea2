/**
 * Between the guest and the machine it runs on: what its kernel can ask for, and what is counted.
 */
import type { AddressSpace } from './address-space.js';

/** How much of the TLB a CR3 load drops. */
export type Cr3Flush =
  | { readonly kind: 'non-global' }
  | { readonly kind: 'none' }
  | { readonly kind: 'space'; readonly id: number };

/** What the guest's kernel can do to the machine it runs on. */
export interface GuestPort {
  /** One kernel page access; true if it hit the first-level TLB with sufficient rights. */
  access(vcpu: number, hi: number, lo: number, write: boolean): boolean;
  /** Counts `n` further accesses to the page that just hit. */
  moreHits(vcpu: number, write: boolean, n: number): void;
  invlpg(vcpu: number, hi: number, lo: number): void;
  /** MOV to CR3 of the root of `space`. */
  cr3(vcpu: number, space: AddressSpace, flush: Cr3Flush): void;
  ramGrown(ram: number): void;
}

/** What guest activity is counted in. */
export interface GuestCounters {
  guestFaults: number;
  guestFaultsDemand: number;
  guestFaultsCow: number;
  guestFaultsFile: number;
  guestFaultsBad: number;
  tableWrites: number;
  cr3Loads: number;
  invlpgs: number;
  fullFlushes: number;
  framesZeroed: number;
  framesCopied: number;
}

/** The store that the current kernel access makes, for a hypervisor that has to emulate it. */
export interface PendingStore {
  active: boolean;
  gfn: number;
  index: number;
  frame: number;
  flags: number;
  /** Set by whoever wrote the value to guest memory. */
  applied: boolean;
}

/** Where a guest kernel other than the modelled Linux keeps its things: for scenarios with tables of their own. */
export interface GuestLayout {
  /** Upper half of the direct map's base address (the lower half is 0). */
  readonly directMapHi: number;
  /** False: no kernel half is set up, the scenario brings its own tables. */
  readonly mapsKernel: boolean;
  /** Frame of the root that is loaded at the start; absent: the allocator gives one. */
  readonly bootRoot?: number;
}
