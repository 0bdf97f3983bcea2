/**
 * PageIds: interns (address space, 2 MiB region) so that a page is one small int.
 *
 * page id = region id * 512 + low 9 bits of the vpn: an int32 that indexes arrays directly, whose low
 * bits pick TLB sets, and that already tells address spaces and 57-bit addresses apart. Addresses of
 * the high half belong to one space shared by all (space 0), so that global kernel translations
 * survive a context switch as they do in hardware. Limit: 2^20 regions (2 TiB touched), with a message.
 */
import { UsageError } from '../errors.js';
import { SIZE_1G, SIZE_2M, SIZE_4K } from '../arch/paging.js';

/** The space of the high half. */
export const KERNEL_SPACE = 0;

const MAX_REGIONS = 1 << 20;
const CACHE_SIZE = 4096;
/** Keys of larger pages live above all page ids (SetAssoc keys are below 2^30). */
const KEY_2M = 0x20000000;
const KEY_1G = 0x30000000;

export class PageIds {
  /** Per region: space, low 32 bits of gVA >> 21, id of the 1 GiB region, premapped mark. */
  readonly space = new Int32Array(MAX_REGIONS);
  readonly number = new Int32Array(MAX_REGIONS);
  readonly #giant = new Int32Array(MAX_REGIONS);
  /** 1 once `premapped` mode need not look at the region again. */
  readonly settled = new Uint8Array(MAX_REGIONS);
  readonly #giantNumber: number[] = [];
  readonly #giantSpace: number[] = [];
  readonly #regions = new Map<number, number>();
  readonly #giants = new Map<number, number>();
  #count = 0;
  // A direct-mapped cache in front of the Map: most accesses stay in few regions.
  readonly #cacheHi = new Int32Array(CACHE_SIZE);
  readonly #cacheLo = new Int32Array(CACHE_SIZE).fill(-1);
  readonly #cacheSpace = new Int32Array(CACHE_SIZE).fill(-1);
  readonly #cacheRegion = new Int32Array(CACHE_SIZE);

  /** Region id of the address for vcpus running `space`. */
  region(space: number, hi: number, lo: number): number {
    const owner = (hi | 0) < 0 ? KERNEL_SPACE : space;
    const slot = ((lo >>> 21) ^ Math.imul(hi, 0x9e35) ^ Math.imul(owner, 0x3d)) & (CACHE_SIZE - 1);
    if (
      this.#cacheLo[slot] === lo >>> 21 &&
      this.#cacheHi[slot] === (hi | 0) &&
      this.#cacheSpace[slot] === owner
    ) {
      return this.#cacheRegion[slot]!;
    }
    const region = this.#intern(owner, hi, lo);
    this.#cacheLo[slot] = lo >>> 21;
    this.#cacheHi[slot] = hi | 0;
    this.#cacheSpace[slot] = owner;
    this.#cacheRegion[slot] = region;
    return region;
  }

  /** Page id of the address: region * 512 + index. */
  page(space: number, hi: number, lo: number): number {
    return (this.region(space, hi, lo) << 9) | ((lo >>> 12) & 511);
  }

  /** The TLB key of the page of `size` that holds page id `page`. */
  key(page: number, size: number): number {
    if (size === SIZE_4K) return page;
    return size === SIZE_2M ? KEY_2M + (page >>> 9) : KEY_1G + this.#giant[page >>> 9]!;
  }

  /** Low 32 bits of the page number at `size`: what set indices are made of. */
  pageNumber(page: number, size: number): number {
    const region = page >>> 9;
    if (size === SIZE_4K) return (this.number[region]! << 9) | (page & 511);
    return size === SIZE_2M ? this.number[region]! : this.#giantNumber[this.#giant[region]!]!;
  }

  /** The space that owns a TLB key. */
  spaceOfKey(key: number): number {
    if (key >= KEY_1G) return this.#giantSpace[key - KEY_1G]!;
    return this.space[key >= KEY_2M ? key - KEY_2M : key >>> 9]!;
  }

  /** 4k, 2m or 1g as {@link SIZE_4K} ... */
  static sizeOfKey(key: number): number {
    if (key >= KEY_1G) return SIZE_1G;
    return key >= KEY_2M ? SIZE_2M : SIZE_4K;
  }

  #intern(owner: number, hi: number, lo: number): number {
    // gVA >> 21 without the sign extension: 36 bits; with the space an exact double.
    const number = (hi & 0x01ffffff) * 2048 + (lo >>> 21);
    const name = owner * 2 ** 36 + number;
    const known = this.#regions.get(name);
    if (known !== undefined) return known;
    const region = this.#count++;
    if (region >= MAX_REGIONS) {
      throw new UsageError(
        `the trace touches more than ${MAX_REGIONS} regions of 2 MiB, the most p2msim keeps`,
        {
          hint: 'replay a part of it (--limit N), or split it by address space',
        },
      );
    }
    this.#regions.set(name, region);
    this.space[region] = owner;
    this.number[region] = (hi << 11) | (lo >>> 21) | 0;
    this.#giant[region] = this.#internGiant(owner, hi, lo, number);
    return region;
  }

  #internGiant(owner: number, hi: number, lo: number, number: number): number {
    const name = owner * 2 ** 36 + Math.floor(number / 512);
    const known = this.#giants.get(name);
    if (known !== undefined) return known;
    const giant = this.#giantNumber.length;
    this.#giants.set(name, giant);
    this.#giantNumber.push((hi << 2) | (lo >>> 30) | 0);
    this.#giantSpace.push(owner);
    return giant;
  }
}
