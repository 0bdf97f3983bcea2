/**
 * Out-of-sync tables without limit (Linux KVM: mmu_try_to_unsync_pages, kvm_mmu_sync_roots). docs/model.md 9.
 *
 * State is kept per shadow page: a leaf table goes unsync with all its shadows when it is mapped writable, and a
 * CR3 load syncs what hangs below the new root. What is not linked there stays unsync, and writable.
 */
import { ENTRIES, tableIndex } from '../../arch/paging.js';
import { PTE_A, PTE_P } from '../../arch/pte.js';
import type { ShadowDomain, ShadowVcpu } from './domain.js';
import { L1, SH_P } from './pages.js';
import { becomesWritable, leafEntry, syncedEntry } from './propagate.js';
import { removeWriteAccess } from './write-access.js';
import { unsyncedBelow } from './zap.js';

/** Every shadow of the leaf table goes unsync; true if one was in sync. */
export function unsyncShadows(d: ShadowDomain, gfn: number): boolean {
  const before = d.unsynced.size;
  for (const page of d.pages.shadowsOf(gfn)) d.unsynced.add(page);
  d.counters.shUnsync += d.unsynced.size - before;
  return d.unsynced.size > before;
}

/** Makes the present entries of a leaf shadow agree with the guest's table (FNAME(sync_page)). */
export function syncEntries(d: ShadowDomain, page: number): void {
  for (let i = 0; i < ENTRIES; i++) syncEntry(d, page, i);
}

function syncEntry(d: ShadowDomain, page: number, index: number): void {
  const { tables } = d.guest;
  const old = d.pages.entries[page]![index]!;
  if ((old & SH_P) === 0) return;
  const gfn = d.pages.back[page]!;
  const entry = syncedEntry(d, page, old, tables.frame(gfn, index), tables.flags(gfn, index));
  // An entry that stays is written again, without the A bit.
  d.marks?.filled(page, index, false, becomesWritable(old, entry));
  if (entry === old) return;
  d.counters.shResyncEntries += 1;
  d.pages.setLeaf(page, index, entry);
  d.flushAllVcpus();
}

/** Write-protects and syncs every unsync table below `top` (mmu_sync_children). */
export function syncBelow(d: ShadowDomain, v: ShadowVcpu, top: number): void {
  const pages = unsyncedBelow(d, top);
  for (const page of pages) {
    if (removeWriteAccess(d, v, d.pages.back[page]!)) d.flushAllVcpus();
  }
  for (const page of pages) {
    d.unsynced.delete(page);
    syncEntries(d, page);
    d.counters.shResync += 1;
  }
}

/**
 * INVLPG, or a guest fault that the guest may have caused by not flushing: the entry for (hi, lo) below `root`, if
 * its table is unsync, is dropped and filled again from the guest's (6.1: FNAME(invlpg), FNAME(prefetch_gpte)) or
 * brought up to date (6.12: kvm_sync_spte).
 */
export function refreshEntry(d: ShadowDomain, root: number, hi: number, lo: number): void {
  const page = d.leafShadow(root, hi, lo);
  if (page < 0 || d.pages.type[page] !== L1 || !d.unsynced.has(page)) return;
  const index = tableIndex(hi, lo, 1);
  if (d.policy.invlpg === 'sync') return syncEntry(d, page, index);
  d.pages.setLeaf(page, index, 0);
  d.flushAllVcpus();
  if (d.policy.invlpg === 'refill') prefetchEntry(d, page, index);
}

/** Fills an entry without a fault of its own; false if the guest entry (or its host page) does not allow it. */
export function prefetchEntry(d: ShadowDomain, page: number, index: number): boolean {
  const { tables } = d.guest;
  const gfn = d.pages.back[page]!;
  const flags = tables.flags(gfn, index);
  if ((flags & PTE_P) === 0 || (flags & PTE_A) === 0) return false;
  const frame = tables.frame(gfn, index);
  if (!d.p2m.isRam(frame) || !d.host.isWritable(frame)) return false;
  const entry = leafEntry(d, page, frame, flags, 'prefetch');
  d.pages.setLeaf(page, index, entry);
  d.marks?.filled(page, index, false, becomesWritable(0, entry));
  d.counters.shPrefetch += 1;
  return true;
}
