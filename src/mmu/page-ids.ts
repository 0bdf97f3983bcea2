/**
 * PageIds: interns (address space, 2 MiB region) so that a page is one small int.
 *
 * page id = region id * 512 + low 9 bits of the vpn: an int32 that indexes arrays directly, whose low
 * bits pick TLB sets, and that already tells address spaces and 57-bit addresses apart. The larger
 * ranges that upper table entries cover (1 GiB, 512 GiB, 256 TiB) are interned likewise: they are the tags of
 * 1G TLB entries and of walk caches. Addresses of the high half belong to one space shared by all (space 0), so
 * that global kernel translations survive a context switch as they do in hardware. Ids depend on nothing but the
 * trace: machines that replay the same pass share them. Limit: 2^20 regions (2 TiB touched), with a message.
 */
import { UsageError } from '../errors.js';
import { regionLow, SIZE_1G, SIZE_2M, SIZE_4K } from '../arch/paging.js';

/** The space of the high half. */
export const KERNEL_SPACE = 0;

export const MAX_REGIONS = 1 << 20;
/** Places of the hash of regions, to begin with. */
const FIRST_PLACES = 2048;
/** Keys of larger pages live above all page ids (SetAssoc keys are below 2^30). */
const KEY_2M = 0x20000000;
const KEY_1G = 0x30000000;

/** Low bits of the range numbers of level 4 and 5: what is left of a gVA without its sign extension. */
const LOW_BITS = [0, 0, -1, -1, 0x3ffff, 0x1ff];

/** The ranges that entries of one level cover, interned. */
export class Ranges {
  /** Address space, low bits of gVA >> shift, and id of the range one level up that holds it, by id. */
  space: Int32Array;
  number: Int32Array;
  above: Int32Array;
  count = 0;
  readonly #ids = new Map<number, number>();

  constructor(capacity: number) {
    this.space = new Int32Array(capacity);
    this.number = new Int32Array(capacity);
    this.above = new Int32Array(capacity);
  }

  find(name: number): number | undefined {
    return this.#ids.get(name);
  }

  add(name: number, space: number, number: number, above: number): number {
    const id = this.count++;
    if (id === this.space.length) this.#grow();
    this.#ids.set(name, id);
    this.space[id] = space;
    this.number[id] = number;
    this.above[id] = above;
    return id;
  }

  #grow(): void {
    const grown = (old: Int32Array): Int32Array => {
      const larger = new Int32Array(2 * old.length);
      larger.set(old);
      return larger;
    };
    this.space = grown(this.space);
    this.number = grown(this.number);
    this.above = grown(this.above);
  }
}

export class PageIds {
  /** The ranges of 2 MiB and of 1 GiB. */
  readonly regions = new Ranges(4096);
  readonly giants = new Ranges(256);
  /** Ranges by the level of the entry that covers one: 2 (the regions) to 5; 0 and 1 are unused. */
  readonly #levels = [null, null, this.regions, this.giants, new Ranges(16), new Ranges(4)];
  // Regions by open addressing, for traces that go from region to region: at most half full, four ints a place, so that one
  // cache line answers: gVA >> 21 (low half), upper half, space, region (-1 in an empty place). A Map behind a small cache
  // took twice as long where there are thousands of regions (bench/README.md, row uniform).
  #places = new Int32Array(4 * FIRST_PLACES).fill(-1);

  /** Region id of the address for vcpus running `space`. */
  region(space: number, hi: number, lo: number): number {
    const owner = (hi | 0) < 0 ? KERNEL_SPACE : space;
    const number = lo >>> 21;
    const places = this.#places;
    const mask = places.length - 4;
    let at = hashOf(owner, hi, number) & mask;
    for (;;) {
      const region = places[at + 3]!;
      if (region < 0) return this.#internRegion(owner, hi, lo);
      if (places[at] === number && places[at + 1] === (hi | 0) && places[at + 2] === owner) return region;
      at = (at + 4) & mask;
    }
  }

  /** Page id of the address: region * 512 + index. */
  page(space: number, hi: number, lo: number): number {
    return (this.region(space, hi, lo) << 9) | ((lo >>> 12) & 511);
  }

