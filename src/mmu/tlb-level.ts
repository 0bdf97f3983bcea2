/** One level of TLB: the arrays of its page sizes, looked up as one. */
import { SIZE_1G, SIZE_4K } from '../arch/paging.js';
import type { TlbArrayConfig } from '../config/schema.js';
import type { Prng } from '../util/prng.js';
import type { PageIds } from './page-ids.js';
import { SetAssoc } from './set-assoc.js';

/** {@link TlbLevel.sizes} of a level without larger pages. */
export const ONLY_4K = 1 << SIZE_4K;

/** One level: the array that holds each page size, or null. */
export class TlbLevel {
  readonly bySize: readonly (SetAssoc | null)[];
  readonly #arrays: readonly SetAssoc[];
  readonly #ids: PageIds;
  /** Bit per size: an entry of it was entered since the level was last emptied. Other sizes need no look-up. */
  sizes = 0;
  /** Size of the entry that the last look-up found. */
  foundSize = SIZE_4K;

  constructor(configs: readonly TlbArrayConfig[], ids: PageIds, prng: Prng) {
    const arrays = configs.map((config) => (config.entries > 0 ? new SetAssoc(config, { prng }) : null));
    this.#ids = ids;
    this.#arrays = arrays.filter((array) => array !== null);
    this.bySize = ['4k', '2m', '1g'].map((size) => {
      const at = configs.findIndex((config) => config.entries > 0 && config.sizes.split('+').includes(size));
      return at < 0 ? null : arrays[at]!;
    });
  }

  /** Flags of the entry that covers `page`, or -1; recency is updated. */
  lookup(page: number): number {
    const sizes = this.sizes;
    for (let size = SIZE_4K; sizes >> size !== 0; size++) {
      if (((sizes >> size) & 1) === 0) continue;
      const array = this.bySize[size]!;
      const flags = array.lookup(this.#set(array, page, size), this.#ids.key(page, size));
      if (flags >= 0) {
        this.foundSize = size;
        return flags;
      }
    }
    return -1;
  }

  /** Enters a translation; `absent`: the look-up of it has just failed, in every size. */
  fill(page: number, size: number, flags: number, absent: boolean): void {
    const array = this.bySize[size]!;
    if (array === null) return;
    this.sizes |= 1 << size;
    const set = this.#set(array, page, size);
    if (absent) array.insert(set, this.#ids.key(page, size), flags);
    else array.fill(set, this.#ids.key(page, size), flags);
  }

  invalidatePage(page: number): void {
    for (let size = SIZE_4K; size <= SIZE_1G; size++) {
      if (((this.sizes >> size) & 1) === 0) continue;
      const array = this.bySize[size]!;
      array.invalidate(this.#set(array, page, size), this.#ids.key(page, size));
    }
  }

  invalidateWhere(drop: (key: number, flags: number) => boolean): void {
    for (const array of this.#arrays) array.invalidateWhere(drop);
  }

  flush(): void {
    this.sizes = 0;
    for (const array of this.#arrays) array.flush();
  }

  /** The low 9 bits of a page id are the page number's: enough for up to 512 sets of 4 KiB pages. */
  #set(array: SetAssoc, page: number, size: number): number {
    const { sets } = array;
    return (size === SIZE_4K && sets <= 512 ? page : this.#ids.pageNumber(page, size)) & (sets - 1);
  }
}
