/** TLBs of one vcpu: L1D, L1I, STLB, three arrays each by page size (rules 2.1 - 2.5). */
import type { MachineConfig, TlbArrayConfig } from '../../src/config/schema.js';
import { CacheArray } from './cache-array.js';
import { type Counts, isHigh, type Origin, pagesOf, type SizeName, SIZES } from './entry.js';

interface Translation {
  space: string;
  size: SizeName;
  /** vpn >> shift. */
  page: number;
  w: boolean;
  g: boolean;
}

/** Keys of the hits of a level; written out because they are raised more often than any other. */
const HIT = {
  l1d: { any: 'tlb.l1d.hit', '4k': 'tlb.l1d.hit.4k', '2m': 'tlb.l1d.hit.2m', '1g': 'tlb.l1d.hit.1g' },
  l1i: { any: 'tlb.l1i.hit', '4k': 'tlb.l1i.hit.4k', '2m': 'tlb.l1i.hit.2m', '1g': 'tlb.l1i.hit.1g' },
  stlb: { any: 'tlb.stlb.hit', '4k': 'tlb.stlb.hit.4k', '2m': 'tlb.stlb.hit.2m', '1g': 'tlb.stlb.hit.1g' },
};

/** A level: size -> the array it lives in, or null if it is not cached here (2.1). */
class Level {
  #array = new Map<SizeName, CacheArray<Translation> | null>();
  #all: CacheArray<Translation>[] = [];

  constructor(configs: TlbArrayConfig[]) {
    const arrays = configs.map((config) => new CacheArray<Translation>(config));
    this.#all = arrays;
    for (const size of SIZES) {
      const i = configs.findIndex((config) => config.entries > 0 && config.sizes.split('+').includes(size));
      this.#array.set(size, arrays[i] ?? null);
    }
  }

  /** Tries 4k, 2m, 1g; the first found is the hit (2.2). */
  lookup(space: string, vpn: number): Translation | undefined {
    for (const size of SIZES) {
      const page = Math.floor(vpn / pagesOf(size));
      const found = this.#array
        .get(size)
        ?.lookup(page, (t) => t.page === page && t.size === size && t.space === space);
      if (found) return found;
    }
    return undefined;
  }

  enter(t: Translation): void {
    const same = (x: Translation): boolean => x.page === t.page && x.size === t.size && x.space === t.space;
    this.#array.get(t.size)?.enter(t.page, same, { ...t });
  }

  removeIf(condition: (t: Translation) => boolean): void {
    for (const array of this.#all) array.removeIf(condition);
  }
}

/** What a look-up comes to: usable, present without the right, or not there. */
export type TlbAnswer = 'done' | 'rewalk' | 'miss';

export class Tlb {
  #data: Level;
  #fetch: Level;
  #second: Level;
  #counts: Counts;

  constructor(config: MachineConfig, counts: Counts) {
    this.#data = new Level([config.l1d, config.l1d2m, config.l1d1g]);
    this.#fetch = new Level([config.l1i, config.l1i2m, config.l1i1g]);
    this.#second = new Level([config.stlb, config.stlb2m, config.stlb1g]);
    this.#counts = counts;
  }

  /** 2.1: one shared kernel space for the high half. */
  static space(space: string, vpn: number): string {
    return isHigh(vpn) ? 'kernel' : space;
  }

  /** Rule 2.2.  */
  lookup(origin: Origin, space: string, vpn: number, write: boolean, fetch: boolean): TlbAnswer {
    const name = fetch ? 'l1i' : 'l1d';
    const first = fetch ? this.#fetch : this.#data;
    const tag = Tlb.space(space, vpn);
    const hit = first.lookup(tag, vpn);
    if (hit) {
      this.#counts.addFor(origin, HIT[name].any);
      this.#counts.addFor(origin, HIT[name][hit.size]);
      return write && !hit.w ? 'rewalk' : 'done';
    }
    this.#counts.addFor(origin, `tlb.${name}.miss`);
    const second = this.#second.lookup(tag, vpn);
    if (!second) {
      this.#counts.addFor(origin, 'tlb.stlb.miss');
      return 'miss';
    }
    this.#counts.addFor(origin, HIT.stlb.any);
    this.#counts.addFor(origin, HIT.stlb[second.size]);
    if (write && !second.w) return 'rewalk';
    first.enter(second);
    return 'done';
  }

  /** Rule 2.3. */
  fill(
    origin: Origin,
    space: string,
    vpn: number,
    fetch: boolean,
    size: SizeName,
    w: boolean,
    g: boolean,
  ): void {
    this.#counts.addFor(origin, `tlb.fill.${size}`);
    const page = Math.floor(vpn / pagesOf(size));
    const entry = { space: Tlb.space(space, vpn), size, page, w, g };
    this.#second.enter(entry);
    (fetch ? this.#fetch : this.#data).enter(entry);
  }

  /** Removes what `condition` says from all levels (2.5). */
  removeIf(condition: (t: Translation) => boolean): void {
    for (const level of [this.#data, this.#fetch, this.#second]) level.removeIf(condition);
  }

  flushPage(space: string, vpn: number): void {
    const tag = Tlb.space(space, vpn);
    this.removeIf((t) => t.space === tag && t.page === Math.floor(vpn / pagesOf(t.size)));
  }
}