  /** Id of the range that the level-`level` entry on the path of `page` covers, level 2 to 5. */
  range(page: number, level: number): number {
    let id = page >>> 9;
    for (let at = 2; at < level; at++) id = this.#levels[at]!.above[id]!;
    return id;
  }

  /** Id of the range of the next level around range `id` of `level`. */
  above(id: number, level: number): number {
    return this.#levels[level]!.above[id]!;
  }

  /** Low bits of the number of range `id` of `level` (gVA >> 21 for regions): what set indices are made of. */
  rangeNumber(id: number, level: number): number {
    return this.#levels[level]!.number[id]!;
  }

  rangeSpace(id: number, level: number): number {
    return this.#levels[level]!.space[id]!;
  }

  /** The TLB key of the page of `size` that holds page id `page`. */
  key(page: number, size: number): number {
    if (size === SIZE_4K) return page;
    return size === SIZE_2M ? KEY_2M + (page >>> 9) : KEY_1G + this.regions.above[page >>> 9]!;
  }

  /** Low 32 bits of the page number at `size`: what set indices are made of. */
  pageNumber(page: number, size: number): number {
    const region = page >>> 9;
    if (size === SIZE_4K) return (this.regions.number[region]! << 9) | (page & 511);
    return this.rangeNumber(this.range(page, size + 1), size + 1);
  }

  /** The space that owns a TLB key. */
  spaceOfKey(key: number): number {
    if (key >= KEY_1G) return this.rangeSpace(key - KEY_1G, 3);
    return this.rangeSpace(key >= KEY_2M ? key - KEY_2M : key >>> 9, 2);
  }

  /** 4k, 2m or 1g as {@link SIZE_4K} ... */
  static sizeOfKey(key: number): number {
    if (key >= KEY_1G) return SIZE_1G;
    return key >= KEY_2M ? SIZE_2M : SIZE_4K;
  }

  #internRegion(owner: number, hi: number, lo: number): number {
    if (this.regions.count >= MAX_REGIONS) throw tooManyRegions();
    // gVA >> 21 without the sign extension: 36 bits; with the space an exact double.
    const region = this.#internRange(owner, hi, lo, (hi & 0x01ffffff) * 2048 + (lo >>> 21), 2);
    if (8 * this.regions.count > this.#places.length) this.#grow();
    this.#put(owner, hi | 0, lo >>> 21, region);
    return region;
  }

  #put(owner: number, hi: number, number: number, region: number): void {
    const places = this.#places;
    const mask = places.length - 4;
    let at = hashOf(owner, hi, number) & mask;
    while (places[at + 3]! >= 0) at = (at + 4) & mask;
    places[at] = number;
    places[at + 1] = hi;
    places[at + 2] = owner;
    places[at + 3] = region;
  }

  #grow(): void {
    const old = this.#places;
    this.#places = new Int32Array(2 * old.length).fill(-1);
    for (let at = 0; at < old.length; at += 4)
      if (old[at + 3]! >= 0) this.#put(old[at + 2]!, old[at + 1]!, old[at]!, old[at + 3]!);
  }

  /** Interns the range of `level` around the address, `number` being its number, after those around it. */
  #internRange(owner: number, hi: number, lo: number, number: number, level: number): number {
    const ranges = this.#levels[level]!;
    const name = owner * 2 ** 36 + number;
    const known = ranges.find(name);
    if (known !== undefined) return known;
    const above = level === 5 ? 0 : this.#internRange(owner, hi, lo, Math.floor(number / 512), level + 1);
    return ranges.add(name, owner, regionLow(hi, lo, level) & LOW_BITS[level]!, above);
  }
}

/** A place in the hash of regions, times four; the low bits of the product are its worst. */
function hashOf(owner: number, hi: number, number: number): number {
  const mixed = Math.imul(number ^ Math.imul(hi, 0x9e35) ^ Math.imul(owner, 0x3d4d51), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) << 2;
}

function tooManyRegions(): UsageError {
  return new UsageError(
    `the trace touches more than ${MAX_REGIONS} regions of 2 MiB, the most p2msim keeps`,
    { hint: 'replay a part of it (--limit N), or split it by address space' },
  );
}
