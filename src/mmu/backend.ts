/**
 * MmuBackend: how one way of virtualizing memory translates, and what makes it exit.
 *
 * A backend is asked on a TLB miss (or a hit without the rights the access needs) and on events, never on
 * a hit: the TLB front end, batching and the counting of hits are shared (mmu/front.ts). What it may use
 * is in {@link MachineParts}. An event that it cannot model it rejects with a reason.
 */
import type { MachineConfig } from '../config/schema.js';
import type { AddressSpace } from '../guest/address-space.js';
import type { Guest } from '../guest/guest.js';
import type { Cr3Flush } from '../guest/port.js';
import type { AccessCounters, MachineCounters, TableMemory } from '../counters.js';
import type { P2m } from '../hypervisor/p2m.js';
import type { PageFaultKey, VmexitKey } from '../hypervisor/vmexit.js';
import type { ArchitecturalEvent, P2mRange } from '../trace/event.js';
import type { Arena } from '../util/arena.js';
import type { PageIds } from './page-ids.js';
import type { PteCache } from './pte-cache.js';
import type { KernelWalks } from './kernel-walks.js';
import type { SetAssoc } from './set-assoc.js';
import type { TlbHierarchy } from './tlb-hierarchy.js';
import type { HostWalkCache, WalkCache } from './walk-cache.js';
import type { WalkObserver } from './walk-observer.js';

/** The hardware of one virtual CPU. */
export interface Vcpu {
  readonly id: number;
  readonly tlb: TlbHierarchy;
  /** Guest-dimension walk cache; in shadow mode it caches shadow entries. */
  readonly pwc: WalkCache;
  /** Host-dimension walk cache and nested TLB: two-dimensional walks only. */
  readonly npwc: HostWalkCache;
  readonly ntlb: SetAssoc | null;
  readonly cache: PteCache;
  /** Tag of the address space in CR3. */
  space: number;
  /** Page id (mmu/page-ids.ts) of the access that is being walked: what walk caches are asked with. */
  page: number;
}

/** What a successful walk found; a backend fills it in before it returns `FILLED`. */
export interface Translation {
  /** Size of the TLB entry: min(guest leaf, host leaf), as SIZE_4K ... */
  size: number;
  /** TLB_W and TLB_G. */
  flags: number;
  gfn: number;
  mfn: number;
}

/** How a walk ended. */
export const FILLED = 0;
/** The guest's own tables forbid the access: its kernel runs, then the access retries. */
export const GUEST_FAULT = 1;
/** The hypervisor exited and cured the cause: the access retries. */
export const RETRY = 2;
/** The hypervisor carried the access out itself: complete, nothing enters the TLB. */
export const EMULATED = 3;

/** Everything a backend works with; one set per machine. */
export interface MachineParts {
  readonly config: MachineConfig;
  readonly guest: Guest;
  readonly vcpus: readonly Vcpu[];
  readonly ids: PageIds;
  readonly counters: MachineCounters;
  /** Translation counters of the origin of the current access (trace or guest kernel). */
  readonly origin: { counters: AccessCounters };
  readonly translation: Translation;
  /** Set while `p2msim walk` watches walks, or `validate` watches exits; otherwise null. */
  readonly watch: { observer: WalkObserver | null; exits: ExitObserver | null };
  /** Host leaf sizes declared in the trace's header. */
  readonly p2mRanges: readonly P2mRange[];
  /**
   * The p2m of this machine, with leaves of at most `maxSize` (SIZE_4K ...): shared with machines of the same mode and
   * host where nothing but the guest's RAM changes it.
   */
  readonly p2m: (maxSize: number) => P2m;
}

/** Told of every VMEXIT that memory causes, one by one. */
export interface ExitObserver {
  /**
   * @param reason `pf`: (hi, lo) is the gVA; `npf`: lo is the gfn; otherwise both are 0
   * @param error of `pf`: bit 0 present, bit 1 write (the fetch bit is the observer's to add); of `npf`: the
   *   same bits, and {@link NPF_WALK} if it was a guest table that the p2m did not map
   */
  exit(reason: VmexitKey, hi: number, lo: number, error: number, kind: PageFaultKey | null): void;
}

/** The nested fault was taken on the guest's page-table walk, not on the final address (SVM EXITINFO1 bit 33). */
export const NPF_WALK = 8;

/** Events that hardware or hypervisor carries out; the guest has no part in them beyond causing them. */
export type MachineEvent = Extract<
  ArchitecturalEvent,
  { kind: 'flushall' | 'invpcid' | 'cr0wp' | 'pgmode' | 'mmio' | 'ptdying' | 'cpuid' }
>;

export interface MmuBackend {
  /** One walk of the hardware for an access at (hi, lo), with whatever exits it causes. Returns `FILLED` ... */
  walk(vcpu: Vcpu, hi: number, lo: number, write: boolean): number;
  /**
   * What a kernel needs to carry out walks of this backend's that change nothing but caches and counters
   * (mmu/replay-kernel.ts); absent: it cannot. Tables are in `arena` from then on.
   */
  kernelWalks?(arena: Arena): KernelWalks;
  /** The guest loaded CR3; the machine has set `vcpu.space`. The backend flushes. */
  cr3(vcpu: Vcpu, space: AddressSpace, flush: Cr3Flush): void;
  invlpg(vcpu: Vcpu, hi: number, lo: number): void;
  /** Guest RAM has grown to `ram` frames. */
  ramGrown(ram: number): void;
  /** Any other event of the machine's. Returns null, or why this mode cannot take it. */
  event(vcpu: Vcpu, event: MachineEvent): string | null;
  /** The hypervisor drops every translation that it holds for the guest; absent: it holds none. */
  dropTranslations?(): void;
  /** Somebody outside the guest (a loader) has written to guest memory: the host has a page there. */
  loaded?(gfn: number): void;
  /** Adds its table pages to `memory`. */
  memory(memory: TableMemory): void;
}

/** A way of virtualizing memory: one value, one line in mmu/index.ts (or a module of the user's). */
export interface BackendPlugin {
  readonly name: string;
  /** One line, printed by `p2msim modes`. */
  readonly summary: string;
  /** What the mode is in this configuration, for the head of a report. */
  describe(config: MachineConfig): string;
  /** Throws {@link ConfigError} if the configuration cannot be. */
  create(parts: MachineParts): MmuBackend;
}
