/**
 * MappingRights: where the mappings of an address space forbid stores, or everything, as MAP and PROTECT have said last.
 *
 * What allows both is not kept, so that a trace without such mappings costs nothing. Fetches need no right of their own: a
 * replay does not model NX, and any right of a mapping will do.
 */
import type { Perm } from './event.js';
import { type PageRange, RangeList } from './range-list.js';

/** Pages whose mapping forbids something, and the event that said so. */
export interface Restriction extends PageRange {
  /** No right at all: loads and fetches are forbidden, too. */
  readonly none: boolean;
  /** `MAP of line 3`. */
  readonly origin: string;
}

export class MappingRights {
  readonly #restrictions: RangeList<Restriction>;

  constructor(restrictions = new RangeList<Restriction>()) {
    this.#restrictions = restrictions;
  }

  get empty(): boolean {
    return this.#restrictions.empty;
  }

  /** An independent copy. */
  clone(): MappingRights {
    return new MappingRights(new RangeList(this.#restrictions));
  }

  /** `range` is mapped with these rights, by the event that `origin` names. */
  set(range: PageRange, perm: Perm, origin: string): void {
    if (perm.write) this.drop(range);
    else this.#restrictions.replace(range, { ...range, none: !(perm.read || perm.exec), origin });
  }

  /** Nothing is known of the rights of `range`. */
  drop(range: PageRange): void {
    this.#restrictions.replace(range);
  }

  /** What forbids the access, a store or not, to `page`; null: nothing. */
  forbids(page: number, write: boolean): Restriction | null {
    const restriction = this.#restrictions.at(page);
    return restriction !== undefined && (write || restriction.none) ? restriction : null;
  }
}
