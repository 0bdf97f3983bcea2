/** KVM's software walk of the guest's tables (rule 9.3, FNAME(walk_addr)). */
import { A, D, gfnOf, has, indexAt, isLeaf, P, pagesOf, plus, RW, sizeOfLevel, US } from './entry.js';
import type { Access } from './kvm-pages.js';
import type { Machine } from './machine.js';

/** Guest tables and entries found, indexed by level. */
export interface KvmGuestWalk {
  tables: number[];
  entries: number[];
  /** Rights of the entries above the table of a level. */
  above: Access[];
  leafLevel: number;
  /** What the page may be used for: without W on a read of a clean page. */
  access: Access;
  target: number;
}

/** The walk, or what the guest's own fault says: `present` if only rights were missing. */
export function walkForKvm(
  machine: Machine,
  root: number,
  vpn: number,
  write: boolean,
): KvmGuestWalk | { present: boolean } {
  const { memory } = machine;
  const walk: KvmGuestWalk = {
    tables: [],
    entries: [],
    above: [],
    leafLevel: 0,
    access: { w: true, u: true },
    target: 0,
  };
  let table = root;
  for (let level = 4; walk.leafLevel === 0; level--) {
    const entry = memory.read(table, indexAt(vpn, level));
    if (!has(entry, P)) return { present: false };
    walk.tables[level] = table;
    walk.entries[level] = entry;
    walk.above[level] = walk.access;
    walk.access = { w: walk.access.w && has(entry, RW), u: walk.access.u && has(entry, US) };
    table = gfnOf(entry);
    if (isLeaf(entry, level)) walk.leafLevel = level;
  }
  if (write && !walk.access.w) return { present: true };
  for (let level = 4; level >= walk.leafLevel; level--) {
    let entry = plus(walk.entries[level]!, A);
    if (level === walk.leafLevel && write) entry = plus(entry, D);
    memory.write(walk.tables[level]!, indexAt(vpn, level), entry);
    walk.entries[level] = entry;
  }
  const leaf = walk.entries[walk.leafLevel]!;
  if (!has(leaf, D)) walk.access = { ...walk.access, w: false };
  walk.target = gfnOf(leaf) + (vpn % pagesOf(sizeOfLevel(walk.leafLevel)));
  return walk;
}
