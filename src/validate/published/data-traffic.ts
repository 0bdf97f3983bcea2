/**
 * DataTraffic: the program's own lines in the caches that page-table reads go through.
 *
 * Machines model page-table reads only (mmu/pte-cache.ts). A published experiment in which data and tables compete
 * for a cache is reproduced here by sending the line of each access, and the line after it where the published
 * machine had a next-line prefetcher, through the same caches; such reads are in no counter of the machine.
 */
import { pageHi, pageLo, pageOffset } from '../../arch/paging.js';
import { createAccessCounters } from '../../counters.js';
import { MFN_OFFSET } from '../../hypervisor/p2m.js';
import type { Machine } from '../../sim/machine.js';
import { createBatch, OP_MODIFY } from '../../trace/access.js';

/** Entries of 8 bytes in a line of 64: how PteCache names lines. */
const LINE_ENTRIES = 8;
const LINES_PER_PAGE = 64;

export class DataTraffic {
  readonly #machine: Machine;
  readonly #prefetch: boolean;
  /** What data reads are counted in: nobody looks. */
  readonly #ignored = createAccessCounters();
  readonly #batch = createBatch(1);

  /** @param prefetch each access brings in the next line too */
  constructor(machine: Machine, prefetch: boolean) {
    this.#machine = machine;
    this.#prefetch = prefetch;
    this.#batch.n = 1;
    this.#batch.size[0] = 8;
    this.#batch.op[0] = OP_MODIFY;
  }

  /** Read-modify-write of 8 bytes in line `line` (0..63) of `page`: translation first, then the data. */
  update(page: number, line: number): void {
    const batch = this.#batch;
    batch.hi[0] = pageHi(page);
    batch.lo[0] = pageLo(page) + line * 64;
    this.#machine.replayAccesses(batch, 0, 1);
    const { guest, vcpus } = this.#machine.parts;
    const { cache } = vcpus[0]!;
    const root = guest.current[0]!.root;
    const place = guest.tables.find(root, guest.levels, pageHi(page), pageLo(page), guest.place);
    const gfn = place.frame + pageOffset(pageHi(page), pageLo(page), place.level - 1);
    const frame = this.#machine.plugin.name === 'native' ? gfn : gfn + MFN_OFFSET;
    cache.read(frame, line * LINE_ENTRIES, this.#ignored);
    if (!this.#prefetch) return;
    const next = line + 1;
    cache.read(
      frame + Math.floor(next / LINES_PER_PAGE),
      (next % LINES_PER_PAGE) * LINE_ENTRIES,
      this.#ignored,
    );
  }
}
