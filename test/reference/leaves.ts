/** Leaves of a guest's tables over a range of pages (used by the events of rule 8.2). */
import { gfnOf, has, P, pagesOf, PS, sizeOfLevel } from './entry.js';
import type { Guest } from './guest.js';
import type { Step } from './kernel.js';
import type { Machine } from './machine.js';

/** A leaf: where it is, the first page it maps and how many. */
export interface Leaf extends Step {
  vpn: number;
  pages: number;
}

/** Leaves for which `wanted` holds in [first, end), ascending. */
export function leavesIn(
  machine: Machine,
  root: number,
  first: number,
  end: number,
  wanted: (entry: number) => boolean,
): Leaf[] {
  const { levels } = machine.config.guest;
  // Sign extension: what is added to the page numbers of the high half.
  const gap = 2 ** 52 - 512 ** levels;
  const found: Leaf[] = [];
  const visit = (table: number, level: number, base: number): void => {
    const pages = 512 ** (level - 1);
    for (let index = 0; index < 512; index++) {
      const vpn = base + index * pages + (level === levels && index >= 256 ? gap : 0);
      if (vpn + pages <= first || vpn >= end) continue;
      const entry = machine.memory.read(table, index);
      if (level === 1 || (has(entry, PS) && level <= 3)) {
        if (wanted(entry)) found.push({ level, table, index, entry, vpn, pages });
      } else if (has(entry, P)) visit(gfnOf(entry), level - 1, vpn);
    }
  };
  visit(root, levels, 0);
  return found;
}

/** A leaf is gone: its frames lose a user each. */
export function dropLeaf(guest: Guest, leaf: Leaf): void {
  guest.frames.dropUsers(gfnOf(leaf.entry), pagesOf(sizeOfLevel(leaf.level)));
}
