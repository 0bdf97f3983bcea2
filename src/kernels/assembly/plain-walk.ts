/**
 * Walks that change nothing but caches and counters, of one dimension and of two, by guest tables and p2m where they are (see
 * replay.ts for what is plain; docs/model.md 3 to 5 for what a walk is).
 */
import {
  CACHED,
  CACHES,
  CACHE_BYTES,
  DIMENSIONS,
  FROM_ROOT,
  GIANTS,
  HOST_SHAPES,
  HOST_WALKS,
  LIVE_CACHES,
  LIVE_HOST,
  LIVE_NESTED,
  LIVE_PDE,
  NESTED_HITS,
  NESTED_TLB,
  OFFSET,
  P2M,
  P2M_FRAME,
  P2M_LEVELS,
  P2M_SLABS,
  PDE,
  PDE_PAYLOADS,
  PDPTE,
  PDPTE_PAYLOADS,
  PDPTE_WALKS,
  READS,
  READS_OF_MEMORY,
  REGIONS,
  REGION_COUNT,
  ROOT,
  ROOT_FRAME,
  TOPS,
  enter,
  enterIn,
  more,
  setOf,
  WIDE,
} from './replay-state';
import { EMPTY, find, push, toFront } from './sets';

/** Entries of the p2m from here on are links: this plus the number of the table below (hypervisor/p2m.ts). */
const LINK: i32 = 3;

const P: i32 = 0x01;
const RW: i32 = 0x02;
const A: i32 = 0x20;
const D: i32 = 0x40;
const PS: i32 = 0x80;
const TLB_W: i32 = 1;
/** A leaf of the p2m that may be written. */
const SMALL: u8 = 1;

/** Walks for `page`: flags of the TLB entry; -1 if the walk is not plain: nothing has changed. */
export function walk(state: usize, page: i32, isStore: i32): i32 {
  const dimensions = load<i32>(state + DIMENSIONS);
  const region = page >>> 9;
  if (dimensions == 0 || <u32>region >= load<u32>(state + REGION_COUNT)) return -1;
  const known = load<usize>(state + REGIONS) + ((<usize>region) << 4);
  const table = load<i32>(known);
  const leaves = load<usize>(known, 8);
  if (leaves == 0) return -1;
  const leaf = load<i32>(leaves + ((page & 511) << 2));
  const gfn = frameOf(state, known, page & 511, leaf);
  const need = isStore ? P | A | RW | D : P | A;
  if ((leaf & need) != need || (dimensions == 2 && !isSmall(state, gfn))) return -1;
  const place = load<i32>(known, 12);
  const payload =
    load<i32>(state + FROM_ROOT) != 0
      ? fromRoot(state, place, table, isStore)
      : fromCaches(state, place, region, table, isStore, dimensions);
  if (payload < 0) return -1;
  if (load<i32>(state + CACHED) != 0) read(state, table + load<i32>(state + OFFSET), page & 511);
  if (dimensions == 2) translate(state, gfn);
  // W if all entries and the leaf allow stores and the leaf is dirty; G of the leaf, which is bit 3 there.
  return (payload & (leaf >> 1) & (leaf >> 6) & 1) | ((leaf >> 2) & 2);
}

/**
 * The way to the leaf's table by walk caches: `table` << 1 | 1 if all entries above it allow stores; -1 if the walk is not plain.
 * @param place of the region: giant << 12 | low bits of its number
 */
function fromCaches(state: usize, place: i32, region: i32, table: i32, isStore: i32, dimensions: i32): i32 {
  const pde = setOf(state + PDE, place & 0xfff);
  const pdeWays = load<i32>(state + PDE, 4);
  const pdePayloads = pde - load<usize>(state + PDE) + load<usize>(state + PDE_PAYLOADS);
  const way = find(pde, pdeWays, region << 2);
  let payload: i32;
  if (way >= 0) {
    payload = load<i32>(pdePayloads + (way << 2));
    if (payload >>> 1 != table || (isStore && (payload & 1) == 0)) return -1;
    toFront(pde, pdeWays, way);
    toFront(pdePayloads, pdeWays, way);
  } else {
    payload = fromGiant(state, place, table, isStore, dimensions);
    if (payload < 0) return -1;
    if (push(pde, pdeWays, region << 2) == EMPTY) more(state + LIVE_PDE);
    push(pdePayloads, pdeWays, payload);
  }
  return payload;
}

/**
 * The same without walk caches, native: by the entries of four levels, all of them present and with A, none above level 1 a
 * leaf. Frames that have bits beyond an entry are not known here (KernelState.prepare).
 */
function fromRoot(state: usize, place: i32, table: i32, isStore: i32): i32 {
  const offset = (<usize>(place >>> 12)) << 4;
  const known = load<usize>(state + GIANTS) + offset;
  const top = load<usize>(state + TOPS) + offset;
  if (load<usize>(known, 8) == 0 || load<usize>(top, 8) == 0) return -1;
  const number = load<i32>(known, 12);
  const index4 = (number >>> 9) & 511;
  const index3 = number & 511;
  const index2 = place & 511;
  const entry4 = load<i32>(load<usize>(state + ROOT) + (index4 << 2));
  const entry3 = load<i32>(load<usize>(top, 8) + (index3 << 2));
  const entry2 = load<i32>(load<usize>(known, 8) + (index2 << 2));
  const level3 = load<i32>(top);
  const level2 = load<i32>(known);
  if (entry4 >>> 8 != level3 || entry3 >>> 8 != level2 || entry2 >>> 8 != table) return -1;
  // At level 4, PS is reserved and not looked at.
  if ((entry4 & entry3 & entry2 & (P | A)) != (P | A) || ((entry3 | entry2) & PS) != 0) return -1;
  const writable = ((entry4 & entry3 & entry2) >> 1) & 1;
  if (isStore && writable == 0) return -1;
  if (load<i32>(state + CACHED) != 0) {
    read(state, load<i32>(state + ROOT_FRAME), index4);
    read(state, level3, index3);
    read(state, level2, index2);
  }
  return (table << 1) | writable;
}

