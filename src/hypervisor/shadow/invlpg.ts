/**
 * INVLPG under shadow paging (Xen sh_invlpg; Linux kvm_mmu_invlpg). docs/model.md 6.7, 9.
 */
import { tableIndex } from '../../arch/paging.js';
import type { ShadowDomain, ShadowVcpu } from './domain.js';
import { FL1 } from './pages.js';
import { refreshEntry } from './unsync.js';

/** What of the vcpu's translations is stale afterwards. */
export type InvlpgScope = 'nothing' | 'page' | 'all';

export function invlpg(d: ShadowDomain, v: ShadowVcpu, hi: number, lo: number): InvlpgScope {
  v.lastEmulated.ok = false;
  if (d.policy.lifetime === 'zapped') {
    for (const root of [v.root, ...v.previous]) refreshEntry(d, root, hi, lo);
    return 'page';
  }
  const page = d.leafShadow(v.root, hi, lo);
  if (page < 0) return 'nothing';
  if (d.pages.type[page] === FL1) return 'all';
  if (d.frames.isOutOfSync(d.pages.back[page]!)) d.pages.setLeaf(page, tableIndex(hi, lo, 1), 0);
  return 'page';
}
