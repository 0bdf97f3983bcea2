/**
 * The guest kernel's page-fault handler, as Linux 5.15 does it (docs/model.md 8.1).
 *
 * Demand faults of anonymous memory (shared zero page on read: do_anonymous_page), file-backed pages with
 * fault-around (do_fault_around), copy-on-write (wp_page_copy: clear, flush, set; wp_page_reuse).
 * Not modelled: swapping, page aging by the kernel itself, NUMA hints, userfaultfd.
 */
import {
  ENTRIES,
  pageHi,
  pageLo,
  pageNumberOf,
  pagesOf,
  SIZE_4K,
  sizeOfName,
  tableIndex,
} from '../arch/paging.js';
import { PTE_A, PTE_D, PTE_NONE, PTE_P, PTE_PS, PTE_RW, PTE_US, TABLE_FLAGS } from '../arch/pte.js';
import type { AddressSpace, Vma } from './address-space.js';
import { type Guest, ZERO_PAGE } from './guest.js';

/**
 * Handles the #PF of an access at (hi, lo) on `vcpu`. True if the access should be retried, false if
 * the address space forbids it (counted as `guest.faults.bad`).
 */
export function pageFault(
  guest: Guest,
  vcpu: number,
  hi: number,
  lo: number,
  write: boolean,
  fetch: boolean,
): boolean {
  const space = guest.current[vcpu]!;
  const page = pageNumberOf(hi, lo);
  guest.counters.guestFaults += 1;
  readPath(guest, vcpu, space, hi, lo);
  const place = guest.tables.find(space.root, guest.levels, hi, lo, guest.place);
  const vma = space.vmaAt(page);
  if ((place.flags & PTE_NONE) !== 0 || !allowed(vma, write)) return bad(guest);
  if ((place.flags & PTE_P) !== 0) {
    // A stale walk cache can fault on what the tables allow: then the retry succeeds.
    if (!write || place.writable) return true;
    if ((place.flags & PTE_RW) !== 0) return bad(guest); // an upper entry forbids the store
    breakCow(guest, vcpu, space, page);
    return true;
  }
  const file = vma === null ? fetch : vma.kind === 'file';
  if (file && !write) mapAround(guest, vcpu, space, page, vma);
  else if (file) copyFilePage(guest, vcpu, space, page);
  else mapAnonymous(guest, vcpu, space, page, vma, write);
  return true;
}

function allowed(vma: Vma | null, write: boolean): boolean {
  if (vma === null) return true;
  const { perm } = vma;
  return write ? perm.write : perm.read || perm.write || perm.exec;
}

function bad(guest: Guest): boolean {
  guest.counters.guestFaultsBad += 1;
  return false;
}

/** The handler reads the entries from the root to the first that is absent or a leaf. */
function readPath(guest: Guest, vcpu: number, space: AddressSpace, hi: number, lo: number): void {
  let table = space.root;
  for (let level = guest.levels; ; level--) {
    const index = tableIndex(hi, lo, level);
    guest.readEntry(vcpu, table, index);
    const flags = guest.tables.flags(table, index);
    if (level === 1 || (flags & PTE_P) === 0 || ((flags & PTE_PS) !== 0 && level <= 3)) return;
    table = guest.tables.frame(table, index);
  }
}

/**
 * The table of `level` for `page`; missing ones are taken, zeroed and linked, from the top.
 * Upper entries never are superpages where this is called.
 */
export function tableFor(guest: Guest, vcpu: number, root: number, page: number, level: number): number {
  let table = root;
  for (let at = guest.levels; at > level; at--) {
    const index = tableIndex(pageHi(page), pageLo(page), at);
    if ((guest.tables.flags(table, index) & PTE_P) === 0) {
      guest.storeEntry(vcpu, table, index, guest.newTable(vcpu), TABLE_FLAGS);
    }
    table = guest.tables.frame(table, index);
  }
  return table;
}

export function entryIndex(page: number, level: number): number {
  return tableIndex(pageHi(page), pageLo(page), level);
}

/** US is set for the low half only. */
export function userBit(page: number): number {
  return page >= 2 ** 44 ? 0 : PTE_US;
}

function mapAnonymous(
  guest: Guest,
  vcpu: number,
  space: AddressSpace,
  page: number,
  vma: Vma | null,
  write: boolean,
): void {
  guest.counters.guestFaultsDemand += 1;
  const size = anonymousSize(guest, space, page, vma);
  if (size !== SIZE_4K) return mapLarge(guest, vcpu, space, page, size, write);
  const table = tableFor(guest, vcpu, space.root, page, 1);
  const common = PTE_P | userBit(page) | PTE_A;
  if (!write) return guest.storeEntry(vcpu, table, entryIndex(page, 1), ZERO_PAGE, common);
  const frame = guest.takeData(space, page);
  guest.zeroFrame(vcpu, frame);
  guest.storeEntry(vcpu, table, entryIndex(page, 1), frame, common | PTE_RW | PTE_D);
}

