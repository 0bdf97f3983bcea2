/**
 * What a shadow entry may say (Xen multi.c _sh_propagate; docs/model.md 6.3) and how one is set.
 *
 * A and D bits are kept by withholding: A clear in the guest means not present in the shadow, D clear means
 * read-only, so that the first access of each kind comes to the hypervisor. Shadowed tables are read-only.
 */
import { ENTRIES } from '../../arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW } from '../../arch/pte.js';
import type { ShadowDomain } from './domain.js';
import { RIGHT_W, SH_P, SH_RW, SH_WITHHELD } from './pages.js';

/** Why an entry is made: a store or a load that faulted, a neighbour's fault, or a sync. */
export type FillReason = 'store' | 'load' | 'prefetch' | 'sync';

/** The entry of shadow page `page` for the guest leaf {frame, flags}; `old` is what it holds (for a sync). */
export function leafEntry(
  d: ShadowDomain,
  page: number,
  frame: number,
  flags: number,
  reason: FillReason,
  old = 0,
): number {
  if ((flags & PTE_P) === 0 || !d.p2m.isRam(frame)) return 0;
  if ((flags & PTE_A) === 0) return d.policy.withheldEntries ? SH_WITHHELD : 0;
  const writable = mayGrantWrite(d, page, frame, flags) && mayWriteTable(d, frame, reason, old);
  return (frame << 3) | SH_P | (writable ? SH_RW : 0);
}

/** True if guest entry, shadow page and host memory all allow stores (D clear forbids them: protect_clean_gpte). */
export function mayGrantWrite(d: ShadowDomain, page: number, frame: number, flags: number): boolean {
  const clean = (flags & PTE_RW) === 0 || (flags & PTE_D) === 0;
  return !clean && (d.pages.rights[page]! & RIGHT_W) !== 0 && d.host.isWritable(frame);
}

/**
 * Stores to a frame that is a shadowed table: Xen lets a store through that has just unsynced it
 * (_sh_propagate), KVM any mapping once every leaf shadow of it is unsync, and none of an upper table
 * (mmu_try_to_unsync_pages); a sync keeps an entry writable that was (make_spte).
 */
function mayWriteTable(d: ShadowDomain, frame: number, reason: FillReason, old: number): boolean {
  if (!d.frames.isTable(frame)) return true;
  if (d.policy.unsyncOn === 'store') return reason === 'store' && d.frames.mayWrite(frame);
  if (d.frames.isUpper(frame)) return false;
  if (reason === 'sync') return (old & 3) === (SH_P | SH_RW) && old >> 3 === frame;
  return d.pages.shadowsOf(frame).every((page) => d.unsynced.has(page));
}

/** An upper entry that links `child`: A withholds, and D of a level-2 superpage does so for stores. */
export function upperEntry(d: ShadowDomain, child: number, flags: number, level: number): number {
  // KVM's links carry all rights (link_shadow_page): what is forbidden is part of the page's identity.
  if (d.policy.splinterKey === 'gfn+rights') return (child << 3) | SH_P | SH_RW;
  if ((flags & PTE_P) === 0 || (flags & PTE_A) === 0) return 0;
  const clean = level === 2 && (flags & PTE_PS) !== 0 && (flags & PTE_D) === 0;
  return (child << 3) | SH_P | ((flags & PTE_RW) !== 0 && !clean ? SH_RW : 0);
}

/** What a sync makes of a present entry: the guest's rights of now; another frame is mapped anew, or dropped. */
export function syncedEntry(
  d: ShadowDomain,
  page: number,
  old: number,
  frame: number,
  flags: number,
): number {
  if (d.policy.syncMoved === 'drop' && old >> 3 !== frame) return 0;
  return leafEntry(d, page, frame, flags, 'sync', old);
}

/** True if `entry` allows stores that `old` did not. */
export function becomesWritable(old: number, entry: number): boolean {
  return (entry & 3) === (SH_P | SH_RW) && (old & 3) !== (SH_P | SH_RW);
}

/** Sets a leaf entry; a writable mapping of an out-of-sync table is recorded (set.c shadow_set_l1e). */
export function setLeafEntry(d: ShadowDomain, page: number, index: number, value: number): void {
  const { pages } = d;
  if ((value & 3) === (SH_P | SH_RW) && d.frames.mayWrite(value >> 3)) addFixup(d, value >> 3, page, index);
  pages.setLeaf(page, index, value);
}

/** oos.c oos_fixup_add: at most two writable mappings; a third takes the place of the oldest. */
function addFixup(d: ShadowDomain, gfn: number, page: number, index: number): void {
  const slot = d.slotOf(gfn);
  if (slot === null) return;
  d.counters.shFixupAdd += 1;
  const at = page * ENTRIES + index;
  if (slot.fixups.includes(at)) return;
  const old = slot.fixups[slot.next]!;
  if (old >= 0) {
    takeFixup(d, gfn, old);
    d.counters.shFixupEvict += 1;
  }
  slot.fixups[slot.next] = at;
  slot.next = (slot.next + 1) % slot.fixups.length;
}

/** Makes a recorded mapping read-only, if its shadow page is still one of leaves and still maps the table. */
export function takeFixup(d: ShadowDomain, gfn: number, at: number): void {
  const page = Math.floor(at / ENTRIES);
  const type = d.pages.type[page]!;
  if (type === 0 || type === 1) d.takeWrite(page, at % ENTRIES, gfn);
}
