/** What mmu/kernel-state.ts has written about one vcpu, what it is told, and the arrays that are described there. */
import { EMPTY, find, push, toFront } from './sets';

// Words of a state, in bytes; mmu/kernel-state.ts has the same list. An array: where it is, its ways, its sets less one.
export const L1: usize = 0;
export const SECOND: usize = 12;
export const PDE: usize = 24;
export const PDE_PAYLOADS: usize = 36;
export const PDPTE: usize = 40;
export const PDPTE_PAYLOADS: usize = 52;
export const NESTED_TLB: usize = 56;
/** Levels 2 to 5, 12 bytes each; no ways: no array. */
export const HOST_WALKS: usize = 68;
export const KEYS: usize = 116;
export const REGIONS: usize = 120;
export const REGION_COUNT: usize = 124;
export const GIANTS: usize = 128;
export const P2M: usize = 132;
/** 0: TLBs only; 1: walks of one dimension; 2: of two. */
export const DIMENSIONS: usize = 136;
/** Data caches that reads of tables go through, from L1 on, 16 bytes each: an array, and how much lower a tag is than a frame. */
export const CACHES: usize = 140;
export const CACHE_BYTES: usize = 16;
/** 1 if there are any. */
export const CACHED: usize = 188;
/** Slabs of the p2m's upper tables, and its levels; the frame of its table 0; frame of gfn 0. */
export const P2M_SLABS: usize = 192;
export const P2M_LEVELS: usize = 196;
export const P2M_FRAME: usize = 200;
export const OFFSET: usize = 204;
/** 1: frames may have bits above the 24 that an entry holds (guest/page-table.ts). */
export const WIDE: usize = 208;
/** A byte a region, 1 if a larger entry may cover it, and how many; address 0: there are none. */
export const LARGE: usize = 212;
export const LARGE_COUNT: usize = 216;
/** 1: walks begin at the root, for there is no walk cache: level-3 tables by giant, as GIANTS; address and frame of the root. */
export const FROM_ROOT: usize = 220;
export const TOPS: usize = 224;
export const ROOT: usize = 228;
export const ROOT_FRAME: usize = 232;

// Results, which grow until KernelState.take.
export const SECOND_HITS: usize = 256;
export const WALKS: usize = 260;
export const PDPTE_WALKS: usize = 264;
export const NESTED_HITS: usize = 268;
/** Host walks by the level that the walk cache gave, 0 and 2 to 5. */
export const HOST_SHAPES: usize = 272;
/** Reads of tables by the cache that served them, and by memory. */
export const READS: usize = 296;
export const READS_OF_MEMORY: usize = 308;
/** Entries taken into use, by array: L1, second, PDE, nested TLB, host walk cache of level 2 to 5, data caches. */
export const LIVE_L1: usize = 312;
export const LIVE_SECOND: usize = 316;
export const LIVE_PDE: usize = 320;
export const LIVE_NESTED: usize = 324;
export const LIVE_HOST: usize = 328;
export const LIVE_CACHES: usize = 344;

export function setOf(array: usize, number: i32): usize {
  const set = number & load<i32>(array, 8);
  return load<usize>(array) + ((<usize>(set * load<i32>(array, 4))) << 2);
}

export function more(at: usize): void {
  store<i32>(at, load<i32>(at) + 1);
}

/** As SetAssoc.enter, into the set that the key's low bits name: true on a hit, else entered. */
export function enter(array: usize, key: i32, flags: i32, live: usize): bool {
  return enterIn(array, key, key, flags, live);
}

export function enterIn(array: usize, number: i32, key: i32, flags: i32, live: usize): bool {
  const ways = load<i32>(array, 4);
  const set = setOf(array, number);
  const way = find(set, ways, key << 2);
  if (way >= 0) {
    toFront(set, ways, way);
    return true;
  }
  if (push(set, ways, (key << 2) | flags) == EMPTY) more(live);
  return false;
}
