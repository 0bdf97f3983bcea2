/**
 * SetAssoc: the one set-associative array behind TLBs, walk caches, nested TLB and data caches.
 *
 * An entry is one int32: `key << 2 | flags`, with an optional int32 payload. For `lru` and `fifo` a set is kept
 * in order of recency or insertion (move to front), which makes a hit of the first entry one compare, the victim always
 * the last way, and look-up and insertion one pass ({@link enter}); `plru` and `random` keep entries in place. Any way
 * count; the number of sets is a power of two. Keys are below 2^30 and never all ones.
 *
 * The methods of the walk are written flat, without helpers, for ordered sets: a call for each step made a
 * two-dimensional walk twice as dear (bench/README.md, row zipf). Not modelled: pinned entries, sectored lines.
 */
// exempt from the size limit: one structure, whose hot loops are written out instead of sharing helpers
import type { ArrayConfig } from '../config/schema.js';
import type { Arena } from '../util/arena.js';
import type { Prng } from '../util/prng.js';

const EMPTY = -1;
const KEY_MASK = -4;

const LRU = 0;
const FIFO = 1;
const PLRU = 2;
const RANDOM = 3;

/** Why {@link SetAssoc.scanTwo} stopped: it came to the end; neither level holds the key; it is there without the right. */
export const STOP_END = 0;
export const STOP_MISS = 1;
export const STOP_RIGHTS = 2;

export class SetAssoc {
  readonly sets: number;
  readonly ways: number;
  /** Entries in use: a probe of an empty array can be skipped. */
  live = 0;
  /** Of the last {@link scanTwo}: hits of the second level, and why it stopped. */
  hitsBehind = 0;
  stoppedAt = STOP_END;
  readonly #policy: number;
  /** Ways of a set side by side, `key << 2 | flags` each; for the loops of kernels, too (mmu/kernel-state.ts). */
  entries: Int32Array;
  payloads: Int32Array | null;
  /** Addresses of entries and payloads in an arena, or 0. */
  at = 0;
  payloadsAt = 0;
  /** What {@link enter} pushed out last. */
  #victim = EMPTY;
  /** PLRU: one bit per tree node, `1` points right; nodes of a set are contiguous, root at 1. */
  readonly #tree: Uint8Array | null;
  readonly #leaves: number;
  readonly #prng: Prng | null;

  constructor(config: ArrayConfig, options: { payload?: boolean; prng?: Prng } = {}) {
    this.ways = config.ways;
    this.sets = config.entries / config.ways;
    this.#policy = ['lru', 'fifo', 'plru', 'random'].indexOf(config.policy);
    this.entries = new Int32Array(config.entries).fill(EMPTY);
    this.payloads = options.payload === true ? new Int32Array(config.entries) : null;
    let leaves = 1;
    while (leaves < this.ways) leaves *= 2;
    this.#leaves = leaves;
    this.#tree = this.#policy === PLRU ? new Uint8Array(this.sets * leaves) : null;
    this.#prng = options.prng ?? null;
  }

