/**
 * Finding and removing writable mappings of a frame (Xen common.c sh_remove_write_access).
 *
 * Without a reverse map they must be found: Xen guesses where the guest's direct map has the frame, then looks in the shadow
 * where the last search succeeded, then through all L1 shadows. None of it exits; all of it is work.
 */
import { ENTRIES, tableIndex } from '../../arch/paging.js';
import type { ShadowDomain, ShadowVcpu } from './domain.js';
import { FL1, L1, SH_RW } from './pages.js';
import type { ReverseMap } from './reverse-map.js';

/** True if a mapping was made read-only (then TLBs must be flushed). Nothing is done for a protected table. */
export function removeWriteAccess(d: ShadowDomain, v: ShadowVcpu, gfn: number): boolean {
  const { pages, counters, frames } = d;
  if (pages.reverse !== null) return protectAll(d, pages.reverse, gfn);
  if ((frames.isTable(gfn) && !frames.mayWrite(gfn)) || pages.writable(gfn) === 0) return false;
  counters.shWr += 1;
  if (guess(d, v, gfn)) return true;
  if (v.lastWritable >= 0 && isLeafShadow(d, v.lastWritable)) {
    if (searchPage(d, v, v.lastWritable, gfn)) counters.shWrLast += 1;
    if (pages.writable(gfn) === 0) return true;
  }
  counters.shWrBf += 1;
  for (let page = 0; page < pages.count && pages.writable(gfn) > 0; page++) {
    if (isLeafShadow(d, page)) searchPage(d, v, page, gfn);
  }
  return true;
}

/** With a reverse map there is nothing to search (Linux kvm_mmu_slot_gfn_write_protect, rmap_write_protect). */
function protectAll(d: ShadowDomain, reverse: ReverseMap, gfn: number): boolean {
  let removed = false;
  for (const at of reverse.entriesOf(gfn)) {
    if (d.takeWrite(Math.floor(at / ENTRIES), at % ENTRIES, gfn)) removed = true;
  }
  for (const at of reverse.largeEntriesOf(gfn)) {
    const page = Math.floor(at / ENTRIES);
    const entry = d.pages.entries[page]![at % ENTRIES]!;
    if ((entry & SH_RW) === 0) continue;
    d.pages.setUpper(page, at % ENTRIES, entry & ~SH_RW);
    removed = true;
  }
  return removed;
}

/** No entry maps `gfn` any longer; true if one did (Linux kvm_unmap_gfn_range). */
export function unmapFrame(d: ShadowDomain, gfn: number): boolean {
  const { reverse } = d.pages;
  if (reverse === null) return false;
  const small = reverse.entriesOf(gfn);
  const large = reverse.largeEntriesOf(gfn);
  for (const at of small) d.pages.setLeaf(Math.floor(at / ENTRIES), at % ENTRIES, 0);
  for (const at of large) d.pages.setUpper(Math.floor(at / ENTRIES), at % ENTRIES, 0);
  return small.length + large.length > 0;
}

function isLeafShadow(d: ShadowDomain, page: number): boolean {
  const type = d.pages.type[page]!;
  return type === FL1 || type === L1;
}

/** Looks at the guessed addresses in the loaded root's shadow; true once no writable mapping is left. */
function guess(d: ShadowDomain, v: ShadowVcpu, gfn: number): boolean {
  if (v.root < 0) return false;
  for (const base of d.policy.guessBases) {
    const hi = (base.hi + (gfn >>> 20)) | 0;
    const lo = ((gfn & 0xfffff) << 12) >>> 0;
    const page = d.leafShadow(v.root, hi, lo);
    if (page >= 0 && d.takeWrite(page, tableIndex(hi, lo, 1), gfn)) d.counters.shWrGuess += 1;
    if (d.pages.writable(gfn) === 0) return true;
  }
  return false;
}

/** Makes every writable mapping of `gfn` in one shadow read-only, until none is left anywhere. */
function searchPage(d: ShadowDomain, v: ShadowVcpu, page: number, gfn: number): boolean {
  d.counters.shBfEntries += ENTRIES;
  let found = false;
  for (let i = 0; i < ENTRIES; i++) {
    if (!d.takeWrite(page, i, gfn)) continue;
    found = true;
    v.lastWritable = page;
    if (d.pages.writable(gfn) === 0) break;
  }
  return found;
}
