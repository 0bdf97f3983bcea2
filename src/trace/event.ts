/**
 * TraceEvent: everything in a trace that is not a plain access, in two layers (docs/formats.md).
 *
 * *Architectural* events are what hardware and hypervisor see; every backend is given these.
 * *Logical* events say what the guest kernel did; the guest kernel model (guest/) expands
 * them into architectural ones, so that every mode replays the identical stream.
 * *Host* events edit the p2m from outside; they parse, and no mode takes them yet.
 */

/** A 64-bit gVA or table-entry value as two unsigned 32-bit halves. */
export interface Word64 {
  readonly hi: number;
  readonly lo: number;
}

/** Rights of a mapping, as in `perm` of the CSV: any of `r`, `w`, `x`; `none` is PROT_NONE. */
export interface Perm {
  readonly read: boolean;
  readonly write: boolean;
  readonly exec: boolean;
}

/** Where an address space's pages come from when a `MAP` does not name frames. */
export type MapKind = 'populate' | 'lazy' | 'file';

interface EventBase {
  /** Virtual CPU on which it happens, from 0. */
  readonly vcpu: number;
  /** Line of the trace (from 1), for messages; 0 if the trace has no lines. */
  readonly line: number;
}

/** Names of host events (docs/formats.md). */
export const HOST_OPS = [
  'P2M.SET',
  'P2M.DEL',
  'P2M.SPLIT',
  'P2M.MERGE',
  'POD.ADD',
  'POD.RECLAIM',
  'BALLOON.OUT',
  'BALLOON.IN',
  'SHARE',
  'UNSHARE',
  'PAGEOUT',
  'PAGEIN',
  'ACCESS',
  'LOGDIRTY.ON',
  'LOGDIRTY.CLEAN',
  'LOGDIRTY.PEEK',
  'LOGDIRTY.OFF',
  'VRAM.TRACK',
  'ALTP2M.NEW',
  'ALTP2M.SWITCH',
  'ALTP2M.CHANGE',
  'FORK.VM',
  'IOMMU.ATTACH',
  'POOL',
] as const;
export type HostOp = (typeof HOST_OPS)[number];

export type ArchitecturalEvent = EventBase &
  (
    | {
        /** Store of one guest table entry. */ readonly kind: 'ptw';
        readonly gfn: number;
        readonly level: number;
        readonly va: Word64;
        readonly value: Word64;
      }
    | {
        /** MOV to CR3: load the root of address space `as`. */ readonly kind: 'cr3';
        readonly as: string;
        readonly pcid: number | null;
        readonly noflush: boolean;
      }
    | { readonly kind: 'invlpg'; readonly va: Word64 }
    | { readonly kind: 'invpcid'; readonly type: number; readonly pcid: number; readonly va: Word64 }
    | { /** CR4.PGE off and on: every TLB entry goes, global ones too. */ readonly kind: 'flushall' }
    | { readonly kind: 'cr0wp'; readonly on: boolean }
    | { /** Paging mode of the guest: 0 is off. */ readonly kind: 'pgmode'; readonly levels: number }
    | {
        /** Annotation: the guest handled a real #PF here. */ readonly kind: 'fault';
        readonly va: Word64;
        readonly error: number;
      }
    | {
        readonly kind: 'mmio';
        readonly va: Word64;
        readonly size: number;
        readonly write: boolean;
        readonly device: 'dm' | 'int' | 'direct';
      }
    | { readonly kind: 'ptdying'; readonly gfn: number }
    | {
        /** The vcpu is put on a physical CPU (or off, null). */ readonly kind: 'sched';
        readonly pcpu: number | null;
      }
    | {
        /** TLB shootdown: every other vcpu drops `va`, or everything (null). */ readonly kind: 'ipiflush';
        readonly va: Word64 | null;
      }
    | { readonly kind: 'cpuid' }
  );

export type LogicalEvent = EventBase &
  (
    | {
        readonly kind: 'map';
        readonly va: Word64;
        readonly bytes: number;
        /** First frame, or null: the guest allocates. */ readonly gfn: number | null;
        readonly perm: Perm;
        readonly how: MapKind;
        readonly pageSize: '4k' | '2m' | '1g' | null;
      }
    | { readonly kind: 'unmap'; readonly va: Word64; readonly bytes: number }
    | { readonly kind: 'protect'; readonly va: Word64; readonly bytes: number; readonly perm: Perm }
    | {
        /** Page aging: clear A (or D) in the leaves. */ readonly kind: 'clear';
        readonly bit: 'A' | 'D';
        readonly va: Word64;
        readonly bytes: number;
      }
    | {
        /** A demand fault on `va` happens here, as if the page had been read (or written). */ readonly kind: 'demand';
        readonly va: Word64;
        readonly write: boolean;
      }
    | { /** The guest breaks copy-on-write on `va` here. */ readonly kind: 'cow'; readonly va: Word64 }
    | { readonly kind: 'fork'; readonly child: string }
    | { readonly kind: 'exec' }
    | { readonly kind: 'exit'; readonly as: string | null }
    | {
        /** Context switch of this vcpu. */ readonly kind: 'switch';
        readonly as: string;
        readonly noflush: boolean;
      }
    | {
        /** System call or interrupt: two CR3 loads with guest KPTI, otherwise nothing. */ readonly kind: 'syscall';
      }
    | { readonly kind: 'mark'; readonly name: string }
    | { readonly kind: 'roi'; readonly on: boolean }
  );

export type HostEvent = EventBase & {
  readonly kind: 'host';
  readonly op: HostOp;
  readonly gfn: number | null;
  readonly order: number;
  readonly note: string;
};

export type TraceEvent = ArchitecturalEvent | LogicalEvent | HostEvent;

/** What a trace's header declares; null where it says nothing (docs/formats.md). */
export interface TraceHeader {
  readonly guestLevels: 4 | 5 | null;
  readonly vcpus: number | null;
  /** Guest RAM in bytes. */
  readonly ram: number | null;
  /** Host leaf wanted per range of guest frames. */
  readonly p2m: readonly P2mRange[];
  readonly features: readonly string[];
  /** Absent: the modelled Linux. */
  readonly scripted?: ScriptedGuest;
}

/** A guest whose kernel is in the trace: its table stores, its direct map, and what its page-fault handler does. */
export interface ScriptedGuest {
  /** Upper half of the direct map's base address (the lower half is 0). */
  readonly directMapHi: number;
  /** Frame of the root that is loaded before the first record. */
  readonly root: number;
}

/** `count` frames from `gfn` get host leaves no larger than `pageSize`. */
export interface P2mRange {
  readonly gfn: number;
  readonly count: number;
  readonly pageSize: '4k' | '2m' | '1g';
}

/** Most virtual CPUs a trace can name. */
export const MAX_VCPUS = 256;

export const EMPTY_HEADER: TraceHeader = { guestLevels: null, vcpus: null, ram: null, p2m: [], features: [] };

type WithoutPlace<T> = T extends TraceEvent ? Omit<T, 'vcpu' | 'line'> : never;

/** An event without its place: what whoever makes one up has to say. */
export type EventDraft = WithoutPlace<TraceEvent>;
