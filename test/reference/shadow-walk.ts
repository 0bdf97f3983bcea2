/** Software walk of the guest's tables and what shadow entries may say (rules 6.2 step 2, 6.3). */
import { A, D, gfnOf, has, indexAt, isLeaf, P, pagesOf, plus, PS, RW, sizeOfLevel } from './entry.js';
import type { Machine } from './machine.js';
import type { ShadowEntry, ShadowPage, ShadowPages } from './shadow-pages.js';

/** Guest entries found by the software walk, indexed by level. */
export interface GuestWalk {
  tables: number[];
  entries: number[];
  leafLevel: number;
  target: number;
}

/** Step 2: null if the guest's tables do not permit the access; otherwise sets A and D. */
export function walkGuest(machine: Machine, root: number, vpn: number, write: boolean): GuestWalk | null {
  const { memory } = machine;
  const walk: GuestWalk = { tables: [], entries: [], leafLevel: 0, target: 0 };
  let table = root;
  let w = true;
  for (let level = 4; walk.leafLevel === 0; level--) {
    const entry = memory.read(table, indexAt(vpn, level));
    if (!has(entry, P)) return null;
    w = w && has(entry, RW);
    walk.tables[level] = table;
    walk.entries[level] = entry;
    table = gfnOf(entry);
    if (isLeaf(entry, level)) walk.leafLevel = level;
  }
  if (write && !w) return null;
  for (let level = 4; level >= walk.leafLevel; level--) {
    let entry = plus(walk.entries[level]!, A);
    if (level === walk.leafLevel && write) entry = plus(entry, D);
    memory.write(walk.tables[level]!, indexAt(vpn, level), entry);
    walk.entries[level] = entry;
  }
  walk.target = gfnOf(walk.entries[walk.leafLevel]!) + (vpn % pagesOf(sizeOfLevel(walk.leafLevel)));
  return walk;
}

/** 6.3 for upper entries. */
export function upperEntry(entry: number, level: number, page: ShadowPage): ShadowEntry {
  if (!has(entry, A)) return 'withheld';
  const superpage = level === 2 && has(entry, PS);
  return { kind: 'link', page, rw: has(entry, RW) && (!superpage || has(entry, D)) };
}

/** 6.3 for level 1. */
export function level1Entry(pages: ShadowPages, entry: number, demandWrite: boolean): ShadowEntry {
  const gfn = gfnOf(entry);
  if (!has(entry, P) || !pages.m.p2m.isRam(gfn)) return null;
  if (!has(entry, A)) return 'withheld';
  const mayWrite = demandWrite && pages.slotOf(gfn)?.mayWrite === true;
  const rw = has(entry, RW) && has(entry, D) && (!pages.isTable(gfn) || mayWrite);
  return { kind: 'map', gfn, rw };
}
