/**
 * IntHash: a map from ints (0 .. 2^31 - 1) to ints by open addressing, for keys that are few and far apart.
 *
 * Key and value sit side by side, so a look-up is one cache line; load at most a half, linear probing.
 * Against a FrameMap: 8 to 16 bytes an entry whatever the distance between keys. Entries are never removed.
 */
const EMPTY = -1;
const FIRST_BITS = 10;

export class IntHash {
  #bits = FIRST_BITS;
  /** Pairs of key and value. */
  #pairs = new Int32Array(2 << FIRST_BITS).fill(EMPTY);
  #count = 0;

  /** The value of `key`, or -1. */
  get(key: number): number {
    const pairs = this.#pairs;
    const mask = pairs.length - 2;
    let at = (Math.imul(key, 0x9e3779b1) >>> (31 - this.#bits)) & mask;
    for (;;) {
      const found = pairs[at]!;
      if (found === key) return pairs[at + 1]!;
      if (found === EMPTY) return -1;
      at = (at + 2) & mask;
    }
  }

  set(key: number, value: number): void {
    if (2 * (this.#count + 1) > 1 << this.#bits) this.#grow();
    this.#put(key, value);
  }

  #put(key: number, value: number): void {
    const pairs = this.#pairs;
    const mask = pairs.length - 2;
    let at = (Math.imul(key, 0x9e3779b1) >>> (31 - this.#bits)) & mask;
    while (pairs[at] !== EMPTY && pairs[at] !== key) at = (at + 2) & mask;
    if (pairs[at] === EMPTY) this.#count += 1;
    pairs[at] = key;
    pairs[at + 1] = value;
  }

  #grow(): void {
    const old = this.#pairs;
    this.#bits += 1;
    this.#pairs = new Int32Array(2 << this.#bits).fill(EMPTY);
    this.#count = 0;
    for (let at = 0; at < old.length; at += 2) if (old[at] !== EMPTY) this.#put(old[at]!, old[at + 1]!);
  }
}
