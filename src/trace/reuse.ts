/**
 * Reuse distances of a trace: how many other 4 KiB pages a vcpu has accessed since the last access to this one.
 *
 * A fully associative LRU TLB of N entries hits the accesses whose distance is below N (mrc/): the histogram is by
 * powers of two. First accesses to a page have no distance.
 */
import { UsageError } from '../errors.js';
import type { TraceChunk } from './access.js';
import { DistanceCounts } from './mrc/distance-counts.js';
import { LruStack } from './mrc/lru-stack.js';
import { type PageRun, PageRuns, RUN_CAPACITY } from './mrc/page-runs.js';

/** Accesses with a distance from `from` to `to`. */
export interface ReuseClass {
  readonly from: number;
  readonly to: number;
  readonly accesses: number;
}

export interface ReuseDistances {
  /** Ascending, from 0; a record that touches two pages is two accesses. */
  readonly classes: readonly ReuseClass[];
  /** First accesses to a page, on each vcpu. */
  readonly first: number;
}

export class ReuseMeter {
  readonly #counts = new DistanceCounts();
  readonly #stacks: LruStack[] = [];
  readonly #distances = new Int32Array(RUN_CAPACITY);
  readonly #runs: PageRuns = new PageRuns('4k', 'all', (run) => this.#take(run));
  /** More memory than page ids can tell apart: nothing is known. */
  #lost = false;

  chunk(chunk: TraceChunk): void {
    if (this.#lost) return;
    try {
      this.#runs.chunk(chunk);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#lost = true;
    }
  }

  /** Null if the trace touches too much memory for it. */
  result(): ReuseDistances | null {
    if (this.#lost) return null;
    const sums: number[] = [];
    let reused = 0;
    this.#counts.forEach((distance, accesses) => {
      // Class 0 is distance 0, class k is 2^(k-1) to 2^k - 1.
      const at = distance === 0 ? 0 : Math.floor(Math.log2(distance)) + 1;
      sums[at] = (sums[at] ?? 0) + accesses;
      reused += accesses;
    });
    // Accesses in a row to one page are counted once by the columns, and are distance 0.
    sums[0] = (sums[0] ?? 0) + this.#runs.accesses - reused - this.#counts.cold;
    const classes = Array.from(sums, (accesses = 0, at) => ({
      from: at === 0 ? 0 : 2 ** (at - 1),
      to: at === 0 ? 0 : 2 ** at - 1,
      accesses,
    }));
    return { classes, first: this.#counts.cold };
  }

  #take(run: PageRun): void {
    const stack = (this.#stacks[run.vcpu] ??= new LruStack());
    stack.access(run.pages, run.n, this.#runs.regions.pages, this.#distances);
    this.#counts.add(this.#distances, run.n, stack.distinct);
  }
}
