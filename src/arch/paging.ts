/**
 * Facts of x86-64 paging (SDM vol. 3, 4.5): levels, page sizes, table indices. Pure functions.
 *
 * Levels count down: level 4 (or 5) is the root, level 1 entries map 4 KiB. An address is two 32-bit
 * halves, so an index is a shift and a mask on int32. NX and protection keys are not modelled.
 */

/** Page sizes by name, as options and traces spell them. */
export type PageSizeName = '4k' | '2m' | '1g';

/** Entries per table page. */
export const ENTRIES = 512;

/** Page sizes as small ints: the index into per-size arrays; leaf level = size + 1. */
export const SIZE_4K = 0;
export const SIZE_2M = 1;
export const SIZE_1G = 2;

export const SIZE_NAMES: readonly PageSizeName[] = ['4k', '2m', '1g'];

export function sizeOfName(name: PageSizeName): number {
  return SIZE_NAMES.indexOf(name);
}

/** 4 KiB pages per page of `size`: 1, 512, 262144. */
export function pagesOf(size: number): number {
  return 1 << (9 * size);
}

/** Index into the table of `level` (5..1) for the address with halves `hi`, `lo`. */
export function tableIndex(hi: number, lo: number, level: number): number {
  switch (level) {
    case 1:
      return (lo >>> 12) & 511;
    case 2:
      return (lo >>> 21) & 511;
    case 3:
      return ((hi << 2) | (lo >>> 30)) & 511;
    case 4:
      return (hi >>> 7) & 511;
    default:
      return (hi >>> 16) & 511;
  }
}

/**
 * The low 32 bits of (gVA >> shift) for the region that one level-`level` entry covers; enough to pick
 * a set, not to tell regions apart.
 */
export function regionLow(hi: number, lo: number, level: number): number {
  switch (level) {
    case 1:
      return (hi << 20) | (lo >>> 12);
    case 2:
      return (hi << 11) | (lo >>> 21);
    case 3:
      return (hi << 2) | (lo >>> 30);
    case 4:
      return hi >>> 7;
    default:
      return hi >>> 16;
  }
}

/** Offset in 4 KiB pages of the address inside its page of `size`. */
export function pageOffset(hi: number, lo: number, size: number): number {
  return regionLow(hi, lo, 1) & (pagesOf(size) - 1);
}

/** Page number of a gVA without its sign extension (45 bits: 57-bit addresses), an exact double. */
export function pageNumberOf(hi: number, lo: number): number {
  return (hi & 0x01ffffff) * 0x100000 + (lo >>> 12);
}

/** Upper half of the gVA of a page number, sign extended again. */
export function pageHi(page: number): number {
  const hi = Math.floor(page / 0x100000);
  return hi >= 0x01000000 ? hi | 0xfe000000 : hi;
}

/** Lower half of the gVA of a page number. */
export function pageLo(page: number): number {
  return ((page % 0x100000) << 12) >>> 0;
}
