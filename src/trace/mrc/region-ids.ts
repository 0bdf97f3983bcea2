/**
 * RegionIds: numbers stretches of 512 pages of an address space in the order in which they appear.
 *
 * page id = region id * 512 + low 9 bits of the page number: a small int that indexes arrays directly and
 * tells address spaces apart. Pages are of any one size, so a region is 2 MiB of 4 KiB pages, 1 GiB of 2 MiB
 * pages or 512 GiB of 1 GiB pages. The high half of the addresses is one space that all share, as the global
 * translations of a kernel are in a TLB. One open-addressed table and no Map: a look-up is a probe or two.
 */
import { UsageError } from '../../errors.js';

export const REGION_BITS = 9;
export const REGION_PAGES = 1 << REGION_BITS;
/** With 2^20 regions page ids stay below 2^29. */
const MAX_REGIONS = 1 << 20;
/** The space of the high half. */
const KERNEL_SPACE = 0;
/** Odd constants of multiplicative hashing (2^32 over the golden ratio, and two primes). */
const MIX_LO = 0x9e3779b1 | 0;
const MIX_HI = 0x85ebca6b | 0;
const MIX_SPACE = 0xc2b2ae35 | 0;

export class RegionIds {
  count = 0;
  /** Per region: page number >> 9, bits 22..0. */
  number = new Int32Array(64);
  #high = new Int32Array(64);
  #space = new Int32Array(64);
  /** Region id + 1, or 0. At most half full. */
  #table = new Int32Array(256);

  /** Page ids are below this. */
  get pages(): number {
    return this.count * REGION_PAGES;
  }

  /**
   * Region of a page of `space` (from 1). `high` is its page number's bits from 32 up with the address's sign,
   * `low` bits 31..9.
   */
  of(space: number, high: number, low: number): number {
    const owner = high < 0 ? KERNEL_SPACE : space;
    const table = this.#table;
    const mask = table.length - 1;
    let at = hashOf(owner, high, low) & mask;
    for (;;) {
      const region = table[at]! - 1;
      if (region < 0) return this.#add(owner, high, low, at);
      if (this.number[region] === low && this.#high[region] === high && this.#space[region] === owner) {
        return region;
      }
      at = (at + 1) & mask;
    }
  }

  #add(owner: number, high: number, low: number, at: number): number {
    const region = this.count;
    if (region >= MAX_REGIONS) {
      throw new UsageError(
        `the trace touches more than ${MAX_REGIONS} regions of 512 pages, the most p2msim keeps`,
        {
          hint: 'take a larger --page-size, or a part of the trace',
        },
      );
    }
    this.count = region + 1;
    if (region === this.number.length) this.#grow();
    this.number[region] = low;
    this.#high[region] = high;
    this.#space[region] = owner;
    if (2 * this.count > this.#table.length) this.#rehash();
    else this.#table[at] = region + 1;
    return region;
  }

  #grow(): void {
    this.number = doubled(this.number);
    this.#high = doubled(this.#high);
    this.#space = doubled(this.#space);
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 2);
    const mask = table.length - 1;
    for (let region = 0; region < this.count; region++) {
      let at = hashOf(this.#space[region]!, this.#high[region]!, this.number[region]!) & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = region + 1;
    }
    this.#table = table;
  }
}

function hashOf(owner: number, high: number, low: number): number {
  const hash = Math.imul(low, MIX_LO) ^ Math.imul(high, MIX_HI) ^ Math.imul(owner, MIX_SPACE);
  return hash ^ (hash >>> 15);
}

/** A copy of twice the length. */
export function doubled(old: Int32Array): Int32Array<ArrayBuffer> {
  const fresh = new Int32Array(old.length * 2);
  fresh.set(old);
  return fresh;
}
