/**
 * Published tables in closed form, as data: references per walk and table pages per guest. The numbers are those
 * of the publications (or their formulas worked out); the engine never reads them.
 */
import type { PageSizeName } from '../../arch/paging.js';

export interface ColdWalkRow {
  readonly levels: 4 | 5;
  readonly leaf: PageSizeName;
  readonly native: number;
  /** Host leaves of 4K, 2M, 1G. */
  readonly host4: readonly number[];
  readonly host5: readonly number[];
}

/** References of a cold walk: g (h + 1) + h. */
// prettier-ignore
export const COLD_WALKS: readonly ColdWalkRow[] = [
  { levels: 4, leaf: '4k', native: 4, host4: [24, 19, 14], host5: [29, 24, 19] },
  { levels: 4, leaf: '2m', native: 3, host4: [19, 15, 11], host5: [23, 19, 15] },
  { levels: 4, leaf: '1g', native: 2, host4: [14, 11,  8], host5: [17, 14, 11] },
  { levels: 5, leaf: '4k', native: 5, host4: [29, 23, 17], host5: [35, 29, 23] },
  { levels: 5, leaf: '2m', native: 4, host4: [24, 19, 14], host5: [29, 24, 19] },
  { levels: 5, leaf: '1g', native: 3, host4: [19, 15, 11], host5: [23, 19, 15] },
];

export interface NestingRow {
  readonly guest: PageSizeName;
  readonly host: PageSizeName;
  /** Nested levels 0 (pure shadow), 1, ... up to all of the guest's. */
  readonly byDegree: readonly number[];
  /** The root pointer is translated too. */
  readonly full: number;
}

/** References by degree of nesting: s + n (1 + h), and g (h + 1) + h. */
// prettier-ignore
export const DEGREES_OF_NESTING: readonly NestingRow[] = [
  { guest: '4k', host: '4k', byDegree: [4, 8, 12, 16, 20], full: 24 },
  { guest: '4k', host: '2m', byDegree: [4, 7, 10, 13, 16], full: 19 },
  { guest: '4k', host: '1g', byDegree: [4, 6, 8, 10, 12], full: 14 },
  { guest: '2m', host: '4k', byDegree: [3, 7, 11, 15], full: 19 },
  { guest: '2m', host: '2m', byDegree: [3, 6, 9, 12], full: 15 },
  { guest: '2m', host: '1g', byDegree: [3, 5, 7, 9], full: 11 },
  { guest: '1g', host: '4k', byDegree: [2, 6, 10], full: 14 },
  { guest: '1g', host: '2m', byDegree: [2, 5, 8], full: 11 },
  { guest: '1g', host: '1g', byDegree: [2, 4, 6], full: 8 },
];

export interface SkipRow {
  /** Guest levels skipped: 1 = PML4E hit, 2 = PDPTE hit, 3 = PDE hit. */
  readonly guestSkipped: number;
  /** Host levels skipped 0 to 3. */
  readonly byHostSkipped: readonly number[];
  /** Every guest-physical address is in the nested TLB; null: not published. */
  readonly nestedTlb: number | null;
}

/** Guest entries give the host address of the next table: (4-gs) + T (4-hs), T = 4-gs, 5 if nothing is skipped. */
export const COMBINED_SKIPS: readonly SkipRow[] = [
  { guestSkipped: 0, byHostSkipped: [24, 19, 14, 9], nestedTlb: 4 },
  { guestSkipped: 1, byHostSkipped: [15, 12, 9, 6], nestedTlb: 3 },
  { guestSkipped: 2, byHostSkipped: [10, 8, 6, 4], nestedTlb: 2 },
  { guestSkipped: 3, byHostSkipped: [5, 4, 3, 2], nestedTlb: 1 },
];

/** Guest entries give the guest address of the next table: (4-gs) + (5-gs) (4-hs). */
export const GUEST_PHYSICAL_SKIPS: readonly SkipRow[] = [
  { guestSkipped: 0, byHostSkipped: [24, 19, 14, 9], nestedTlb: null },
  { guestSkipped: 1, byHostSkipped: [19, 15, 11, 7], nestedTlb: null },
  { guestSkipped: 2, byHostSkipped: [14, 11, 8, 5], nestedTlb: null },
  { guestSkipped: 3, byHostSkipped: [9, 7, 5, 3], nestedTlb: null },
];

export interface OneDimensionRow {
  readonly mode: 'native' | 'shadow';
  readonly leaf: PageSizeName;
  /** Levels skipped 0, 1, ... */
  readonly bySkipped: readonly number[];
}

/** One dimension: 4 - gs; a leaf is never cached as a pointer to a table. */
export const ONE_DIMENSION_SKIPS: readonly OneDimensionRow[] = [
  { mode: 'native', leaf: '4k', bySkipped: [4, 3, 2, 1] },
  { mode: 'shadow', leaf: '4k', bySkipped: [4, 3, 2, 1] },
  { mode: 'native', leaf: '2m', bySkipped: [3, 2, 1] },
];

export interface P2mRow {
  readonly gib: number;
  /** Table pages, root included, with leaves of 4K, 2M, 1G. */
  readonly pages: readonly number[];
}

// prettier-ignore
export const P2M_PAGES: readonly P2mRow[] = [
  { gib: 1,   pages: [515, 3, 2] },
  { gib: 4,   pages: [2054, 6, 2] },
  { gib: 16,  pages: [8210, 18, 2] },
  { gib: 64,  pages: [32834, 66, 2] },
  { gib: 128, pages: [65666, 130, 2] },
  { gib: 256, pages: [131330, 258, 2] },
];

export interface PoolRow {
  readonly vcpus: number;
  readonly gib: number;
  readonly hapMib: number;
  readonly shadowMib: number;
}

/** 4 KiB x (256 a vcpu + 1 per MiB for the p2m + 1 more per MiB without HAP). */
export const POOLS: readonly PoolRow[] = [{ vcpus: 4, gib: 16, hapMib: 68, shadowMib: 132 }];
