/**
 * Page accesses from one that is not plain to the next (mmu/block-replay.ts), in AssemblyScript.
 *
 * Plain is a hit of either TLB level with the right that it needs, as SetAssoc.scanTwo goes over them; and a walk that changes
 * nothing but caches and counters: the walk cache holds the PDE or the PDPTE above the page, the page is mapped by 4 KiB
 * leaves (of the guest, and of the p2m where there is one) that allow the access, A and D are set. Everything is looked at before
 * anything is changed, so when {@link run} stops, nothing of the access has been done, and the code that knows all rules does
 * it (mmu/native.ts, mmu/hap.ts; docs/model.md 2 to 5). This file holds none of its own.
 *
 * Everything is in the memory of an Arena (util/arena.ts); `state` is what mmu/kernel-state.ts has written about one vcpu.
 */
import { EMPTY, find, KEY_MASK, push, toFront } from './sets';

// Words of a state, in bytes; mmu/kernel-state.ts has the same list. An array: where it is, its ways, its sets less one.
const L1: usize = 0;
const SECOND: usize = 12;
const PDE: usize = 24;
const PDE_PAYLOADS: usize = 36;
const PDPTE: usize = 40;
const PDPTE_PAYLOADS: usize = 52;
const NESTED_TLB: usize = 56;
/** Levels 2 to 5, 12 bytes each; no ways: no array. */
const HOST_WALKS: usize = 68;
const KEYS: usize = 116;
const REGIONS: usize = 120;
const REGION_COUNT: usize = 124;
const GIANTS: usize = 128;
const P2M: usize = 132;
/** 0: TLBs only; 1: walks of one dimension; 2: of two. */
const DIMENSIONS: usize = 136;
/** Data caches that reads of tables go through, from L1 on, 16 bytes each: an array, and how much lower a tag is than a frame. */
const CACHES: usize = 140;
const CACHE_BYTES: usize = 16;
/** 1 if there are any. */
const CACHED: usize = 188;
/** Slabs of the p2m's upper tables, and its levels; the frame of its table 0; frame of gfn 0. */
const P2M_SLABS: usize = 192;
const P2M_LEVELS: usize = 196;
const P2M_FRAME: usize = 200;
const OFFSET: usize = 204;

// Results, which grow until KernelState.take.
const SECOND_HITS: usize = 256;
const WALKS: usize = 260;
const PDPTE_WALKS: usize = 264;
const NESTED_HITS: usize = 268;
/** Host walks by the level that the walk cache gave, 0 and 2 to 5. */
const HOST_SHAPES: usize = 272;
/** Reads of tables by the cache that served them, and by memory. */
const READS: usize = 296;
const READS_OF_MEMORY: usize = 308;
/** Entries taken into use, by array: L1, second, PDE, nested TLB, host walk cache of level 2 to 5, data caches. */
const LIVE_L1: usize = 312;
const LIVE_SECOND: usize = 316;
const LIVE_PDE: usize = 320;
const LIVE_NESTED: usize = 324;
const LIVE_HOST: usize = 328;
const LIVE_CACHES: usize = 344;

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

function setOf(array: usize, number: i32): usize {
  const set = number & load<i32>(array, 8);
  return load<usize>(array) + ((<usize>(set * load<i32>(array, 4))) << 2);
}

function more(at: usize): void {
  store<i32>(at, load<i32>(at) + 1);
}

/**
 * Replays `keys[from..to)`, all of them fetches or none; returns the first that is not plain, or `to`.
 */
export function run(state: usize, from: i32, to: i32): i32 {
  const ways = load<i32>(state + L1, 4);
  const sets = load<i32>(state + L1, 8);
  const first = load<usize>(state + L1);
  const keys = load<usize>(state + KEYS);
  let i = from;
  for (; i < to; i++) {
    const key = load<i32>(keys + (i << 2));
    const mask = KEY_MASK | (key & 1);
    const set = first + ((<usize>(((key >> 2) & sets) * ways)) << 2);
    const e0 = load<i32>(set);
    if (((e0 ^ key) & mask) == 0) continue;
    if (ways == 4) {
      // One compare after the other: streams that take turns in a set are foreseen by the processor.
      const e1 = load<i32>(set, 4);
      if (((e1 ^ key) & mask) == 0) {
        store<i32>(set, e0, 4);
        store<i32>(set, e1);
        continue;
      }
      const e2 = load<i32>(set, 8);
      if (((e2 ^ key) & mask) == 0) {
        store<i32>(set, e1, 8);
        store<i32>(set, e0, 4);
        store<i32>(set, e2);
        continue;
      }
      const e3 = load<i32>(set, 12);
      if (((e3 ^ key) & mask) == 0) {
        store<i32>(set, e2, 12);
        store<i32>(set, e1, 8);
        store<i32>(set, e0, 4);
        store<i32>(set, e3);
        continue;
      }
    } else {
      const way = find(set, ways, key & KEY_MASK);
      if (way >= 0 && ((load<i32>(set + (way << 2)) ^ key) & mask) == 0) {
        toFront(set, ways, way);
        continue;
      }
    }
    if (!behind(state, set, ways, key)) break;
  }
  return i;
}

