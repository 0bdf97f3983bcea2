/**
 * HostMemory: which guest frames the host has backed with memory of its own, and how.
 *
 * To the host, guest RAM is anonymous memory of the process that runs the guest: absent until it is touched,
 * the shared zero page (read-only) after a read, a page of its own after a write (Linux mm/memory.c
 * do_anonymous_page, wp_page_copy). Where 2 MiB pages are wanted they come whole, the huge zero page too
 * (mm/huge_memory.c do_huge_pmd_anonymous_page); the first write to the huge zero page splits it, for good:
 * one frame is copied, 511 keep the small zero page (do_huge_pmd_wp_page; measured: frames read, then written, on
 * 2 MiB host pages are 4 KiB leaves of the NPT, those written first are not). Populated memory is all there
 * and writable from the start. Not modelled: swapping, ballooning, page merging, khugepaged.
 */
import { pagesOf, SIZE_2M, SIZE_4K, sizeOfName } from '../arch/paging.js';
import type { MachineConfig } from '../config/schema.js';
import { FrameCounts } from '../util/frame-map.js';

const ABSENT = 0;
const ZERO_PAGE = 1;
const OWN = 2;
/** Of a 2 MiB region: its frames have states of their own. */
const SPLIT = 3;

const REGION = pagesOf(SIZE_2M);

/** What the host did to back a frame. */
export type Backing =
  /** Nothing: what was needed was there. */
  | 'there'
  /** The frame was absent: memory was allocated, or the zero page mapped for a read. */
  | 'placed'
  /**
   * A write found the zero page: the frame got memory in its stead. Hypervisors are told to drop what
   * they map there (mmu notifier), before the write is retried: the frame, or all 2 MiB of a split.
   */
  | 'copied';

export class HostMemory {
  readonly #populated: boolean;
  readonly #sizeWanted: (gfn: number) => number;
  readonly #frames = new FrameCounts();
  /** By gfn >>> 9, where the host wants 2 MiB pages. */
  readonly #regions = new FrameCounts();

  /** @param sizeWanted the size of page that the host would put behind a frame; default: `host.pageSize` */
  constructor(
    host: MachineConfig['host'],
    sizeWanted: (gfn: number) => number = () => sizeOfName(host.pageSize),
  ) {
    this.#populated = host.memory === 'populated';
    this.#sizeWanted = sizeWanted;
  }

  /** True if some page of the host's is behind `gfn`, the zero page included. */
  isPresent(gfn: number): boolean {
    return this.#state(gfn) !== ABSENT;
  }

  /** True if a look-up for writing that must not sleep finds a page (Linux hva_to_pfn_fast). */
  isWritable(gfn: number): boolean {
    return this.#state(gfn) === OWN;
  }

  /** Size of the host's page behind `gfn`, or of the one that it would put there (host_pfn_mapping_level). */
  pageSize(gfn: number): number {
    const size = this.#sizeWanted(gfn);
    return size > SIZE_4K && this.#regions.get(regionOf(gfn)) === SPLIT ? SIZE_4K : size;
  }

  /** Backs `gfn` for an access, as far as it is not yet (Linux hva_to_pfn_slow). */
  bring(gfn: number, write: boolean): Backing {
    const state = this.#state(gfn);
    if (state === OWN || (state === ZERO_PAGE && !write)) return 'there';
    const huge = this.pageSize(gfn) > SIZE_4K;
    if (huge && state === ABSENT) this.#regions.set(regionOf(gfn), write ? OWN : ZERO_PAGE);
    else {
      if (huge) this.#split(regionOf(gfn));
      this.#frames.set(gfn, write ? OWN : ZERO_PAGE);
    }
    return state === ABSENT ? 'placed' : 'copied';
  }

  /** The frame was written before anything is counted. */
  touchSilently(gfn: number): void {
    this.bring(gfn, true);
  }

  #split(region: number): void {
    this.#regions.set(region, SPLIT);
    for (let i = 0; i < REGION; i++) this.#frames.set(region * REGION + i, ZERO_PAGE);
  }

  #state(gfn: number): number {
    if (this.#populated) return OWN;
    return this.pageSize(gfn) > SIZE_4K ? this.#regions.get(regionOf(gfn)) : this.#frames.get(gfn);
  }
}

function regionOf(gfn: number): number {
  return Math.floor(gfn / REGION);
}
