/**
 * RecencyLine: slots in the order of time, each used or not; how many used ones lie after a slot?
 *
 * A bitmap with a bit per slot, and over its blocks of 64 slots a binary tree of counts. Freeing a slot climbs
 * from its block to the root: each node on the way loses one, and the right siblings of left nodes hold what
 * is newer. The climb has the same length for every slot, so that no branch of it can be mispredicted. The block
 * that is being filled is counted apart and enters the tree when it is full: using a slot costs next to nothing.
 */
const BLOCK_BITS = 6;
const BLOCK_SLOTS = 1 << BLOCK_BITS;

export class RecencyLine {
  /** Slots: 64 times a power of two. */
  readonly capacity: number;
  /** The next slot to be used; all from here on are unused. */
  next = 0;
  readonly #bits: Int32Array;
  /** Children of node n are 2n and 2n + 1, the newer to the right; the root is 1, block b is leaf `blocks + b`. */
  readonly #tree: Int32Array;
  readonly #blocks: number;
  /** Used slots of the block that is being filled. */
  #filling = 0;

  /** A line of at least `slots` slots, the first `used` of them (fewer than `slots`) in use. */
  constructor(slots: number, used = 0) {
    let blocks = 1;
    while (blocks * BLOCK_SLOTS < slots) blocks *= 2;
    this.capacity = blocks * BLOCK_SLOTS;
    this.#blocks = blocks;
    this.#bits = new Int32Array(this.capacity >>> 5);
    this.#tree = new Int32Array(2 * blocks);
    this.#use(used);
  }

  /** Uses the next slot; there must be one. */
  add(): number {
    const slot = this.next;
    this.next = (slot + 1) | 0;
    this.#bits[slot >>> 5]! |= 1 << slot;
    this.#filling += 1;
    if ((this.next & (BLOCK_SLOTS - 1)) === 0) this.#close(slot >>> BLOCK_BITS);
    return slot;
  }

  /** Frees a used slot; returns the number of used ones after it. */
  remove(slot: number): number {
    const bits = this.#bits;
    const at = slot >>> 5;
    const word = bits[at]!;
    bits[at] = word & ~(1 << slot);
    // Shifted twice, because a shift by 32 is a shift by 0. The other word counts if this is the older of its block.
    let newer = ones((word >>> (slot & 31)) >>> 1) + ones(bits[at | 1]! & ((at & 1) - 1));
    const block = slot >>> BLOCK_BITS;
    if (block === this.next >>> BLOCK_BITS) {
      this.#filling -= 1;
      return newer;
    }
    const tree = this.#tree;
    newer = (newer + this.#filling) | 0;
    for (let node = (this.#blocks + block) | 0; node > 1; node >>= 1) {
      tree[node]! -= 1;
      newer = (newer + (tree[node | 1]! & ((node & 1) - 1))) | 0;
    }
    return newer;
  }

  /** Entry w is the number of used slots before word w: with it {@link rank} needs no sum. */
  prefix(): Int32Array {
    const bits = this.#bits;
    const sums = new Int32Array(bits.length);
    for (let w = 1; w < bits.length; w++) sums[w] = sums[w - 1]! + ones(bits[w - 1]!);
    return sums;
  }

  /** The number of used slots before `slot`, or -1 if that one is not used. */
  rank(slot: number, prefix: Int32Array): number {
    const word = this.#bits[slot >>> 5]!;
    const bit = 1 << slot;
    return (word & bit) === 0 ? -1 : prefix[slot >>> 5]! + ones(word & (bit - 1));
  }

  /** The block is full: its count enters the tree. */
  #close(block: number): void {
    for (let node = this.#blocks + block; node > 0; node >>= 1) this.#tree[node]! += this.#filling;
    this.#filling = 0;
  }

  /** Uses the first `used` slots of an empty line. */
  #use(used: number): void {
    const tree = this.#tree;
    const full = used >>> BLOCK_BITS;
    this.#bits.fill(-1, 0, used >>> 5);
    if ((used & 31) > 0) this.#bits[used >>> 5] = (1 << used) - 1;
    tree.fill(BLOCK_SLOTS, this.#blocks, this.#blocks + full);
    for (let node = this.#blocks - 1; node > 0; node--) tree[node] = tree[2 * node]! + tree[2 * node + 1]!;
    this.#filling = used & (BLOCK_SLOTS - 1);
    this.next = used;
  }
}

/** Bits that are set. */
function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
