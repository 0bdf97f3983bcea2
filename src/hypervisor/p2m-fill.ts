/**
 * P2mFill: what one nested page fault puts into a p2m that is filled at first touch.
 *
 * As Linux KVM does it for a guest under nested paging. Host memory that is not there is brought first
 * (kvm_faultin_pfn). One leaf is made, as large as the host's page (kvm_mmu_hugepage_adjust), writable if
 * the host's page is, even for a read (hva_to_pfn_slow). `page`: the TDP MMU makes no other
 * (tdp_mmu.c kvm_tdp_mmu_map). `group`: the older MMU (tdp_mmu=0) also fills what it can of the aligned eight
 * entries around a 4 KiB leaf (mmu.c direct_pte_prefetch). Measured on Linux 6.1: 4096 cold frames cost 4096
 * faults or 512.
 */
import { SIZE_4K } from '../arch/paging.js';
import type { MachineConfig } from '../config/schema.js';
import { type Entries, fillRuns } from './fill-runs.js';
import type { HostMemory } from './host-memory.js';
import type { P2m } from './p2m.js';

/** PTE_PREFETCH_NUM: RAM begins and ends at multiples of it. */
const GROUP = 8;

export class P2mFill {
  readonly #p2m: P2m;
  readonly #memory: HostMemory;
  readonly #group: boolean;
  readonly #entries: Entries;

  constructor(p2m: P2m, memory: HostMemory, fill: MachineConfig['host']['fill']) {
    this.#p2m = p2m;
    this.#memory = memory;
    this.#entries = {
      isFilled: (gfn) => p2m.isMapped(gfn),
      isBacked: (gfn) => memory.isWritable(gfn),
      fill: (gfn) => p2m.map(gfn, SIZE_4K),
    };
    this.#group = fill === 'group';
  }

  /** The host has a page there: somebody outside the guest has written to it. */
  loaded(gfn: number): void {
    this.#memory.touchSilently(gfn);
  }

  /**
   * Serves a fault on `gfn`, which is RAM. False: the host had to copy a page, so what the p2m said of it was
   * dropped and this fault filled nothing (kvm_mmu_notifier_invalidate_range_start, is_page_fault_stale).
   */
  fill(gfn: number, write: boolean): boolean {
    if (this.#memory.bring(gfn, write) === 'copied') {
      this.#p2m.unmap(gfn);
      return false;
    }
    const size = Math.min(this.#p2m.leafSize(gfn), this.#memory.pageSize(gfn));
    this.#p2m.map(gfn, size, this.#memory.isWritable(gfn));
    if (this.#group && size === SIZE_4K)
      fillRuns(this.#entries, gfn - (gfn % GROUP), gfn - (gfn % GROUP) + GROUP);
    return true;
  }
}
