/**
 * LeafShadow: the way down to the shadow page that holds an address's entry, making and linking what is missing
 * (Xen shadow_get_and_create_l1e; Linux FNAME(fetch)). docs/model.md 6.2, 9.
 */
import { pageOffset, SIZE_2M, SIZE_4K, tableIndex } from '../../arch/paging.js';
import type { ShadowDomain, ShadowVcpu } from './domain.js';
import type { GuestWalk } from './guest-walk.js';
import { resync, resyncAll } from './oos.js';
import { ALL_RIGHTS, FL1, isLink, L1, L2, L3, RIGHT_W, SH_LARGE, SH_P, SH_RW } from './pages.js';
import { upperEntry } from './propagate.js';
import { syncBelow, syncEntries } from './unsync.js';
import { removeWriteAccess } from './write-access.js';
import { zap } from './zap.js';

export class LeafShadow {
  readonly #d: ShadowDomain;
  readonly #walk: GuestWalk;

  constructor(domain: ShadowDomain, walk: GuestWalk) {
    this.#d = domain;
    this.#walk = walk;
  }

  /** The l1 (or fl1) shadow for the walked address, linked; -1 if a 2 MiB entry maps it now. */
  get(v: ShadowVcpu, hi: number, lo: number, write: boolean): number {
    const d = this.#d;
    const { pages } = d;
    const walk = this.#walk;
    let parent = v.root;
    let linkedUpper = false;
    for (let level = L3; level >= L2; level--) {
      const index = tableIndex(hi, lo, level + 1);
      const entry = pages.entries[parent]![index]!;
      if ((entry & SH_P) !== 0) parent = entry >> 3;
      else {
        const child = this.#shadowOf(v, walk.table[level]!, level);
        this.#link(v, parent, index, child, level + 1);
        parent = child;
        linkedUpper = true;
      }
    }
    const leaf =
      walk.leaf === L2 ? this.#superpage(v, parent, hi, lo, write) : this.#table(v, parent, hi, lo);
    if (linkedUpper && d.policy.linkSyncs === 'all') resyncAll(d, v);
    return leaf;
  }

  #link(v: ShadowVcpu, parent: number, index: number, child: number, level: number): void {
    const d = this.#d;
    // mmu_sync_children: what is linked in must not have stale tables below.
    if (d.policy.linkSyncs === 'linked') syncBelow(d, v, child);
    d.pages.setUpper(parent, index, upperEntry(d, child, this.#walk.flags[level]!, level));
  }

  /** The shadow of the guest's L1 table, under the L2 shadow `parent`. */
  #table(v: ShadowVcpu, parent: number, hi: number, lo: number): number {
    const d = this.#d;
    const walk = this.#walk;
    const index = tableIndex(hi, lo, L2);
    const entry = d.pages.entries[parent]![index]!;
    if (isLink(entry)) return entry >> 3;
    const child = this.#shadowOf(v, walk.table[L1]!, L1);
    if (d.policy.linkSyncs === 'all') resync(d, v, walk.table[L1]!);
    this.#link(v, parent, index, child, L2);
    return child;
  }

  /** A guest superpage: a 2 MiB entry if policy, host and tables allow one, otherwise its splintered shadow. */
  #superpage(v: ShadowVcpu, parent: number, hi: number, lo: number, write: boolean): number {
    const d = this.#d;
    const walk = this.#walk;
    const index = tableIndex(hi, lo, L2);
    const entry = d.pages.entries[parent]![index]!;
    if (this.#mapsLarge(walk.frame[L2]! + pageOffset(hi, lo, SIZE_2M))) {
      this.#setLarge(parent, index);
      return -1;
    }
    const byRights = d.policy.splinterKey === 'gfn+rights';
    const rights = byRights ? walk.superpageRights() : ALL_RIGHTS;
    if (isLink(entry)) {
      // Xen looks only at a store that the entry forbids; KVM at the rights of what is linked (validate_direct_spte).
      const good = byRights ? d.pages.rights[entry >> 3] === rights : !(write && (entry & SH_RW) === 0);
      if (good) return entry >> 3;
    }
    const child = this.#shadowOf(v, walk.frame[L2]!, FL1, rights);
    const replaced = d.pages.setUpper(parent, index, upperEntry(d, child, walk.flags[L2]!, L2));
    if (replaced && byRights) d.flushAllVcpus();
    return child;
  }

  /** kvm_mmu_hugepage_adjust: one host page, and no shadowed table, in the 2 MiB. */
  #mapsLarge(gfn: number): boolean {
    const { policy, host, frames } = this.#d;
    return policy.largeEntries && host.pageSize(gfn) > SIZE_4K && !frames.rangeHasTable(gfn);
  }

  #setLarge(parent: number, index: number): void {
    const d = this.#d;
    const first = this.#walk.frame[L2]!;
    const writable = (this.#walk.superpageRights() & RIGHT_W) !== 0 && d.host.isWritable(first);
    const entry = (first << 3) | SH_P | SH_LARGE | (writable ? SH_RW : 0);
    if (d.pages.setUpper(parent, index, entry)) d.flushAllVcpus();
  }

  /** The shadow of (gfn, type) by hash, or a new one, its table protected. */
  #shadowOf(v: ShadowVcpu, gfn: number, type: number, fl1Rights = ALL_RIGHTS): number {
    const d = this.#d;
    const rights = this.#rightsOf(type, fl1Rights);
    const known = d.pages.find(gfn, type, rights);
    if (known >= 0) {
      // kvm_mmu_find_shadow_page: brought up to date, but left unsync and writable.
      if (d.unsynced.has(known)) syncEntries(d, known);
      d.floods[known] = 0;
      return known;
    }
    if (type !== FL1) this.#prepareTable(v, gfn, type);
    return d.pages.make(gfn, type, rights);
  }

  #rightsOf(type: number, fl1Rights: number): number {
    if (this.#d.policy.splinterKey === 'gfn' || type === FL1) return fl1Rights;
    return this.#walk.rightsAbove(type);
  }

  /** A frame that becomes a table (or another kind of table) is in sync and read-only. */
  #prepareTable(v: ShadowVcpu, gfn: number, type: number): void {
    const d = this.#d;
    resync(d, v, gfn);
    if (!d.policy.reverseMap) return;
    // An unsync leaf shadow of a frame that is an upper table now is stale (kvm_mmu_find_shadow_page).
    if (type > L1) for (const page of d.pages.shadowsOf(gfn)) if (d.unsynced.has(page)) zap(d, page);
    if (removeWriteAccess(d, v, gfn)) d.flushAllVcpus();
  }
}
