/**
 * Room for new shadow pages: what goes when the pool runs low.
 */
import { ENTRIES } from '../../arch/paging.js';
import { ConfigError } from '../../errors.js';
import type { ShadowDomain } from './domain.js';
import { zap } from './zap.js';

/** Makes room for one fault: the policy's reserve. */
export function reserveForFault(d: ShadowDomain): void {
  reserve(d, d.policy.poolReserve);
}

/** Makes room for a root (KVM asks for the same reserve as at a fault). */
export function reserveForRoot(d: ShadowDomain): void {
  reserve(d, d.policy.recycle === 'oldest' ? d.policy.poolReserve : 1);
}

function reserve(d: ShadowDomain, wanted: number): void {
  if (d.freePages >= wanted) return;
  if (d.policy.recycle === 'oldest') dropOldest(d);
  else dropRoots(d, wanted);
}

/**
 * The oldest pages go, by creation; roots that are loaded or at hand are spared (Linux make_mmu_pages_available,
 * kvm_mmu_zap_oldest_mmu_pages). The limit is a soft one: if only roots are left, it is exceeded.
 */
function dropOldest(d: ShadowDomain): void {
  d.counters.shPrealloc1 += 1;
  const kept = new Set(d.vcpus.flatMap((v) => [v.root, ...v.previous]));
  const enough = d.pages.total - (d.policy.poolRefill - Math.max(0, d.freePages));
  for (const page of d.pages.order) {
    if (d.pages.total <= enough) break;
    if (!kept.has(page)) zap(d, page);
  }
}

/** Least recently loaded trees go, then all mappings of the loaded ones (Xen common.c _shadow_prealloc). */
function dropRoots(d: ShadowDomain, wanted: number): void {
  const { pages, counters } = d;
  counters.shPrealloc1 += 1;
  for (const page of pages.pinned) {
    pages.unpin(page);
    if (d.freePages >= wanted) return;
  }
  counters.shPrealloc2 += 1;
  for (const v of d.vcpus) {
    if (v.root >= 0) unhook(d, v.root);
    if (d.freePages >= wanted) break;
  }
  d.flushAllVcpus();
  if (d.freePages < wanted) {
    throw new ConfigError(
      `a shadow pool of ${d.poolPages} pages is too small: ${d.p2m.total} are p2m, ${d.fixedPages} snapshots and monitor tables, and one walk needs 4 more`,
      { hint: 'give it more with --shadow-pool PAGES (0 is unbounded), or --shadow-pool auto' },
    );
  }
}

/** Everything goes but the loaded roots, which are emptied (Xen common.c shadow_blow_tables). */
export function blowTables(d: ShadowDomain): void {
  for (const page of d.pages.pinned) d.pages.unpin(page);
  for (const v of d.vcpus) if (v.root >= 0) unhook(d, v.root);
  d.flushAllVcpus();
}

/** shadow_unhook_mappings. */
function unhook(d: ShadowDomain, root: number): void {
  for (let i = 0; i < ENTRIES; i++) d.pages.setUpper(root, i, 0);
}
