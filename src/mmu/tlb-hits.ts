/** Hits of the first TLB level, counted by the size of the entry. */
import { SIZE_1G, SIZE_4K } from '../arch/paging.js';
import type { AccessCounters } from '../counters.js';

/** Counts `n` hits in a first-level TLB, in entries of `size`. */
export function countL1Hits(c: AccessCounters, fetch: boolean, size: number, n: number): void {
  if (fetch) {
    c.l1iHit += n;
    if (size === SIZE_4K) c.l1iHit4k += n;
    else if (size === SIZE_1G) c.l1iHit1g += n;
    else c.l1iHit2m += n;
    return;
  }
  c.l1dHit += n;
  if (size === SIZE_4K) c.l1dHit4k += n;
  else if (size === SIZE_1G) c.l1dHit1g += n;
  else c.l1dHit2m += n;
}