/**
 * A walk that begins below the PDPTE: payload of the PDE, with which it comes to `table`; -1 if it is not plain.
 * @param place of the region: giant << 12 | low bits of its number
 */
function fromGiant(state: usize, place: i32, table: i32, isStore: i32, dimensions: i32): i32 {
  const giant = place >>> 12;
  const known = load<usize>(state + GIANTS) + ((<usize>giant) << 4);
  const entries = load<usize>(known, 8);
  if (entries == 0) return -1;
  const set = setOf(state + PDPTE, load<i32>(known, 12));
  const ways = load<i32>(state + PDPTE, 4);
  const way = find(set, ways, giant << 2);
  if (way < 0) return -1;
  const payloads = set - load<usize>(state + PDPTE) + load<usize>(state + PDPTE_PAYLOADS);
  const above = load<i32>(payloads + (way << 2));
  const entry = load<i32>(entries + ((place & 511) << 2));
  if (
    above >>> 1 != load<i32>(known) ||
    frameOf(state, known, place & 511, entry) != table ||
    (entry & (P | A | PS)) != (P | A)
  )
    return -1;
  const writable = above & (entry >> 1) & 1;
  if ((isStore && writable == 0) || (dimensions == 2 && !isSmall(state, table))) return -1;
  toFront(set, ways, way);
  toFront(payloads, ways, way);
  more(state + PDPTE_WALKS);
  if (load<i32>(state + CACHED) != 0) read(state, (above >>> 1) + load<i32>(state + OFFSET), place & 511);
  if (dimensions == 2) translate(state, table);
  return (table << 1) | writable;
}

/** Tables of a slab, and bytes of one; high bits of its frames come after them all. */
const IN_SLAB: i32 = 255;
const TABLE_SHIFT: i32 = 11;
const SLAB_BYTES: usize = 256 << 11;

/** The frame in `entry`, which is entry `index` of the table that `known` tells of (mmu/known-tables.ts). */
function frameOf(state: usize, known: usize, index: i32, entry: i32): i32 {
  if (load<i32>(state + WIDE) == 0) return entry >>> 8;
  const number = load<i32>(known, 4) & IN_SLAB;
  const slab = load<usize>(known, 8) - ((<usize>number) << TABLE_SHIFT);
  return (entry >>> 8) | ((<i32>load<u8>(slab + SLAB_BYTES + <usize>((number << 9) | index))) << 24);
}

/** True if a writable leaf of 4 KiB maps `gfn`. */
function isSmall(state: usize, gfn: i32): bool {
  const chunk = load<usize>(load<usize>(state + P2M) + ((gfn >>> 16) << 2));
  return chunk != 0 && load<u8>(chunk + (gfn & 0xffff)) == SMALL;
}

/** The nested TLB, and behind it the host walk of a 4 KiB leaf. */
function translate(state: usize, gfn: i32): void {
  if (enter(state + NESTED_TLB, gfn, TLB_W, state + LIVE_NESTED)) {
    more(state + NESTED_HITS);
    return;
  }
  const hit = cachedLevel(state, gfn);
  more(state + HOST_SHAPES + (hit << 2));
  if (load<i32>(state + CACHED) != 0) readHost(state, gfn, hit);
}

/** Level of the deepest entry of the host walk cache that covers `gfn`, 0 if there is none; those below it are entered. */
function cachedLevel(state: usize, gfn: i32): i32 {
  let number = gfn;
  for (let level = 2; level <= 5; level++) {
    // Of a gfn, which has 30 bits, nothing is left at level 5.
    number >>>= 9;
    const array = state + HOST_WALKS + (level - 2) * 12;
    if (load<i32>(array, 4) == 0) continue;
    if (enter(array, number, 0, state + LIVE_HOST + ((level - 2) << 2))) return level;
  }
  return 0;
}

/** Sends the reads of a host walk through the data caches: of the entries below the one of level `hit`. */
function readHost(state: usize, gfn: i32, hit: i32): void {
  const slabs = load<usize>(state + P2M_SLABS);
  const frame = load<i32>(state + P2M_FRAME);
  let table = 0;
  for (let level = load<i32>(state + P2M_LEVELS); level > 0; level--) {
    // Of a gfn, which has 30 bits, the fifth level has none.
    const index = level == 5 ? 0 : (gfn >>> (9 * (level - 1))) & 511;
    if (hit == 0 || level < hit) read(state, frame + table, index);
    if (level == 1) break;
    table =
      load<i32>(load<usize>(slabs + ((table >>> 8) << 2)) + ((((table & 255) << 9) | index) << 2)) - LINK;
  }
}

/** Reads entry `index` of the table in machine frame `mfn`, as PteCache.read. */
function read(state: usize, mfn: i32, index: i32): void {
  for (let cache = 0; cache < 3; cache++) {
    const array = state + CACHES + cache * CACHE_BYTES;
    if (load<i32>(array, 4) == 0) continue;
    const set = (mfn << 6) | (index >>> 3);
    if (enterIn(array, set, mfn >>> load<i32>(array, 12), 0, state + LIVE_CACHES + (cache << 2))) {
      more(state + READS + (cache << 2));
      return;
    }
  }
  more(state + READS_OF_MEMORY);
}
