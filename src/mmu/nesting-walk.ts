/**
 * NestingWalk: a page walk that begins in shadow tables and goes on in the guest's own at any level.
 *
 * Agile paging (Gandhi, Hill, Swift, ISCA 2016): the hypervisor shadows the upper levels of a path, where guest
 * tables rarely change, and leaves the lower ones to two-dimensional hardware. The last shadow entry carries a
 * switching bit and the *host* address of the guest's next table. With s shadow and n nested levels a walk makes
 * s + n (1 + h) references; fully nested it makes g (h + 1) + h, for then the root pointer is translated too.
 *
 * Each path has its own degree of nesting, in one shadow tree. A shadow leaf is as large as the guest's, as in the
 * paper. Not modelled: caches, A and D bits, who decides on the degree and what keeps the shadowed part true.
 */
import { pageHi, pageLo, pageOffset, tableIndex } from '../arch/paging.js';
import { PTE_NONE, PTE_P, PTE_PS } from '../arch/pte.js';
import type { AccessCounters } from '../counters.js';
import type { AddressSpace } from '../guest/address-space.js';
import type { Guest } from '../guest/guest.js';
import { createPlace, GuestTables } from '../guest/page-table.js';
import type { P2m } from '../hypervisor/p2m.js';
import { invariant } from '../util/assert.js';
import { countGuestReference, countNestedReference, countShadowReference } from './references.js';

/** The switching bit: an entry that is present and PROT_NONE at once exists in no guest table. */
const SWITCH = PTE_P | PTE_NONE;

/** The walk found no translation. */
export const NO_TRANSLATION = -1;

export class NestingWalk {
  readonly #guest: Guest;
  readonly #p2m: P2m;
  /** Shadow tables, numbered from 0; what they hold are numbers of shadow tables, gfns or mfns. */
  readonly #shadow = new GuestTables();
  readonly #place = createPlace();
  /** Shadow root by address space; absent while no path of it is shadowed. */
  readonly #roots = new Map<number, number>();
  #tables = 0;

  constructor(guest: Guest, p2m: P2m) {
    this.#guest = guest;
    this.#p2m = p2m;
  }

  /** Shadow tables made so far. */
  get shadowTables(): number {
    return this.#tables;
  }

  /**
   * Shadows the path of `page`, less its lowest `nested` levels, in place of what was there.
   *
   * @param nested at least 0 (pure shadow) and less than the levels that the guest's walk has
   */
  cover(space: AddressSpace, page: number, nested: number): void {
    const { levels, tables } = this.#guest;
    const place = tables.find(space.root, levels, pageHi(page), pageLo(page), this.#place);
    invariant(place.leaf && (place.flags & PTE_P) !== 0, 'only a page that the guest maps can be shadowed');
    const last = place.level + nested;
    invariant(nested >= 0 && last <= levels, 'one level at least is shadowed');
    let source = space.root;
    let table = this.#root(space);
    for (let level = levels; level > last; level--) {
      const index = tableIndex(pageHi(page), pageLo(page), level);
      table = this.#child(table, index);
      source = tables.frame(source, index);
    }
    const index = tableIndex(pageHi(page), pageLo(page), last);
    const frame = tables.frame(source, index);
    if (nested > 0) this.#shadow.set(table, index, frame, SWITCH);
    else this.#shadow.set(table, index, this.#p2m.mfn(frame), PTE_P | PTE_PS);
  }

  /** One walk by the shadow tree, counted in `c`; returns the mfn of `page`, or {@link NO_TRANSLATION}. */
  walk(space: AddressSpace, page: number, c: AccessCounters): number {
    const hi = pageHi(page);
    const lo = pageLo(page);
    let table = this.#root(space);
    for (let level = this.#guest.levels; level >= 1; level--) {
      const index = tableIndex(hi, lo, level);
      const flags = this.#shadow.flags(table, index);
      const frame = this.#shadow.frame(table, index);
      countShadowReference(c, level);
      if ((flags & PTE_P) === 0) return NO_TRANSLATION;
      if (flags === SWITCH) return this.#guestPart(frame, level - 1, hi, lo, c);
      if ((flags & PTE_PS) !== 0) return frame + pageOffset(hi, lo, level - 1);
      table = frame;
    }
    return NO_TRANSLATION;
  }

  /** All of the guest's levels nested; `rootKnown`: the root register holds a host address. */
  walkNested(space: AddressSpace, page: number, rootKnown: boolean, c: AccessCounters): number {
    if (!rootKnown && this.#hostWalk(space.root, c) === NO_TRANSLATION) return NO_TRANSLATION;
    return this.#guestPart(space.root, this.#guest.levels, pageHi(page), pageLo(page), c);
  }

  /** From the guest table in `first`, whose host address is known, to the data page. */
  #guestPart(first: number, top: number, hi: number, lo: number, c: AccessCounters): number {
    const { tables } = this.#guest;
    let table = first;
    for (let level = top; ; level--) {
      const index = tableIndex(hi, lo, level);
      const flags = tables.flags(table, index);
      const frame = tables.frame(table, index);
      countGuestReference(c, level);
      if ((flags & PTE_P) === 0) return NO_TRANSLATION;
      const leaf = level === 1 || (level <= 3 && (flags & PTE_PS) !== 0);
      const gfn = leaf ? frame + pageOffset(hi, lo, level - 1) : frame;
      const mfn = this.#hostWalk(gfn, c);
      if (leaf || mfn === NO_TRANSLATION) return mfn;
      table = frame;
    }
  }

  /** gfn -> mfn by the p2m, one reference a level. */
  #hostWalk(gfn: number, c: AccessCounters): number {
    const p2m = this.#p2m;
    let table = 0;
    for (let level = p2m.levels; level >= 1; level--) {
      const below = p2m.below(table, gfn, level);
      countNestedReference(c, level);
      if (below < 0) return p2m.isMapped(gfn) ? p2m.mfn(gfn) : NO_TRANSLATION;
      table = below;
    }
    return NO_TRANSLATION;
  }

  #root(space: AddressSpace): number {
    let root = this.#roots.get(space.id);
    if (root === undefined) {
      root = this.#newTable();
      this.#roots.set(space.id, root);
    }
    return root;
  }

  /** The shadow table below the entry, made if there is none (a switch there gives way). */
  #child(table: number, index: number): number {
    if (this.#shadow.flags(table, index) !== PTE_P) this.#shadow.set(table, index, this.#newTable(), PTE_P);
    return this.#shadow.frame(table, index);
  }

  #newTable(): number {
    const table = this.#tables++;
    this.#shadow.slot(table);
    return table;
  }
}
