/**
 * Emulated stores to tables, and early unshadowing (Xen hvm.c sh_emulate_unmap_dest,
 * check_for_early_unshadow; multi.c validate_gl1e .. gl4e; common.c sh_remove_shadows). docs/model.md 6.6, 6.9.
 *
 * Not modelled: unaligned stores, stores from user mode (they unshadow outright), the pagetable_dying hint.
 */
import { ENTRIES } from '../../arch/paging.js';
import { PTE_P, PTE_PS } from '../../arch/pte.js';
import type { ShadowDomain, ShadowVcpu } from './domain.js';
import { bringHost } from './host.js';
import { resync, resyncAll, updateSnapshot } from './oos.js';
import { FL1, L1, L2, L3, L4, SH_P } from './pages.js';
import { zap } from './zap.js';
import { leafEntry, setLeafEntry, upperEntry } from './propagate.js';

/** Carries out the store that faulted, to entry `index` of the table in `gfn`. */
export function emulateStore(d: ShadowDomain, v: ShadowVcpu, gfn: number, index: number): void {
  const { pending, tables } = d.guest;
  const known = pending.active && pending.gfn === gfn && pending.index === index;
  const wasPresent = (tables.flags(gfn, index) & PTE_P) !== 0;
  if (known) {
    tables.set(gfn, index, pending.frame, pending.flags);
    pending.applied = true;
  }
  // The store is the hypervisor's own write to guest memory: a frame still on the zero page is copied.
  bringHost(d, gfn, true);
  if (d.policy.upperStore === 'drop') return dropEntries(d, gfn, index);
  // A store of the trace carries no value: it leaves the entry as it is and is taken as non-zero.
  const zero = known && pending.flags === 0 && (pending.frame & 0xfffff) === 0;
  if (zero) noteZero(d, v, gfn);
  else v.lastUnshadowGfn = -1;
  const isPresent = (tables.flags(gfn, index) & PTE_P) !== 0;
  if (wasPresent || isPresent) validate(d, v, gfn, index);
}

/**
 * Linux kvm_mmu_pte_write: the entry goes from every shadow of the table and is filled again when it is used;
 * a table above the leaves that is stored to again and again without being used loses its shadow.
 */
function dropEntries(d: ShadowDomain, gfn: number, index: number): void {
  const { pages } = d;
  for (const page of pages.shadowsOf(gfn)) {
    if (pages.type[page] === L1) pages.setLeaf(page, index, 0);
    else if (isFlooded(d, page)) {
      d.counters.shEarlyUnshadow += 1;
      zap(d, page);
    } else pages.setUpper(page, index, 0);
  }
  d.flushAllVcpus();
}

/** Linux detect_write_flooding. */
function isFlooded(d: ShadowDomain, page: number): boolean {
  if (d.policy.unshadowOn !== 'stores') return false;
  d.floods[page] = (d.floods[page] ?? 0) + 1;
  return d.floods[page] >= d.policy.unshadowAfter;
}

/** Stores of zero in a row to one table: the guest is tearing it down, so drop its shadow. */
function noteZero(d: ShadowDomain, v: ShadowVcpu, gfn: number): void {
  if (d.policy.unshadowOn !== 'zeros') return;
  v.zeroStores = v.lastUnshadowGfn === gfn ? v.zeroStores + 1 : 1;
  v.lastUnshadowGfn = gfn;
  if (v.zeroStores < d.policy.unshadowAfter || !d.frames.isTable(gfn)) return;
  d.counters.shEarlyUnshadow += 1;
  unshadow(d, gfn);
}

/** Drops the shadows of a frame by the quick ways only: unpin, or the up-pointer. */
export function unshadow(d: ShadowDomain, gfn: number): void {
  const { pages, counters } = d;
  counters.shUnshadow += 1;
  for (const type of [L4, L3, L2, L1]) {
    if (!d.frames.hasType(gfn, type)) continue;
    const page = pages.find(gfn, type);
    if (pages.isPinnable(type)) pages.unpin(page);
    else removeByUpPointer(d, page);
  }
  d.flushAllVcpus();
}

function removeByUpPointer(d: ShadowDomain, page: number): void {
  const { pages, counters } = d;
  const up = pages.up(page);
  if (up < 0) return;
  if (pages.refs(page) === 1) counters.shUnshadowUp += 1;
  else counters.shUnshadowBf += 1;
  pages.setUpper(Math.floor(up / ENTRIES), up % ENTRIES, 0);
}

/** Recomputes the entry in every shadow that the frame has, lowest level first. */
function validate(d: ShadowDomain, v: ShadowVcpu, gfn: number, index: number): void {
  let flush = false;
  for (let level = L1; level <= L4; level++) {
    if (!d.frames.hasType(gfn, level)) continue;
    if (level === L1) validateLeaf(d, gfn, index);
    else if (validateUpper(d, v, gfn, index, level)) flush = true;
  }
  if (flush) d.flushAllVcpus();
}

function validateLeaf(d: ShadowDomain, gfn: number, index: number): void {
  const { tables } = d.guest;
  d.counters.shValidateL1 += 1;
  const page = d.pages.find(gfn, L1);
  const entry = leafEntry(d, page, tables.frame(gfn, index), tables.flags(gfn, index), 'prefetch');
  setLeafEntry(d, page, index, entry);
  if (d.frames.isOutOfSync(gfn)) updateSnapshot(d, gfn, index);
}

/** Links the lower shadow if one exists already; never makes one. True if TLBs must be flushed. */
function validateUpper(d: ShadowDomain, v: ShadowVcpu, gfn: number, index: number, level: number): boolean {
  const { pages, counters, guest } = d;
  if (level === L2) counters.shValidateL2 += 1;
  else if (level === L3) counters.shValidateL3 += 1;
  else counters.shValidateL4 += 1;
  const frame = guest.tables.frame(gfn, index);
  const flags = guest.tables.flags(gfn, index);
  let child = -1;
  if ((flags & PTE_P) !== 0) {
    child = pages.find(frame, level === L2 && (flags & PTE_PS) !== 0 ? FL1 : level - 1);
    if (child >= 0 && level > L2) resyncAll(d, v);
  }
  const page = pages.find(gfn, level);
  const entry = child < 0 ? 0 : upperEntry(d, child, flags, level);
  // set_l2e: a table that is newly linked in must be in sync.
  const links = (entry & SH_P) !== 0 && entry !== pages.entries[page]![index];
  if (links && level === L2 && (flags & PTE_PS) === 0) resync(d, v, frame);
  return pages.setUpper(page, index, entry);
}
