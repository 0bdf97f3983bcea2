/**
 * What a shadow entry may say (Xen multi.c _sh_propagate; docs/model.md 6.3) and how one is set.
 *
 * A and D bits are kept by withholding: A clear in the guest means not present in the shadow, D clear means
 * read-only, so that the first access of each kind comes to the hypervisor. Shadowed tables are read-only.
 */
import { ENTRIES } from '../../arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW } from '../../arch/pte.js';
import type { ShadowDomain } from './domain.js';
import { SH_P, SH_RW, SH_WITHHELD } from './pages.js';

/** An l1/fl1 entry for the guest leaf {frame, flags}; `demandWrite` if this very store faulted. */
export function leafEntry(d: ShadowDomain, frame: number, flags: number, demandWrite: boolean): number {
  if ((flags & PTE_P) === 0 || !d.p2m.isRam(frame)) return 0;
  if ((flags & PTE_A) === 0) return SH_WITHHELD;
  let rights = SH_P;
  if ((flags & PTE_RW) !== 0 && (flags & PTE_D) !== 0) {
    const protectedTable = d.pages.isTable(frame) && !(demandWrite && d.pages.mayWrite(frame));
    if (!protectedTable) rights |= SH_RW;
  }
  return (frame << 3) | rights;
}

/** An upper entry that links `child`: A withholds, and D of a level-2 superpage does so for stores. */
export function upperEntry(child: number, flags: number, level: number): number {
  if ((flags & PTE_P) === 0 || (flags & PTE_A) === 0) return 0;
  const clean = level === 2 && (flags & PTE_PS) !== 0 && (flags & PTE_D) === 0;
  return (child << 3) | SH_P | ((flags & PTE_RW) !== 0 && !clean ? SH_RW : 0);
}

/** Sets a leaf entry; a writable mapping of an out-of-sync table is recorded (set.c shadow_set_l1e). */
export function setLeafEntry(d: ShadowDomain, page: number, index: number, value: number): void {
  const { pages } = d;
  if ((value & 3) === (SH_P | SH_RW) && pages.mayWrite(value >> 3)) addFixup(d, value >> 3, page, index);
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
