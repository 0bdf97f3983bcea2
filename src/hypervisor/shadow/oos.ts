/**
 * Out-of-sync L1 tables (Xen oos.c): a table the guest writes to often is left writable for a while.
 *
 * A few slots a vcpu, a tiny hash by mfn: on the first store a snapshot is kept and the table unprotected;
 * later stores are free; at the next CR3 load (or when its slot is taken) it is protected again and present
 * shadow entries whose guest entry changed are rewritten. docs/model.md 6.5, 6.8.
 */
import { ENTRIES } from '../../arch/paging.js';
import type { OosSlot, ShadowDomain, ShadowVcpu } from './domain.js';
import { L1, SH_P } from './pages.js';
import { setLeafEntry, syncedEntry, takeFixup } from './propagate.js';
import { removeWriteAccess } from './write-access.js';

/** Lets the table go out of sync if it may; true if it did (sh_unsync). */
export function unsync(d: ShadowDomain, v: ShadowVcpu, gfn: number): boolean {
  const { frames, counters } = d;
  if (v.slots.length === 0 || !frames.isOnlyL1(gfn) || frames.isOutOfSync(gfn)) return false;
  frames.setOutOfSync(gfn, true);
  const slot = enterSlot(d, v, gfn);
  d.guest.tables.snapshot(gfn, slot.frames, slot.flags);
  counters.shUnsync += 1;
  return true;
}

/** Copies one entry of the guest table into the snapshot. */
function snapshot(d: ShadowDomain, slot: OosSlot, gfn: number, index: number): void {
  slot.frames[index] = d.guest.tables.frame(gfn, index);
  slot.flags[index] = d.guest.tables.flags(gfn, index);
}

/** The shadow has just been made to agree with this entry of an out-of-sync table. */
export function updateSnapshot(d: ShadowDomain, gfn: number, index: number): void {
  const slot = d.slotOf(gfn);
  if (slot !== null) snapshot(d, slot, gfn, index);
}

/**
 * oos_hash_add: the home slot is mfn mod slots. An occupant at home there moves on to the next slot;
 * whoever is then in the way is crushed (resynced and dropped).
 */
function enterSlot(d: ShadowDomain, v: ShadowVcpu, gfn: number): OosSlot {
  const { slots } = v;
  const homeOf = (table: number): number => d.p2m.mfn(table) % slots.length;
  const home = homeOf(gfn);
  const occupant = slots[home]!;
  const moves = occupant.gfn >= 0 && homeOf(occupant.gfn) === home;
  const target = moves ? (home + 1) % slots.length : home;
  const crushed = slots[target]!;
  if (crushed.gfn >= 0) {
    resyncSlot(d, v, crushed);
    d.counters.shUnsyncEvict += 1;
  }
  const fresh = crushed;
  if (moves) {
    slots[target] = occupant;
    slots[home] = fresh;
  }
  fresh.gfn = gfn;
  fresh.fixups.fill(-1);
  fresh.next = 0;
  return fresh;
}

/** Write-protects a table again and brings its shadow up to date (_sh_resync); frees the slot. */
export function resyncSlot(d: ShadowDomain, v: ShadowVcpu, slot: OosSlot): void {
  const { gfn } = slot;
  for (let i = 0; i < slot.fixups.length; i++) {
    if (slot.fixups[i]! >= 0) takeFixup(d, gfn, slot.fixups[i]!);
    slot.fixups[i] = -1;
  }
  removeWriteAccess(d, v, gfn);
  d.flushAllVcpus();
  d.frames.forbidWrite(gfn);
  refresh(d, slot);
  d.frames.setOutOfSync(gfn, false);
  d.counters.shResync += 1;
  slot.gfn = -1;
}

/** Rewrites the *present* shadow entries whose guest entry differs from the snapshot (sh_resync_l1). */
function refresh(d: ShadowDomain, slot: OosSlot): void {
  const { gfn } = slot;
  const page = d.pages.find(gfn, L1);
  const entries = d.pages.entries[page]!;
  for (let i = 0; i < ENTRIES; i++) {
    if ((entries[i]! & SH_P) === 0) continue;
    const frame = d.guest.tables.frame(gfn, i);
    const flags = d.guest.tables.flags(gfn, i);
    if (slot.frames[i] === frame && slot.flags[i] === flags) continue;
    d.counters.shResyncEntries += 1;
    setLeafEntry(d, page, i, syncedEntry(d, page, entries[i]!, frame, flags));
    snapshot(d, slot, gfn, i);
  }
}

/** Resyncs one table, if it is out of sync, wherever its slot is. */
export function resync(d: ShadowDomain, v: ShadowVcpu, gfn: number): boolean {
  if (!d.frames.isOutOfSync(gfn)) return false;
  const slot = d.slotOf(gfn);
  if (slot === null) return false;
  resyncSlot(d, v, slot);
  return true;
}

/** Every table of every vcpu, own ones first: before shadows are linked in above them. */
export function resyncAll(d: ShadowDomain, v: ShadowVcpu): void {
  resyncOwn(d, v);
  for (const other of d.vcpus) if (other !== v) resyncOwn(d, other, v);
}

/** The tables of one vcpu, in the order of its slots: write-protected and in sync again. */
export function resyncOwn(d: ShadowDomain, owner: ShadowVcpu, acting: ShadowVcpu = owner): void {
  for (const slot of owner.slots) if (slot.gfn >= 0) resyncSlot(d, acting, slot);
}

/** After a CR3 load: other vcpus' tables stay out of sync, but their shadows are refreshed. */
export function refreshOthers(d: ShadowDomain, v: ShadowVcpu): void {
  for (const other of d.vcpus) {
    if (other === v) continue;
    for (const slot of other.slots) if (slot.gfn >= 0 && !usedElsewhereOnly(d, v, slot.gfn)) refresh(d, slot);
  }
}

/** True if the table hangs under exactly one root and that root is not the one `v` runs (sh_safe_not_to_sync). */
function usedElsewhereOnly(d: ShadowDomain, v: ShadowVcpu, gfn: number): boolean {
  const { pages } = d;
  let page = pages.find(gfn, L1);
  for (let level = L1; level < 4; level++) {
    const up = pages.up(page);
    if (pages.refs(page) !== 1 || up < 0 || pages.isPinnable(pages.type[page]!)) return false;
    page = Math.floor(up / ENTRIES);
  }
  return page !== v.root;
}
