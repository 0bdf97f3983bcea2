/**
 * MachineConfig: everything that decides a result besides the trace, as one plain object.
 *
 * Every key can be set with `--set key=value`; dotted paths follow the nesting. `CONFIG_KEYS` below
 * is the one table of keys: type, range and meaning. Presets (config/presets/) are partial objects
 * of the hardware part, each value with its source.
 */
import type { PageSizeName } from '../arch/paging.js';

export type ReplacementName = 'lru' | 'plru' | 'fifo' | 'random';

/** One set-associative array. `entries` 0 means that it is absent. */
export interface ArrayConfig {
  /** Total entries = sets x ways; the number of sets must be a power of two. */
  entries: number;
  /** Any count; equal to `entries` for a fully associative array. */
  ways: number;
  policy: ReplacementName;
}

/** A TLB array and the page sizes it may hold, joined by `+`: `4k`, `4k+2m`, `4k+2m+1g`. */
export interface TlbArrayConfig extends ArrayConfig {
  sizes: string;
}

/** Page-walk caches by the level of the entries they hold; `l2` is the PDE cache. */
export interface WalkCacheConfig {
  l5: ArrayConfig;
  l4: ArrayConfig;
  l3: ArrayConfig;
  l2: ArrayConfig;
}

/** One data cache in front of page-table reads; 64-byte lines. `bytes` 0 means absent. */
export interface CacheLevelConfig {
  bytes: number;
  ways: number;
}

export interface MachineConfig {
  /** Seed of everything random: scattered frames, random replacement. */
  seed: number;
  /** Whose exits and invalidation rules: decides INVLPG scope under shadow, CR0/CR4 intercepts. */
  vendor: 'intel' | 'amd';
  vcpus: number;
  guest: {
    /** Levels of the guest's page tables. */
    levels: 4 | 5;
    /** `demand`: first touch faults; `premapped`: tables exist with A=D=1. */
    mode: 'demand' | 'premapped';
    /** Leaf size for pages that the guest kernel maps on its own account. */
    pageSize: PageSizeName;
    frames: 'contiguous' | 'scatter' | 'thp';
    /** Guest RAM in MiB, or `auto`: 1 GiB, doubled whenever the guest runs out of frames. */
    ram: number | 'auto';
    /** Leaf size of the guest kernel's direct map. */
    directMap: PageSizeName;
    /** `warm`: every frame was written once before the trace; `cold`: none was. */
    memory: 'warm' | 'cold';
    pcid: boolean;
    /** Pages mapped by one file-backed read fault (a power of two). */
    faultAround: number;
    /** A range flush of more pages than this flushes everything instead. */
    flushCeiling: number;
    /** Accesses of the trace between two context switches to another process and back; 0: none but the trace's. */
    switchEvery: number;
  };
  host: {
    /** Levels of the p2m (EPT/NPT). */
    levels: 4 | 5;
    /** Largest p2m leaf wanted. */
    pageSize: PageSizeName;
    populate: 'eager' | 'lazy';
    /** What one nested fault on a lazy p2m fills: the entry it needs, or also others of its aligned 8. */
    fill: 'page' | 'group';
    /** `unpopulated`: the host backs guest memory when it is first touched. */
    memory: 'populated' | 'unpopulated';
    /** `flat`: RAM from gfn 0 without holes; `xen`: the domain builder's layout below 2 MiB. */
    layout: 'flat' | 'xen';
  };
  l1d: TlbArrayConfig;
  l1d2m: TlbArrayConfig;
  l1d1g: TlbArrayConfig;
  l1i: TlbArrayConfig;
  l1i2m: TlbArrayConfig;
  l1i1g: TlbArrayConfig;
  stlb: TlbArrayConfig;
  stlb2m: TlbArrayConfig;
  stlb1g: TlbArrayConfig;
  pwc: WalkCacheConfig & {
    /** What a guest entry points at: `combined` = host-physical, `gpa` = guest-physical. */
    semantics: 'combined' | 'gpa';
  };
  /** Host-dimension walk caches, used inside two-dimensional walks. */
  npwc: WalkCacheConfig;
  /** gfn -> mfn cache used inside two-dimensional walks. */
  ntlb: ArrayConfig;
  /** Data caches that page-table reads go through. */
  cache: {
    enabled: boolean;
    /** The first cache that the walker looks in. */
    enter: 'l1' | 'l2';
    l1: CacheLevelConfig;
    l2: CacheLevelConfig;
    llc: CacheLevelConfig;
  };
  shadow: {
    /** Name of a policy preset. */
    policy: string;
    /** Pages, or `auto`: the toolstack's formula. 0 is unbounded. */
    pool: number | 'auto';
    /** Out-of-sync tables per vcpu, or `auto`: the policy's. */
    oosSlots: number | 'auto';
  };
}
