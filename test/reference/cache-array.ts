/**
 * One set-associative array, searched linearly, with the replacement policies of rule 2.4.
 *
 * Used for TLBs, walk caches, the nested TLB and data caches. `random` is not covered: it would
 * have to share a generator with the simulator under test.
 */
import type { ArrayConfig } from '../../src/config/schema.js';

interface Way<T> {
  value: T;
  lastUse: number;
  inserted: number;
}

export class CacheArray<T> {
  readonly entries: number;
  #ways: number;
  #policy: string;
  #sets: (Way<T> | null)[][] = [];
  /** plru: per set, per tree node (heap order from 1), false = left. */
  #trees: boolean[][] = [];
  #clock = 0;

  constructor(config: ArrayConfig) {
    if (config.policy === 'random') throw new Error('the reference does not cover random replacement');
    this.entries = config.entries;
    this.#ways = config.ways;
    this.#policy = config.policy;
    for (let s = 0; s < config.entries / config.ways; s++) {
      this.#sets.push(Array.from<Way<T> | null>({ length: config.ways }).fill(null));
      this.#trees.push(Array.from<boolean>({ length: 2 * this.#leaves() }).fill(false));
    }
  }

  /** P of rule 2.4: ways rounded up to a power of two. */
  #leaves(): number {
    let leaves = 1;
    while (leaves < this.#ways) leaves *= 2;
    return leaves;
  }

  /** The value that `is` the one sought, counting as a use; undefined if it is not there. */
  lookup(page: number, is: (value: T) => boolean): T | undefined {
    if (this.entries === 0) return undefined;
    const set = page % this.#sets.length;
    const ways = this.#sets[set]!;
    for (let w = 0; w < ways.length; w++) {
      const way = ways[w];
      if (way && is(way.value)) {
        this.#use(set, w);
        return way.value;
      }
    }
    return undefined;
  }

  /** Enters or overwrites (2.3: a tag that is present gets new contents and counts as used). */
  enter(page: number, is: (value: T) => boolean, value: T): void {
    if (this.entries === 0) return;
    const set = page % this.#sets.length;
    const ways = this.#sets[set]!;
    let w = ways.findIndex((way) => way !== null && is(way.value));
    if (w >= 0) {
      ways[w]!.value = value;
    } else {
      w = ways.indexOf(null);
      if (w < 0) w = this.#victim(set);
      this.#clock++;
      ways[w] = { value, lastUse: this.#clock, inserted: this.#clock };
    }
    this.#use(set, w);
  }

  removeIf(condition: (value: T) => boolean): void {
    for (const ways of this.#sets) {
      for (let w = 0; w < ways.length; w++) {
        const way = ways[w];
        if (way && condition(way.value)) ways[w] = null;
      }
    }
  }

  #use(set: number, w: number): void {
    this.#clock++;
    this.#sets[set]![w]!.lastUse = this.#clock;
    const tree = this.#trees[set]!;
    let node = 1;
    let low = 0;
    for (let span = this.#leaves(); span > 1; span /= 2) {
      const right = w >= low + span / 2;
      tree[node] = !right;
      if (right) low += span / 2;
      node = 2 * node + (right ? 1 : 0);
    }
  }

  #victim(set: number): number {
    const ways = this.#sets[set]!;
    if (this.#policy === 'plru') return this.#plruVictim(set);
    const age = (way: Way<T> | null): number => (this.#policy === 'fifo' ? way!.inserted : way!.lastUse);
    let victim = 0;
    for (let w = 1; w < ways.length; w++) if (age(ways[w]!) < age(ways[victim]!)) victim = w;
    return victim;
  }

  #plruVictim(set: number): number {
    const tree = this.#trees[set]!;
    let node = 1;
    let low = 0;
    for (let span = this.#leaves(); span > 1; span /= 2) {
      const right = tree[node]! && low + span / 2 < this.#ways;
      if (right) low += span / 2;
      node = 2 * node + (right ? 1 : 0);
    }
    return low;
  }
}
