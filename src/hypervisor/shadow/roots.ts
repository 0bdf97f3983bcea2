/**
 * Which shadow a vcpu runs on: loading CR3 (Xen sh_update_cr3; Linux kvm_set_cr3, kvm_mmu_new_pgd). docs/model.md 6.8, 9.
 *
 * Xen pins every root that was ever loaded until the pool runs low. KVM keeps a few roots at hand, in order of last
 * use; others it finds by hash as long as they live.
 */
import type { AddressSpace } from '../../guest/address-space.js';
import type { ShadowDomain, ShadowVcpu } from './domain.js';
import { refreshOthers, resyncAll, resyncOwn } from './oos.js';
import { L3, L4 } from './pages.js';
import { blowTables, reserveForRoot } from './reserve.js';
import { syncBelow } from './unsync.js';
import { removeWriteAccess } from './write-access.js';
import { unsyncedBelow, zap, zapAll } from './zap.js';

/** MOV to CR3, any value; `keep` is the no-flush bit. True if the guest's translations must be flushed. */
export function loadCr3(d: ShadowDomain, v: ShadowVcpu, space: AddressSpace, keep: boolean): boolean {
  if (d.policy.lifetime === 'zapped') {
    // A root that was not at hand is synced and flushed for whatever the guest asked (kvm_mmu_load).
    const atHand = switchRoot(d, v, space);
    if (keep && d.policy.pcid && atHand) return false;
    syncBelow(d, v, v.root);
    return true;
  }
  v.lastEmulated.ok = false;
  resyncOwn(d, v);
  loadRoot(d, v, space);
  refreshOthers(d, v);
  return true;
}

/** A global flush: what is out of sync under any root comes into sync (Xen sh_update_paging_modes; Linux kvm_vcpu_flush_tlb_guest). */
export function syncEverything(d: ShadowDomain, v: ShadowVcpu): void {
  if (d.policy.lifetime === 'referenced') return resyncAll(d, v);
  syncBelow(d, v, v.root);
  // kvm_mmu_sync_prev_roots: a root at hand with stale tables below is put away rather than synced.
  v.previous = v.previous.filter((root) => unsyncedBelow(d, root).length === 0);
}

/** The hypervisor drops every translation that it holds for the guest. */
export function dropEverything(d: ShadowDomain): void {
  if (d.policy.lifetime === 'referenced') return blowTables(d);
  zapAll(d);
  rebuildRoots(d);
}

/** Makes the shadow of `space`'s root the one that `v` runs on. */
export function loadRoot(d: ShadowDomain, v: ShadowVcpu, space: AddressSpace): void {
  if (d.policy.lifetime === 'zapped') {
    switchRoot(d, v, space);
    return;
  }
  const { pages } = d;
  if (removeWriteAccess(d, v, space.root)) d.flushAllVcpus();
  let root = pages.find(space.root, L4);
  if (root < 0) {
    reserveForRoot(d);
    root = pages.make(space.root, L4);
    considerPinning(d);
  }
  pages.getRef(root, -1);
  pages.pin(root);
  if (v.root >= 0) pages.putRef(v.root, -1);
  v.root = root;
}

/** The roots at hand rotate as they are used (fast_pgd_switch). True if the root was loaded or at hand. */
function switchRoot(d: ShadowDomain, v: ShadowVcpu, space: AddressSpace): boolean {
  const { pages } = d;
  const left = v.root;
  // kvm_set_cr3: the same value again is a flush, no use of the root.
  if (left >= 0 && pages.back[left] === space.root) return true;
  v.root = -1;
  if (left >= 0) v.previous = [left, ...v.previous].slice(0, d.policy.previousRoots + 1);
  const known = v.previous.find((page) => pages.back[page] === space.root);
  v.previous = v.previous.filter((page) => page !== known).slice(0, d.policy.previousRoots);
  v.root = known ?? rootFor(d, v, space);
  d.floods[v.root] = 0;
  return known !== undefined;
}

function rootFor(d: ShadowDomain, v: ShadowVcpu, space: AddressSpace): number {
  const { pages } = d;
  const known = pages.find(space.root, L4);
  if (known >= 0) return known;
  reserveForRoot(d);
  for (const page of pages.shadowsOf(space.root)) if (d.unsynced.has(page)) zap(d, page);
  if (removeWriteAccess(d, v, space.root)) d.flushAllVcpus();
  return pages.make(space.root, L4);
}

/** A loaded root that was zapped is built anew before the guest runs again (kvm_mmu_reload). */
export function rebuildRoots(d: ShadowDomain): void {
  for (const v of d.vcpus) {
    if (v.root >= 0) continue;
    v.root = rootFor(d, v, d.guest.current[v.id]!);
    d.flushVcpu(v);
  }
}

/** SHOPT_LINUX_L3_TOPLEVEL: more than two pinned L4s a vcpu mean that this is no early 64-bit Linux. */
function considerPinning(d: ShadowDomain): void {
  const { pages, vcpus } = d;
  if (!pages.pinL3) return;
  const roots = [...pages.pinned].filter((page) => pages.type[page] === L4);
  if (roots.length <= 2 * vcpus.length) return;
  for (const page of pages.pinned) if (pages.type[page] === L3) pages.unpin(page);
  pages.pinL3 = false;
}
