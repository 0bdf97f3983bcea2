/**
 * Freeing shadow pages that live until they are zapped (Linux kvm_mmu_prepare_zap_page). docs/model.md 9.
 *
 * Pages below stay, unlinked, and are found again by hash; only out-of-sync tables below go with their parent
 * (mmu_zap_unsync_children). A loaded root that goes is built anew before the guest runs again.
 */
import { ENTRIES } from '../../arch/paging.js';
import type { ShadowDomain } from './domain.js';
import { L1 } from './pages.js';

export function zap(d: ShadowDomain, page: number): void {
  if (d.pages.type[page]! > L1) {
    for (const below of unsyncedBelow(d, page)) d.pages.zap(below);
  }
  d.pages.zap(page);
  // kvm_mmu_commit_zap_page: the page's number may be used again at once.
  d.flushAllVcpus();
}

/** Everything goes (Linux kvm_mmu_zap_all_fast). */
export function zapAll(d: ShadowDomain): void {
  for (const page of d.pages.order) d.pages.zap(page);
  d.flushAllVcpus();
}

/** Out-of-sync tables that can be reached from `page`, in the order in which they went out of sync. */
export function unsyncedBelow(d: ShadowDomain, page: number): number[] {
  return [...d.unsynced].filter((leaf) => hangsBelow(d, leaf, page));
}

function hangsBelow(d: ShadowDomain, page: number, top: number): boolean {
  for (const at of d.pages.parents(page)) {
    const parent = Math.floor(at / ENTRIES);
    if (parent === top || hangsBelow(d, parent, top)) return true;
  }
  return false;
}
