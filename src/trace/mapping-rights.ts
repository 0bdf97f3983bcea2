/**
 * MappingRights: where the mappings of an address space forbid stores, or everything, as MAP and PROTECT have said last.
 *
 * What allows both is not kept, so that a trace without such mappings costs nothing. Fetches need no right of their own: a
 * replay does not model NX, and any right of a mapping will do.
 */
import type { Perm } from './event.js';
import type { PageRange } from './range-set.js';

/** Pages whose mapping forbids something, and the event that said so. */
export interface Restriction extends PageRange {
  /** No right at all: loads and fetches are forbidden, too. */
  readonly none: boolean;
  /** `MAP of line 3`. */
  readonly origin: string;
}

export class MappingRights {
  #restrictions: readonly Restriction[] = [];

  constructor(restrictions: readonly Restriction[] = []) {
    this.#restrictions = restrictions;
  }

  get empty(): boolean {
    return this.#restrictions.length === 0;
  }

  /** An independent copy. */
  clone(): MappingRights {
    return new MappingRights(this.#restrictions);
  }

  /** `range` is mapped with these rights, by the event that `origin` names. */
  set(range: PageRange, perm: Perm, origin: string): void {
    this.drop(range);
    if (perm.write) return;
    const restriction = { ...range, none: !(perm.read || perm.exec), origin };
    this.#restrictions = [...this.#restrictions, restriction].sort((a, b) => a.from - b.from);
  }

  /** Nothing is known of the rights of `range`. */
  drop(range: PageRange): void {
    if (!this.#restrictions.some((other) => other.from < range.to && range.from < other.to)) return;
    this.#restrictions = this.#restrictions.flatMap((other) => {
      if (other.to <= range.from || range.to <= other.from) return [other];
      const rest = [
        { ...other, to: range.from },
        { ...other, from: range.to },
      ];
      return rest.filter(({ from, to }) => from < to);
    });
  }

  /** What forbids the access, a store or not, to `page`; null: nothing. */
  forbids(page: number, write: boolean): Restriction | null {
    const restrictions = this.#restrictions;
    let low = 0;
    let high = restrictions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const restriction = restrictions[middle]!;
      if (page < restriction.from) high = middle;
      else if (page >= restriction.to) low = middle + 1;
      else return write || restriction.none ? restriction : null;
    }
    return null;
  }
}