  /**
   * Runs over `keys[from..to)` (each `pageId << 2 | needsWrite`) while they hit with sufficient flags,
   * updating recency; returns the index of the first that does not, or `to`. The set is the low bits
   * of the key, so an array with more than 512 sets cannot be scanned with page ids.
   *
   * The inner loop makes no call: counting hits by index subtraction and staying inside one loop
   * is what keeps a hit at a few nanoseconds.
   */
  scan(keys: Int32Array, from: number, to: number): number {
    const entries = this.entries;
    const ways = this.ways | 0;
    const setMask = (this.sets - 1) | 0;
    const inOrder = this.#policy === LRU;
    let i = from | 0;
    for (; i < to; i++) {
      const key = keys[i]! | 0;
      const set = (key >> 2) & setMask;
      const base = Math.imul(set, ways);
      const mask = KEY_MASK | (key & 1);
      if (((entries[base]! ^ key) & mask) === 0) {
        if (this.#policy === PLRU) this.#point(set, 0);
        continue;
      }
      let way = 1;
      while (way < ways && ((entries[base + way]! ^ key) & mask) !== 0) way++;
      if (way >= ways) return i;
      if (inOrder) {
        const entry = entries[base + way]!;
        for (let w = way; w > 0; w--) entries[base + w] = entries[base + w - 1]!;
        entries[base] = entry;
      } else if (this.#policy === PLRU) this.#point(set, way);
    }
    return i;
  }

  /** True if {@link scanTwo} can be used, on either side. */
  get inOrderOfUse(): boolean {
    return this.#policy === LRU && this.payloads === null && this.sets <= 512;
  }

  /**
   * As {@link scan} for two levels of TLB, this one and `second`: keys that only the second holds with sufficient flags
   * are entered here, too. Stops at the first that needs a walk: {@link stoppedAt} says why. A key that neither level
   * holds has then been entered in the second ahead of the walk, as by {@link enter}.
   *
   * One loop over both, since an access that misses the first level and hits the second costs a third of what calls
   * between the levels make of it (bench/README.md, row matmul).
   */
  scanTwo(second: SetAssoc, keys: Int32Array, from: number, to: number): number {
    const entries = this.entries;
    const ways = this.ways | 0;
    const setMask = (this.sets - 1) | 0;
    const behind = second.entries;
    const waysBehind = second.ways | 0;
    const setMaskBehind = (second.sets - 1) | 0;
    let hitsBehind = 0;
    let i = from | 0;
    this.stoppedAt = STOP_END;
    for (; i < to; i++) {
      const key = keys[i]! | 0;
      const base = Math.imul((key >> 2) & setMask, ways);
      const mask = KEY_MASK | (key & 1);
      // The first two ways apart: two or three streams in one set take turns there (bench/README.md, rows triad, matmul).
      const first = entries[base]!;
      if (((first ^ key) & mask) === 0) continue;
      const next = ways > 1 ? entries[base + 1]! : first;
      if (((next ^ key) & mask) === 0) {
        entries[base + 1] = first;
        entries[base] = next;
        continue;
      }
      let way = 2;
      while (way < ways && ((entries[base + way]! ^ key) & mask) !== 0) way++;
      if (way < ways) {
        const entry = entries[base + way]!;
        for (let w = way; w > 1; w--) entries[base + w] = entries[base + w - 1]!;
        entries[base + 1] = first;
        entries[base] = entry;
        continue;
      }
      // A store that finds its page without the right, in either level, is a matter for single look-ups.
      if ((key & 1) !== 0 && this.#find((key >> 2) & setMask, key >> 2) >= 0) {
        this.stoppedAt = STOP_RIGHTS;
        break;
      }
      const wanted = key & KEY_MASK;
      const front = Math.imul((key >> 2) & setMaskBehind, waysBehind);
      let entry = behind[front]!;
      if ((entry & KEY_MASK) !== wanted) {
        const end = front + waysBehind;
        let above = entry;
        let slot = front + 1;
        for (; slot < end; slot++) {
          entry = behind[slot]!;
          behind[slot] = above;
          if ((entry & KEY_MASK) === wanted) break;
          above = entry;
        }
        if (slot === end) {
          behind[front] = wanted;
          if (above === EMPTY) second.live++;
          second.#victim = above;
          this.stoppedAt = STOP_MISS;
          break;
        }
        behind[front] = entry;
      }
      if (((entry ^ key) & mask) !== 0) {
        this.stoppedAt = STOP_RIGHTS;
        break;
      }
      hitsBehind++;
      const last = base + ways - 1;
      if (entries[last] === EMPTY) this.live++;
      for (let at = last; at > base; at--) entries[at] = entries[at - 1]!;
      entries[base] = entry;
    }
    this.hitsBehind = hitsBehind;
    return i;
  }

  /** Keeps the array in `arena`, where kernels/assembly/replay.ts finds it; false if there is no room. */
  moveTo(arena: Arena): boolean {
    if (this.at > 0) return true;
    const n = this.entries.length;
    const at = arena.take(4 * n);
    const payloadsAt = this.payloads === null ? 0 : arena.take(4 * n);
    if (at === 0 || (this.payloads !== null && payloadsAt === 0)) return false;
    const entries = arena.int32(at, n);
    entries.set(this.entries);
    this.entries = entries;
    this.at = at;
    if (this.payloads === null) return true;
    const payloads = arena.int32(payloadsAt, n);
    payloads.set(this.payloads);
    this.payloads = payloads;
    this.payloadsAt = payloadsAt;
    return true;
  }

  /** Looks `key` up; returns its flags (0..3) and updates recency, or -1. */
  lookup(set: number, key: number): number {
    const entries = this.entries;
    const ways = this.ways | 0;
    const base = Math.imul(set, ways);
    const end = base + ways;
    const wanted = key << 2;
    for (let slot = base; slot < end; slot++) {
      const entry = entries[slot]!;
      if ((entry & KEY_MASK) !== wanted) continue;
      if (slot !== base || this.#policy === PLRU) this.#use(set, slot);
      return entry & 3;
    }
    return -1;
  }

  /** As {@link lookup}, returning the payload; -1 if absent. */
  lookupPayload(set: number, key: number): number {
    const entries = this.entries;
    const ways = this.ways | 0;
    const base = Math.imul(set, ways);
    const end = base + ways;
    const wanted = key << 2;
    for (let slot = base; slot < end; slot++) {
      const entry = entries[slot]!;
      if ((entry & KEY_MASK) !== wanted) continue;
      const payloads = this.payloads!;
      const payload = payloads[slot]!;
      if (this.#policy !== LRU) return this.payloads![this.#use(set, slot)]!;
      for (let at = slot; at > base; at--) {
        entries[at] = entries[at - 1]!;
        payloads[at] = payloads[at - 1]!;
      }
      entries[base] = entry;
      payloads[base] = payload;
      return payload;
    }
    return -1;
  }

  /** True if `key` is present; recency is left alone. */
  has(set: number, key: number): boolean {
    return this.#find(set, key) >= 0;
  }

  /** Enters `key` with `flags`; one that is present only gets the new flags and payload and counts as used. */
  fill(set: number, key: number, flags: number, payload = 0): void {
    const found = this.#find(set, key);
    const slot = found >= 0 ? this.#use(set, found) : this.#place(set);
    this.entries[slot] = (key << 2) | flags;
    if (this.payloads !== null) this.payloads[slot] = payload;
  }

  /** As {@link fill}, for a key that is known to be absent: no search. */
  insert(set: number, key: number, flags: number, payload = 0): void {
    const entries = this.entries;
    const payloads = this.payloads;
    if (this.#policy > FIFO) {
      const slot = this.#place(set);
      entries[slot] = (key << 2) | flags;
      if (payloads !== null) payloads[slot] = payload;
      return;
    }
    const base = Math.imul(set, this.ways);
    const last = base + this.ways - 1;
    if (entries[last] === EMPTY) this.live++;
    if (payloads === null) for (let slot = last; slot > base; slot--) entries[slot] = entries[slot - 1]!;
    else {
      for (let slot = last; slot > base; slot--) {
        entries[slot] = entries[slot - 1]!;
        payloads[slot] = payloads[slot - 1]!;
      }
      payloads[base] = payload;
    }
    entries[base] = (key << 2) | flags;
  }

  /** True if sets are kept in order of use, and there are payloads. */
  get inOrderWithPayload(): boolean {
    return this.#policy === LRU && this.payloads !== null;
  }

  /** True if {@link enter} can be used: sets are kept in order, and there are no payloads. */
  get enterable(): boolean {
    return this.#policy <= FIFO && this.payloads === null;
  }

  /**
   * Look-up and insertion in one pass: the flags of `key`, whose recency is updated, or -1: then it was entered with
   * `flags`, until {@link takeBack} or {@link mark}. Each entry that is not the key moves one way down, which is where
   * it belongs whether the key turns up further down or not at all (FIFO: moves are taken back if it does).
   */
  enter(set: number, key: number, flags: number): number {
    const entries = this.entries;
    const ways = this.ways | 0;
    const base = Math.imul(set, ways);
    const wanted = key << 2;
    let above = entries[base]!;
    if ((above & KEY_MASK) === wanted) return above & 3;
    if (this.#policy !== LRU) return this.#enterFifo(set, key, flags);
    const end = base + ways;
    for (let slot = base + 1; slot < end; slot++) {
      const entry = entries[slot]!;
      entries[slot] = above;
      if ((entry & KEY_MASK) === wanted) {
        entries[base] = entry;
        return entry & 3;
      }
      above = entry;
    }
    entries[base] = wanted | flags;
    if (above === EMPTY) this.live++;
    this.#victim = above;
    return -1;
  }

  #enterFifo(set: number, key: number, flags: number): number {
    const found = this.#find(set, key);
    if (found >= 0) return this.entries[found]! & 3;
    this.#victim = this.entries[Math.imul(set, this.ways) + this.ways - 1]!;
    this.insert(set, key, flags);
    return -1;
  }

  /** Gives the key that {@link enter} has just entered in `set` its flags. */
  mark(set: number, flags: number): void {
    const base = Math.imul(set, this.ways);
    this.entries[base] = (this.entries[base]! & KEY_MASK) | flags;
  }

  /** Undoes the last {@link enter} that was a miss, nothing else having happened to `set` since. */
  takeBack(set: number): void {
    const base = Math.imul(set, this.ways);
    const last = base + this.ways - 1;
    this.entries.copyWithin(base, base + 1, last + 1);
    this.entries[last] = this.#victim;
    if (this.#victim === EMPTY) this.live--;
  }

  /** One access of a cache without flags or payload: true on a hit, else `key` is entered. */
  touch(set: number, key: number): boolean {
    if (this.#policy <= FIFO) return this.enter(set, key, 0) >= 0;
    const slot = this.#find(set, key);
    if (slot >= 0) {
      this.#use(set, slot);
      return true;
    }
    this.entries[this.#place(set)] = key << 2;
    return false;
  }

  /** Removes `key` if present. */
  invalidate(set: number, key: number): void {
    const slot = this.#find(set, key);
    if (slot >= 0) this.#remove(set, slot);
  }

  /** Removes every entry for which `drop(key, flags)` holds. */
  invalidateWhere(drop: (key: number, flags: number) => boolean): void {
    if (this.live === 0) return;
    for (let set = 0; set < this.sets; set++) {
      for (let way = this.ways - 1; way >= 0; way--) {
        const entry = this.entries[set * this.ways + way]!;
        if (entry !== EMPTY && drop((entry >> 2) & 0x3fffffff, entry & 3))
          this.#remove(set, set * this.ways + way);
      }
    }
  }

  flush(): void {
    if (this.live === 0) return;
    this.entries.fill(EMPTY);
    this.live = 0;
  }

  #find(set: number, key: number): number {
    const entries = this.entries;
    const base = Math.imul(set, this.ways);
    const end = base + this.ways;
    const wanted = key << 2;
    for (let slot = base; slot < end; slot++) {
      if ((entries[slot]! & KEY_MASK) === wanted) return slot;
    }
    return -1;
  }

  /** Notes a use of the entry in `slot`; returns where it is now. */
  #use(set: number, slot: number): number {
    const base = Math.imul(set, this.ways);
    if (this.#policy === PLRU) this.#point(set, slot - base);
    if (this.#policy !== LRU || slot === base) return slot;
    this.#moveToFront(base, slot);
    return base;
  }

  /** A loop beats copyWithin here: sets have a few ways, and the call alone costs more than the moves. */
  #moveToFront(base: number, slot: number): void {
    const entries = this.entries;
    const entry = entries[slot]!;
    for (let at = slot; at > base; at--) entries[at] = entries[at - 1]!;
    entries[base] = entry;
    const payload = this.payloads;
    if (payload === null) return;
    const value = payload[slot]!;
    for (let at = slot; at > base; at--) payload[at] = payload[at - 1]!;
    payload[base] = value;
  }

  /** Makes room for a new entry and returns its slot. */
  #place(set: number): number {
    const base = Math.imul(set, this.ways);
    if (this.#policy > FIFO) return base + this.#placeByPolicy(set, base);
    const last = base + this.ways - 1;
    if (this.entries[last] === EMPTY) this.live++;
    this.#moveToFront(base, last);
    return base;
  }

  #placeByPolicy(set: number, base: number): number {
    const empty = this.entries.indexOf(EMPTY, base);
    const free = empty >= 0 && empty < base + this.ways;
    if (free) this.live++;
    const way = free
      ? empty - base
      : this.#policy === RANDOM
        ? this.#prng!.below(this.ways)
        : this.#pointed(set);
    if (this.#policy === PLRU) this.#point(set, way);
    return way;
  }

  #remove(set: number, slot: number): void {
    const base = set * this.ways;
    if (this.#policy <= FIFO) {
      // Close the gap, so that empty ways stay last.
      const end = base + this.ways;
      this.entries.copyWithin(slot, slot + 1, end);
      this.entries[end - 1] = EMPTY;
      this.payloads?.copyWithin(slot, slot + 1, end);
    } else this.entries[slot] = EMPTY;
    this.live--;
  }

  /** PLRU: every node on the path to `way` points to the other child. */
  #point(set: number, way: number): void {
    const tree = this.#tree!;
    const root = set * this.#leaves;
    for (
      let node = (way + this.#leaves) >> 1, from = way + this.#leaves;
      node >= 1;
      from = node, node >>= 1
    ) {
      tree[root + node] = (from & 1) === 0 ? 1 : 0;
    }
  }

  /** PLRU: follows the pointers from the root; ways that do not exist are never chosen. */
  #pointed(set: number): number {
    const tree = this.#tree!;
    const root = set * this.#leaves;
    let node = 1;
    while (node < this.#leaves) {
      const right = node * 2 + 1;
      let lowest = right;
      while (lowest < this.#leaves) lowest *= 2;
      node = tree[root + node] === 1 && lowest - this.#leaves < this.ways ? right : node * 2;
    }
    return node - this.#leaves;
  }
}
