/**
 * Sets of mmu/set-assoc.ts kept in order of use: `ways` int32 side by side, `key << 2 | flags`, the one used last in
 * front, -1 where there is none. Four ways at a time where the number of ways allows it.
 */

export const KEY_MASK: i32 = -4;
export const EMPTY: i32 = -1;

/** Tables of 16 bytes a way, written by mmu/replay-kernel.ts: which bytes move where when way n comes to the front; lanes up to n. */
export const TO_FRONT: usize = 1024;
export const UP_TO: usize = 1088;

/** Way of the set that holds `wanted` (flags 0), or -1. */
export function find(set: usize, ways: i32, wanted: i32): i32 {
  if ((ways & 3) != 0) return findEach(set, ways, wanted);
  const key = i32x4.splat(wanted);
  const mask = i32x4.splat(KEY_MASK);
  for (let way = 0; way < ways; way += 4) {
    const same = i32x4.eq(v128.and(v128.load(set + (way << 2)), mask), key);
    if (v128.any_true(same)) return way + ctz(i32x4.bitmask(same));
  }
  return -1;
}

function findEach(set: usize, ways: i32, wanted: i32): i32 {
  for (let way = 0; way < ways; way++) if ((load<i32>(set + (way << 2)) & KEY_MASK) == wanted) return way;
  return -1;
}

/** Moves what is in `way` to the front. */
export function toFront(set: usize, ways: i32, way: i32): void {
  if (way == 0) return;
  if (ways == 4) {
    const entries = v128.load(set);
    v128.store(set, v128.swizzle(entries, v128.load(TO_FRONT + (way << 4))));
    return;
  }
  const front = load<i32>(set + (way << 2));
  if ((ways & 3) != 0) {
    for (let at = set + (way << 2); at > set; at -= 4) store<i32>(at, load<i32>(at - 4));
  } else {
    // From the last group on, so that each is read before what goes before it has moved.
    let at = set + ((way & ~3) << 2);
    const upTo = v128.load(UP_TO + ((way & 3) << 4));
    const here = v128.load(at);
    if (at == set) v128.store(at, v128.bitselect(v128.shuffle<i32>(here, here, 0, 0, 1, 2), here, upTo));
    else {
      v128.store(at, v128.bitselect(v128.load(at - 4), here, upTo));
      for (at -= 16; at > set; at -= 16) v128.store(at, v128.load(at - 4));
      const first = v128.load(set);
      v128.store(set, v128.shuffle<i32>(first, first, 0, 0, 1, 2));
    }
  }
  store<i32>(set, front);
}

/** Enters `entry` in front; returns what the set has lost for it. */
export function push(set: usize, ways: i32, entry: i32): i32 {
  const lost = load<i32>(set + (ways << 2) - 4);
  if ((ways & 3) != 0) {
    for (let at = set + (ways << 2) - 4; at > set; at -= 4) store<i32>(at, load<i32>(at - 4));
    store<i32>(set, entry);
  } else {
    for (let at = set + (ways << 2) - 16; at > set; at -= 16) v128.store(at, v128.load(at - 4));
    v128.store(set, v128.shuffle<i32>(i32x4.splat(entry), v128.load(set), 0, 4, 5, 6));
  }
  return lost;
}
