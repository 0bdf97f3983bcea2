/**
 * Where things are in the memory of the measured KVM guest, in 4 KiB frames, and its boot tables.
 *
 * The guest maps all of its memory at VA 0, address for address (the identity window), and reaches code,
 * stack, tables and data frames through it. The measured workload pages start at VA 512 GiB.
 */
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW, PTE_US } from '../../arch/pte.js';
import { ENTRIES, pagesOf, SIZE_2M } from '../../arch/paging.js';
import type { FrameRange, SetEntry } from '../scenario.js';

/** 256 MiB: the one memory slot. */
export const RAM_FRAMES = 0x10000;

export function sizeOf({ start, end }: FrameRange): number {
  return end - start;
}

/** Page of the parameters, and the 16 pages from it on, which hold descriptor tables and boot tables as well. */
export const PARAMETERS: FrameRange = { start: 0x8, end: 0x18 };
/** Code, constants, globals and stack. */
export const KERNEL: FrameRange = { start: 0x100, end: 0x1f0 };
/** The loops of the workloads, the variables that they use and the stack: each in an aligned group of 8 pages of its own. */
export const CODE_PAGE = 0x100;
export const GLOBALS_PAGE = 0x110;
export const STACK_PAGE = 0x1ef;

export const BOOT_ROOT = 0x10;
const BOOT_PDPT = 0x11;
const BOOT_PD = 0x12;
/** Leaf tables of a window of 4 KiB pages. */
export const WINDOW_TABLES: FrameRange = { start: 0x400, end: 0x480 };

export const TABLE_POOL: FrameRange = { start: 0x1000, end: 0x2800 };
export const DATA: FrameRange = { start: 0x3000, end: 0x9000 };
/** Frames that nothing touches before the start marker; the upper end serves as table frames where those are cold. */
export const COLD: FrameRange = { start: 0x9000, end: RAM_FRAMES };
export const COLD_TABLES: FrameRange = { start: 0xf800, end: RAM_FRAMES };

/** First workload page: VA 512 GiB, entry 1 of a root. */
export const BASE_PAGE = 0x8000000;
/** Pages from one place to another that shares no table with it but the root: 1 TiB. */
export const ELSEWHERE = 0x10000000;

/** Flags of an entry that points to a table: this kernel sets A, never D. */
export const TABLE_ENTRY = PTE_P | PTE_RW | PTE_US | PTE_A;
/** Flags of a page that has been written. */
export const USED_PAGE = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;

/** Window pages of a 2 MiB entry of the page directory. */
const REGION_PAGES = pagesOf(SIZE_2M);
const REGIONS = RAM_FRAMES / REGION_PAGES;

/** The window, of 2 MiB or of 4 KiB pages; A and D are set, so that the walker never writes to its tables. */
export function setBootTables(smallPages: boolean, set: SetEntry): void {
  set(BOOT_ROOT, 0, BOOT_PDPT, TABLE_ENTRY);
  set(BOOT_PDPT, 0, BOOT_PD, TABLE_ENTRY);
  for (let region = 0; region < REGIONS; region++) {
    const first = region * REGION_PAGES;
    if (!smallPages) {
      set(BOOT_PD, region, first, USED_PAGE | PTE_PS);
      continue;
    }
    const table = WINDOW_TABLES.start + region;
    set(BOOT_PD, region, table, TABLE_ENTRY);
    for (let index = 0; index < ENTRIES; index++) set(table, index, first + index, USED_PAGE);
  }
}
