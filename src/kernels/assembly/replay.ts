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
import { walk } from './plain-walk';
import {
  DIMENSIONS,
  KEYS,
  L1,
  LARGE,
  LARGE_COUNT,
  LIVE_L1,
  LIVE_SECOND,
  P2M,
  REGIONS,
  REGION_COUNT,
  SECOND,
  SECOND_HITS,
  WALKS,
  more,
  setOf,
} from './replay-state';
import { EMPTY, find, KEY_MASK, push, toFront } from './sets';

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
  if (mayBeLarge(state, key >>> 11)) return false;
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

/** True if an entry larger than 4 KiB may cover the region: single look-ups know where to look for it. */
function mayBeLarge(state: usize, region: i32): bool {
  const large = load<usize>(state + LARGE);
  return large != 0 && <u32>region < load<u32>(state + LARGE_COUNT) && load<u8>(large + <usize>region) != 0;
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
