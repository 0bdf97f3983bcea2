/**
 * FORK, EXEC, EXIT: how the guest kernel makes and tears down address spaces (docs/model.md 8.2).
 *
 * Sources in Linux 5.15: dup_mmap and copy_present_pte (parent write-protected in place, child's copies
 * with A clear, one flush of the parent), exec_mmap, exit_mmap, pgd_ctor (kernel half copied).
 */
import { ENTRIES, pagesOf } from '../arch/paging.js';

import { PTE_A, PTE_RW } from '../arch/pte.js';
import type { AddressSpace } from './address-space.js';
import { entryIndex, tableFor } from './fault.js';
import { type Guest, ZERO_PAGE } from './guest.js';
import { type Leaf, leaves, unlinkUserTables, userEnd, zapUserHalf } from './mappings.js';

/** A zeroed root with the kernel half of the swapper's. */
function newRoot(guest: Guest, vcpu: number): number {
  const root = guest.newTable(vcpu);
  for (let i = ENTRIES / 2; i < ENTRIES; i++) {
    const flags = guest.tables.flags(guest.swapper.root, i);
    if (flags !== 0) guest.storeEntry(vcpu, root, i, guest.tables.frame(guest.swapper.root, i), flags);
  }
  return root;
}

export function fork(guest: Guest, vcpu: number, parent: AddressSpace, childName: string): void {
  const child = guest.register(childName, newRoot(guest, vcpu));
  child.inherit(parent);
  for (const leaf of leaves(guest, parent.root, 0, userEnd(guest))) copyLeaf(guest, vcpu, child, leaf);
  // flush_tlb_mm: threads of the parent on other vcpus must not keep their right to write.
  guest.flushRange(vcpu, parent, 0, Infinity);
}

function copyLeaf(guest: Guest, vcpu: number, child: AddressSpace, leaf: Leaf): void {
  const { page, level, table, index, frame } = leaf;
  guest.readEntry(vcpu, table, index);
  if (isPageCache(guest, frame)) return;
  // The read above may have changed A; decide on the entry as it is now.
  let flags = guest.tables.flags(table, index);
  if ((flags & PTE_RW) !== 0) {
    flags &= ~PTE_RW;
    guest.storeEntry(vcpu, table, index, frame, flags);
  }
  const below = tableFor(guest, vcpu, child.root, page, level);
  guest.storeEntry(vcpu, below, entryIndex(page, level), frame, flags & ~PTE_A);
  guest.addUsers(frame, pagesOf(level - 1));
}

/** Frames without users are page cache, device memory or the zero page; only the last is copied. */
function isPageCache(guest: Guest, frame: number): boolean {
  return frame !== ZERO_PAGE && guest.cacheFrames.has(frame);
}

export function exec(guest: Guest, vcpu: number): void {
  const old = guest.current[vcpu]!;
  const fresh = guest.register(old.name, newRoot(guest, vcpu));
  guest.loadCr3(vcpu, fresh, false);
  const gone = zapUserHalf(guest, vcpu, old.root);
  const tables = unlinkUserTables(guest, vcpu, old.root);
  release(guest, old, gone, tables);
}

export function exit(guest: Guest, vcpu: number, space: AddressSpace): void {
  const loaded = guest.current[vcpu] === space;
  const gone = zapUserHalf(guest, vcpu, space.root);
  if (loaded) guest.loadCr3(vcpu, space, false);
  const tables = unlinkUserTables(guest, vcpu, space.root);
  if (loaded) {
    guest.loadCr3(vcpu, space, false);
    guest.loadCr3(vcpu, guest.swapper, false);
  }
  release(guest, space, gone, tables);
  guest.forget(space);
}

/** Frames lose a user, then tables are freed, children first, the root last. */
function release(guest: Guest, space: AddressSpace, gone: readonly Leaf[], tables: readonly number[]): void {
  for (const leaf of gone) guest.dropUsers(leaf.frame, pagesOf(leaf.level - 1));
  for (const table of tables) guest.freeTable(table);
  guest.freeTable(space.root);
}