/** An access that the first level does not serve: by the second, or by a walk; false if it is not plain. */
function behind(state: usize, first: usize, ways: i32, key: i32): bool {
  const wanted = key & KEY_MASK;
  // A store that finds its page without the right is a matter for single look-ups.
  if ((key & 1) != 0 && find(first, ways, wanted) >= 0) return false;
  const second = setOf(state + SECOND, key >> 2);
  const waysBehind = load<i32>(state + SECOND, 4);
  const way = find(second, waysBehind, wanted);
  let entry: i32;
  if (way >= 0) {
    entry = load<i32>(second + (way << 2));
    if (((entry ^ key) & (KEY_MASK | (key & 1))) != 0) return false;
    toFront(second, waysBehind, way);
    more(state + SECOND_HITS);
  } else {
    const flags = walk(state, key >>> 2, key & 1);
    if (flags < 0) return false;
    entry = wanted | flags;
    if (push(second, waysBehind, entry) == EMPTY) more(state + LIVE_SECOND);
    more(state + WALKS);
  }
  if (push(first, ways, entry) == EMPTY) more(state + LIVE_L1);
  return true;
}

/** Walks for `page`: flags of the TLB entry; -1 if the walk is not plain: nothing has changed. */
function walk(state: usize, page: i32, isStore: i32): i32 {
  const dimensions = load<i32>(state + DIMENSIONS);
  const region = page >>> 9;
  if (dimensions == 0 || <u32>region >= load<u32>(state + REGION_COUNT)) return -1;
  const known = load<usize>(state + REGIONS) + ((<usize>region) << 4);
  const table = load<i32>(known);
  const leaves = load<usize>(known, 8);
  if (leaves == 0) return -1;
  const leaf = load<i32>(leaves + ((page & 511) << 2));
  const gfn = leaf >>> 8;
  const need = isStore ? P | A | RW | D : P | A;
  if ((leaf & need) != need || (dimensions == 2 && !isSmall(state, gfn))) return -1;
  const place = load<i32>(known, 12);
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
  if (load<i32>(state + CACHED) != 0) read(state, table + load<i32>(state + OFFSET), page & 511);
  if (dimensions == 2) translate(state, gfn);
  // W if all entries and the leaf allow stores and the leaf is dirty; G of the leaf, which is bit 3 there.
  return (payload & (leaf >> 1) & (leaf >> 6) & 1) | ((leaf >> 2) & 2);
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
  if (above >>> 1 != load<i32>(known) || entry >>> 8 != table || (entry & (P | A | PS)) != (P | A)) return -1;
  const writable = above & (entry >> 1) & 1;
  if ((isStore && writable == 0) || (dimensions == 2 && !isSmall(state, table))) return -1;
  toFront(set, ways, way);
  toFront(payloads, ways, way);
  more(state + PDPTE_WALKS);
  if (load<i32>(state + CACHED) != 0) read(state, (above >>> 1) + load<i32>(state + OFFSET), place & 511);
  if (dimensions == 2) translate(state, table);
  return (table << 1) | writable;
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
    number = level == 5 ? 0 : number >>> 9;
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

/** As SetAssoc.enter, into the set that the key's low bits name: true on a hit, else entered. */
function enter(array: usize, key: i32, flags: i32, live: usize): bool {
  return enterIn(array, key, key, flags, live);
}

function enterIn(array: usize, number: i32, key: i32, flags: i32, live: usize): bool {
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

/** Reads the leaf entries, and those of the p2m behind them, of `keys[from..to)`: the processor waits for many at once. */
export function ahead(state: usize, from: i32, to: i32): i32 {
  const keys = load<usize>(state + KEYS);
  const regions = load<usize>(state + REGIONS);
  const count = load<u32>(state + REGION_COUNT);
  const p2m = load<i32>(state + DIMENSIONS) == 2 ? load<usize>(state + P2M) : 0;
  let read: i32 = 0;
  for (let i = from; i < to; i++) {
    const page = load<i32>(keys + (i << 2)) >>> 2;
    if (<u32>(page >>> 9) >= count) continue;
    const leaves = load<usize>(regions + ((<usize>(page >>> 9)) << 4), 8);
    if (leaves == 0) continue;
    const gfn = load<i32>(leaves + ((page & 511) << 2)) >>> 8;
    read ^= gfn;
    if (p2m == 0) continue;
    const chunk = load<usize>(p2m + ((gfn >>> 16) << 2));
    if (chunk != 0) read ^= load<u8>(chunk + (gfn & 0xffff));
  }
  return read;
}