/** The configured leaf size if the aligned range is free and no VMA ends inside it; else 4 KiB. */
function anonymousSize(guest: Guest, space: AddressSpace, page: number, vma: Vma | null): number {
  const size = sizeOfName(guest.config.pageSize);
  if (size === SIZE_4K) return SIZE_4K;
  const first = page - (page % pagesOf(size));
  const end = first + pagesOf(size);
  const inside = vma === null ? !space.vmaMeets(first, end) : vma.start <= first && vma.end >= end;
  const place = guest.tables.find(space.root, guest.levels, pageHi(page), pageLo(page), guest.place);
  return inside && place.level >= size + 1 ? size : SIZE_4K;
}

function mapLarge(
  guest: Guest,
  vcpu: number,
  space: AddressSpace,
  page: number,
  size: number,
  write: boolean,
): void {
  const table = tableFor(guest, vcpu, space.root, page, size + 1);
  const frame = guest.takeRun(size);
  for (let i = 0; i < pagesOf(size); i++) guest.zeroFrame(vcpu, frame + i);
  const flags = PTE_P | PTE_RW | userBit(page) | PTE_A | PTE_PS | (write ? PTE_D : 0);
  guest.storeEntry(vcpu, table, entryIndex(page, size + 1), frame, flags);
}

/** Maps the absent pages of the aligned block around `page` from the page cache, read-only. */
function mapAround(guest: Guest, vcpu: number, space: AddressSpace, page: number, vma: Vma | null): void {
  guest.counters.guestFaultsFile += 1;
  const table = tableFor(guest, vcpu, space.root, page, 1);
  const block = guest.config.faultAround;
  const first = page - (page % block);
  for (let at = first; at < first + block; at++) {
    if (vma !== null && (at < vma.start || at >= vma.end)) continue;
    const index = entryIndex(at, 1);
    if ((guest.tables.flags(table, index) & (PTE_P | PTE_NONE)) !== 0) continue;
    guest.storeEntry(vcpu, table, index, guest.cacheFrame(space, at), PTE_P | userBit(at) | PTE_A);
  }
}

/** Write to a private file page that is not mapped (do_cow_fault). */
function copyFilePage(guest: Guest, vcpu: number, space: AddressSpace, page: number): void {
  guest.counters.guestFaultsDemand += 1;
  const table = tableFor(guest, vcpu, space.root, page, 1);
  const frame = guest.takeData(space, page);
  guest.copyFrame(vcpu, frame, guest.cacheFrame(space, page));
  guest.storeEntry(vcpu, table, entryIndex(page, 1), frame, PTE_P | PTE_RW | userBit(page) | PTE_A | PTE_D);
}

/** A store to a present page without RW. */
function breakCow(guest: Guest, vcpu: number, space: AddressSpace, page: number): void {
  guest.counters.guestFaultsCow += 1;
  let place = guest.tables.find(space.root, guest.levels, pageHi(page), pageLo(page), guest.place);
  while (place.level > 1) {
    splitLeaf(guest, vcpu, space, page);
    place = guest.tables.find(space.root, guest.levels, pageHi(page), pageLo(page), guest.place);
  }
  const { table, index, frame, flags } = place;
  const writable = (flags & ~PTE_PS) | PTE_RW | PTE_A | PTE_D;
  if (guest.users.get(frame) === 1) return guest.storeEntry(vcpu, table, index, frame, writable);
  const copy = guest.takeData(space, page);
  if (frame === ZERO_PAGE) guest.zeroFrame(vcpu, copy);
  else guest.copyFrame(vcpu, copy, frame);
  guest.storeEntry(vcpu, table, index, 0, 0);
  guest.flushRange(vcpu, space, page, page);
  guest.storeEntry(vcpu, table, index, copy, PTE_P | PTE_RW | userBit(page) | PTE_A | PTE_D);
  guest.dropUsers(frame, 1);
}

/** Replaces the superpage leaf over `page` by a table of the next smaller leaves (one level down). */
export function splitLeaf(guest: Guest, vcpu: number, space: AddressSpace, page: number): void {
  const { level, table, index, frame, flags } = guest.tables.find(
    space.root,
    guest.levels,
    pageHi(page),
    pageLo(page),
    guest.place,
  );
  const small = guest.newTable(vcpu);
  const step = pagesOf(level - 2);
  const keep = level === 2 ? flags & ~PTE_PS : flags;
  for (let i = 0; i < ENTRIES; i++) guest.storeEntry(vcpu, small, i, frame + i * step, keep);
  guest.storeEntry(vcpu, table, index, small, TABLE_FLAGS);
  guest.flushRange(vcpu, space, page, page);
}
