/**
 * Where the guest that was measured on Xen keeps things: guest-physical frames and gVA pages.
 *
 * Its kernel window is one L3, one L2 and 384 L1 tables of 4 KiB leaves over [0, 768 MiB), which hang in
 * slot 0 (code and stack) and in slot 272 (the direct map) of every root.
 */
import { ENTRIES, pageNumberOf } from '../../arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US, TABLE_FLAGS } from '../../arch/pte.js';
import type { SetEntry } from '../scenario.js';

const MIB = 256; // frames

/** Upper half of 0xffff880000000000, where Linux had its direct map when Xen learnt to guess it. */
export const DIRECT_MAP_HI = 0xffff8800;
/** Frames of guest RAM, and those of them that the kernel window maps. */
export const RAM = 1024 * MIB;
export const MAPPED = 768 * MIB;
export const BOOT_ROOT = 8 * MIB;
/** Frames for tables: [FIRST_TABLE, DATA1), never used twice unless a workload frees one. */
export const FIRST_TABLE = 16 * MIB;
/** Frames for data, in two halves, and for 2 MiB pages. */
export const DATA1 = 192 * MIB;
export const DATA2 = 224 * MIB;
export const LARGE = 256 * MIB;

/** First page of the region that workloads use: slot 1 of the root. */
export const REGION = pageNumberOf(0x80, 0);
/** Page of the direct map's first byte. */
export const DIRECT_PAGE = pageNumberOf(DIRECT_MAP_HI, 0);
/** Page of the code that runs. */
export const CODE_PAGE = 2 * MIB;
/** Slots of the root that hold the kernel window, and the first page under each. */
export const KERNEL_SLOTS = [
  { slot: 0, page: 0 },
  { slot: 272, page: DIRECT_PAGE },
] as const;
/** Pages that one entry of a level-1, -2, -3, -4 table translates. */
export const SPAN = [0, 1, ENTRIES, ENTRIES ** 2, ENTRIES ** 3] as const;

/** Flags of a writable leaf. */
export const LEAF = PTE_P | PTE_RW | PTE_US;
/** ... with A and D set. */
export const LEAF_USED = LEAF | PTE_A | PTE_D;

/** The tables that are in place before the guest's first instruction. */
export function setBootTables(set: SetEntry): void {
  const [l3, l2, l1] = [BOOT_ROOT + 1, BOOT_ROOT + 2, BOOT_ROOT + 3];
  for (let i = 0; i < MAPPED; i++) set(l1 + Math.floor(i / ENTRIES), i % ENTRIES, i, LEAF_USED);
  for (let i = 0; i < MAPPED / ENTRIES; i++) set(l2, i, l1 + i, TABLE_FLAGS);
  set(l3, 0, l2, TABLE_FLAGS);
  for (const { slot } of KERNEL_SLOTS) set(BOOT_ROOT, slot, l3, TABLE_FLAGS);
}

/**
 * Pages of the pool: dom0's 2,304 (256 a vcpu + 2 per MiB, dom0_paging_pages), and 3 that the modelled machine
 * takes from it while the measured one did not. Of the measured pool 2,299 pages could hold shadows, with out-of-sync
 * tables and without: the one number that gives the 3,954 exits of 2,048 sparse pages touched three times.
 */
export const POOL = 2307;
