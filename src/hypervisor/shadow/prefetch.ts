/**
 * Filling the neighbours of an entry that has just been filled (Xen sh_prefetch; Linux FNAME(pte_prefetch) and
 * __direct_pte_prefetch). docs/model.md 6.4, 9.
 */
import { ENTRIES } from '../../arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_RW } from '../../arch/pte.js';
import { type Entries, fillRuns } from '../fill-runs.js';
import type { ShadowDomain } from './domain.js';
import { updateSnapshot } from './oos.js';
import { FL1, SH_P } from './pages.js';
import { becomesWritable, leafEntry, setLeafEntry } from './propagate.js';
import type { PrefetchStop } from './policy.js';

/** A leaf as the guest has it, or as its superpage implies. */
interface GuestLeaf {
  readonly frame: number;
  readonly flags: number;
}

/** `target` is the guest leaf of entry `index`; the pieces of a superpage follow from it. */
export function prefetch(d: ShadowDomain, page: number, index: number, target: GuestLeaf): void {
  const { prefetchShape, prefetchEntries } = d.policy;
  const first = prefetchShape === 'forward' ? index : index - (index % prefetchEntries);
  const end = Math.min(first + prefetchEntries, ENTRIES);
  if (d.pages.type[page] === FL1 && prefetchShape === 'aligned')
    return fillDirect(d, page, { frame: target.frame - index, flags: target.flags }, first, end);
  for (let i = first; i < end; i++) {
    if (i !== index && !fillNeighbour(d, page, i, leafAt(d, page, i, index, target))) return;
  }
}

/** Pieces `first` to `end` of `superpage`: frames in a row, with the rights of its shadow (__direct_pte_prefetch). */
function fillDirect(d: ShadowDomain, page: number, superpage: GuestLeaf, first: number, end: number): void {
  const frameAt = (i: number): number => superpage.frame + i;
  const entries: Entries = {
    isFilled: (i) => d.pages.entries[page]![i]! !== 0,
    isBacked: (i) => d.p2m.isRam(frameAt(i)) && d.host.isWritable(frameAt(i)),
    fill: (i) => setPrefetched(d, page, i, frameAt(i), superpage.flags),
  };
  fillRuns(entries, first, end);
}

function setPrefetched(d: ShadowDomain, page: number, i: number, frame: number, flags: number): void {
  const entry = leafEntry(d, page, frame, flags, 'prefetch');
  setLeafEntry(d, page, i, entry);
  d.marks?.filled(page, i, false, becomesWritable(0, entry));
  if ((entry & SH_P) !== 0) d.counters.shPrefetch += 1;
}

function leafAt(d: ShadowDomain, page: number, i: number, index: number, target: GuestLeaf): GuestLeaf {
  if (d.pages.type[page] === FL1) return { frame: target.frame + (i - index), flags: target.flags };
  const table = d.pages.back[page]!;
  return { frame: d.guest.tables.frame(table, i), flags: d.guest.tables.flags(table, i) };
}

/** False if the scan ends here. */
function fillNeighbour(d: ShadowDomain, page: number, i: number, leaf: GuestLeaf): boolean {
  const { policy } = d;
  const filled = d.pages.entries[page]![i]! !== 0;
  if (filled) return !policy.prefetchStops.includes('filled');
  const stop = reasonToStop(d, page, leaf);
  if (stop !== null && policy.prefetchStops.includes(stop)) return false;
  // The host's page is looked up without waiting for one, and for writing (gfn_to_pfn_memslot_atomic).
  if (stop !== 'absent' && !d.host.isWritable(leaf.frame)) return false;
  setPrefetched(d, page, i, leaf.frame, leaf.flags);
  const table = d.pages.back[page]!;
  if (d.pages.type[page] !== FL1 && d.frames.isOutOfSync(table)) updateSnapshot(d, table, i);
  return true;
}

function reasonToStop(d: ShadowDomain, page: number, { frame, flags }: GuestLeaf): PrefetchStop | null {
  if ((flags & PTE_P) === 0 || !d.p2m.isRam(frame)) return 'absent';
  // A superpage's A and D are kept in the entry above.
  if (d.pages.type[page] === FL1) return null;
  if ((flags & PTE_A) === 0) return 'unaccessed';
  return (flags & PTE_RW) !== 0 && (flags & PTE_D) === 0 ? 'clean' : null;
}
