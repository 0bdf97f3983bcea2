/**
 * MAP, UNMAP, PROTECT, CLEARA, CLEARD: edits of one address space's mappings (docs/model.md 8.2).
 *
 * Leaves are edited in ascending order, emptied tables are unlinked, then the range is flushed once, then
 * frames are freed: the order of Linux's unmap_vmas, free_pgtables, tlb_finish_mmu.
 */
import { ENTRIES, pageHi, pageLo, pagesOf, sizeOfName } from '../arch/paging.js';
import { PTE_A, PTE_D, PTE_NONE, PTE_P, PTE_PS, PTE_RW } from '../arch/pte.js';
import type { MapKind, Perm } from '../trace/event.js';
import type { AddressSpace } from './address-space.js';
import { entryIndex, splitLeaf, tableFor, userBit } from './fault.js';
import type { Guest } from './guest.js';

/** A leaf as an edit finds it. */
export interface Leaf {
  readonly page: number;
  readonly level: number;
  readonly table: number;
  readonly index: number;
  readonly frame: number;
  readonly flags: number;
}

/** Present or PROT_NONE leaves that meet [start, end), ascending. */
export function* leaves(guest: Guest, root: number, start: number, end: number): Generator<Leaf> {
  yield* leavesBelow(guest, root, guest.levels, 0, start, end);
}

function* leavesBelow(
  guest: Guest,
  table: number,
  level: number,
  base: number,
  start: number,
  end: number,
): Generator<Leaf> {
  const span = 512 ** (level - 1);
  const from = Math.max(0, Math.floor((start - base) / span));
  const to = Math.min(ENTRIES, Math.ceil((end - base) / span));
  const { tables } = guest;
  for (let index = tables.nextUsed(table, from); index < to; index = tables.nextUsed(table, index + 1)) {
    const flags = tables.flags(table, index);
    const page = base + index * span;
    const frame = tables.frame(table, index);
    if (level === 1 || ((flags & PTE_PS) !== 0 && level <= 3))
      yield { page, level, table, index, frame, flags };
    else yield* leavesBelow(guest, frame, level - 1, page, start, end);
  }
}

export interface MapRequest {
  readonly start: number;
  readonly end: number;
  readonly perm: Perm;
  readonly how: MapKind;
  readonly gfn: number | null;
  readonly pageSize: '4k' | '2m' | '1g' | null;
}

/** Whatever was mapped there is unmapped first, as MAP_FIXED does. */
export function map(guest: Guest, vcpu: number, space: AddressSpace, request: MapRequest): void {
  const { start, end, perm, how } = request;
  unmap(guest, vcpu, space, start, end);
  space.add({ start, end, perm, kind: how });
  if (how !== 'populate' || !(perm.read || perm.write || perm.exec)) return;
  const size = sizeOfName(request.pageSize ?? '4k');
  for (let page = start; page < end; page += pagesOf(size)) {
    const table = tableFor(guest, vcpu, space.root, page, size + 1);
    const frame =
      request.gfn === null ? newFrame(guest, vcpu, space, page, size) : request.gfn + (page - start);
    const flags = PTE_P | userBit(page) | PTE_A | (perm.write ? PTE_RW : 0) | (size > 0 ? PTE_PS : 0);
    guest.storeEntry(vcpu, table, entryIndex(page, size + 1), frame, flags);
  }
}

function newFrame(guest: Guest, vcpu: number, space: AddressSpace, page: number, size: number): number {
  const frame = size === 0 ? guest.takeData(space, page) : guest.takeRun(size);
  for (let i = 0; i < pagesOf(size); i++) guest.zeroFrame(vcpu, frame + i);
  return frame;
}

export function unmap(guest: Guest, vcpu: number, space: AddressSpace, start: number, end: number): void {
  space.cut(start, end);
  space.markEdited(start, end);
  splitAtBorders(guest, vcpu, space, start, end);
  const gone = [...leaves(guest, space.root, start, end)];
  for (const leaf of gone) guest.storeEntry(vcpu, leaf.table, leaf.index, 0, 0);
  const tables = unlinkEmpty(guest, vcpu, space.root, start, end);
  flushLeaves(guest, vcpu, space, gone);
  for (const leaf of gone) guest.dropUsers(leaf.frame, pagesOf(leaf.level - 1));
  for (const table of tables) guest.freeTable(table);
}

