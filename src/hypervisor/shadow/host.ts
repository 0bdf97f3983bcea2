/**
 * The host's side of a fault: memory behind the frame, and what goes when the host moves it.
 */
import { pagesOf, SIZE_2M, SIZE_4K } from '../../arch/paging.js';
import type { ShadowDomain } from './domain.js';
import { unmapFrame } from './write-access.js';

/**
 * Backs `gfn` for the access. 'retry': the host has put another page there, its notifier dropped the entries
 * that mapped the old one, and the access must fault once more (Linux mmu_notifier, is_page_fault_stale).
 */
export function bringHost(d: ShadowDomain, gfn: number, write: boolean): 'there' | 'retry' {
  const size = d.host.pageSize(gfn);
  if (d.host.bring(gfn, write) !== 'copied') return 'there';
  const first = size > SIZE_4K ? gfn - (gfn % pagesOf(SIZE_2M)) : gfn;
  const count = size > SIZE_4K ? pagesOf(SIZE_2M) : 1;
  for (let frame = first; frame < first + count; frame++) unmapFrame(d, frame);
  d.flushAllVcpus();
  return 'retry';
}
