/** KVM: bringing entries of unsync pages in line with the guest's (rules 9.6, 9.7). */
import { A, D, gfnOf, has, P, RW } from './entry.js';
import type { KvmPage, KvmPages } from './kvm-pages.js';

/** What a level-1 guest entry makes of an entry, as far as the guest goes. */
export function guestAllows(page: KvmPage, entry: number): { usable: boolean; w: boolean } {
  return {
    usable: has(entry, P) && has(entry, A),
    w: page.access.w && has(entry, RW) && has(entry, D),
  };
}

/**
 * FNAME(prefetch_gpte): an entry made ahead of use. Returns false if the guest entry is no candidate, or
 * the host's page is not there to be written.
 */
export function prefetchEntry(pages: KvmPages, page: KvmPage, index: number, entry: number): boolean {
  const said = guestAllows(page, entry);
  const gfn = gfnOf(entry);
  if (!said.usable || !pages.m.p2m.isRam(gfn) || pages.host.of(gfn) !== 'own') return false;
  const w = said.w && mayBeWrittenAhead(pages, gfn);
  page.entries[index] = { kind: 'map', gfn, w, hostWritable: true };
  pages.m.counts.add('shadow.prefetch');
  return true;
}

/** mmu_try_to_unsync_pages for a prefetch: no table, or one whose shadows are all unsync already. */
export function mayBeWrittenAhead(pages: KvmPages, gfn: number): boolean {
  return !pages.isTracked(gfn) && pages.tablesOf(gfn).every((page) => page.unsync);
}

/** One entry of FNAME(sync_page). */
export function syncEntry(pages: KvmPages, page: KvmPage, index: number): void {
  const entry = page.entries[index];
  if (entry?.kind !== 'map') return;
  const guest = pages.m.memory.read(page.gfn, index);
  const said = guestAllows(page, guest);
  if (!said.usable || gfnOf(guest) !== entry.gfn) {
    pages.drop(page, index);
    pages.m.counts.add('shadow.resync_entries');
    return;
  }
  // No table becomes writable here; one that is stays so until it is protected.
  const w = said.w && entry.hostWritable && (entry.w || pages.tablesOf(entry.gfn).length === 0);
  if (w === entry.w) return;
  entry.w = w;
  pages.touched = true;
  pages.m.counts.add('shadow.resync_entries');
}

export function syncEntries(pages: KvmPages, page: KvmPage): void {
  for (let i = 0; i < 512; i++) syncEntry(pages, page, i);
}

/** mmu_sync_children: everything unsync below `top` is protected, in sync again, and up to date. */
export function syncBelow(pages: KvmPages, top: KvmPage): void {
  const unsync = pages.unsyncBelow(top);
  for (const page of unsync) pages.writeProtect(page.gfn);
  for (const page of unsync) {
    page.unsync = false;
    syncEntries(pages, page);
    pages.m.counts.add('shadow.resync');
  }
}

/** INVLPG for one root: 6.1 drops and refills the entry of an unsync page, 6.12 syncs it. */
export function invalidatePage(pages: KvmPages, path: { page: KvmPage; index: number }[]): void {
  const last = path.at(-1)!;
  if (last.page.level !== 1 || !last.page.unsync) return;
  if (pages.m.config.shadow.policy === 'kvm-6.12') {
    syncEntry(pages, last.page, last.index);
    return;
  }
  pages.drop(last.page, last.index);
  prefetchEntry(pages, last.page, last.index, pages.m.memory.read(last.page.gfn, last.index));
}