/** Splits superpage leaves that [start, end) covers only in part, so that edits are exact. */
function splitAtBorders(guest: Guest, vcpu: number, space: AddressSpace, start: number, end: number): void {
  for (const border of [start, end]) {
    for (;;) {
      const place = guest.tables.find(space.root, guest.levels, pageHi(border), pageLo(border), guest.place);
      const mapped = (place.flags & (PTE_P | PTE_NONE)) !== 0;
      const large = place.level > 1 && mapped && (place.flags & PTE_PS) !== 0;
      if (!large || border % pagesOf(place.level - 1) === 0) break;
      splitLeaf(guest, vcpu, space, border);
    }
  }
}

/** Stores 0 in the entry above each table in the range that has become empty, children first. */
function unlinkEmpty(guest: Guest, vcpu: number, root: number, start: number, end: number): number[] {
  const removed: number[] = [];
  unlinkBelow(guest, vcpu, root, guest.levels, 0, start, end, removed);
  return removed;
}

function unlinkBelow(
  guest: Guest,
  vcpu: number,
  table: number,
  level: number,
  base: number,
  start: number,
  end: number,
  removed: number[],
): void {
  const span = 512 ** (level - 1);
  const from = Math.max(0, Math.floor((start - base) / span));
  const to = Math.min(ENTRIES, Math.ceil((end - base) / span));
  for (let index = from; index < to; index++) {
    const flags = guest.tables.flags(table, index);
    if ((flags & PTE_P) === 0 || ((flags & PTE_PS) !== 0 && level <= 3)) continue;
    const child = guest.tables.frame(table, index);
    if (level > 2) unlinkBelow(guest, vcpu, child, level - 1, base + index * span, start, end, removed);
    if (!guest.tables.isEmpty(child)) continue;
    guest.storeEntry(vcpu, table, index, 0, 0);
    removed.push(child);
  }
}

export function protect(
  guest: Guest,
  vcpu: number,
  space: AddressSpace,
  start: number,
  end: number,
  perm: Perm,
): void {
  space.reprotect(start, end, perm);
  space.markEdited(start, end);
  splitAtBorders(guest, vcpu, space, start, end);
  const changed: Leaf[] = [];
  for (const leaf of leaves(guest, space.root, start, end)) {
    const flags = protectedFlags(leaf.flags, perm);
    if (flags === leaf.flags) continue;
    guest.storeEntry(vcpu, leaf.table, leaf.index, leaf.frame, flags);
    changed.push(leaf);
  }
  flushLeaves(guest, vcpu, space, changed);
}

/** Rights are only ever taken from a leaf: giving write back is left to the write fault, as in Linux. */
function protectedFlags(flags: number, perm: Perm): number {
  if (!(perm.read || perm.write || perm.exec)) return (flags & ~PTE_P) | PTE_NONE;
  if ((flags & PTE_NONE) !== 0) return (flags & ~(PTE_NONE | PTE_RW)) | PTE_P;
  return perm.write ? flags : flags & ~PTE_RW;
}

/** CLEARA: no flush, as x86 Linux; CLEARD: flushed. */
export function clearBit(
  guest: Guest,
  vcpu: number,
  space: AddressSpace,
  start: number,
  end: number,
  bit: 'A' | 'D',
): void {
  const changed: Leaf[] = [];
  const mask = bit === 'A' ? PTE_A : PTE_D;
  for (const leaf of leaves(guest, space.root, start, end)) {
    if ((leaf.flags & PTE_P) === 0) continue;
    guest.storeEntry(
      vcpu,
      leaf.table,
      leaf.index,
      leaf.frame,
      guest.tables.flags(leaf.table, leaf.index) & ~mask,
    );
    changed.push(leaf);
  }
  if (bit === 'D') flushLeaves(guest, vcpu, space, changed);
}

function flushLeaves(guest: Guest, vcpu: number, space: AddressSpace, changed: readonly Leaf[]): void {
  const first = changed[0];
  const last = changed[changed.length - 1];
  if (first === undefined || last === undefined) return;
  guest.flushRange(vcpu, space, first.page, last.page + pagesOf(last.level - 1) - 1);
}

/** Zaps every user leaf ascending and unlinks every user table: what exit and exec leave behind. */
export function zapUserHalf(guest: Guest, vcpu: number, root: number): Leaf[] {
  const gone = [...leaves(guest, root, 0, userEnd(guest))];
  for (const leaf of gone) guest.storeEntry(vcpu, leaf.table, leaf.index, 0, 0);
  return gone;
}

/** Unlinks every user table, children first; returns them in that order. */
export function unlinkUserTables(guest: Guest, vcpu: number, root: number): number[] {
  return unlinkEmpty(guest, vcpu, root, 0, userEnd(guest));
}

export function userEnd(guest: Guest): number {
  return 512 ** (guest.levels - 1) * (ENTRIES / 2);
}
