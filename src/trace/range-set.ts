/** RangeSet: a set of page numbers as disjoint, half-open ranges. */
import { type PageRange, RangeList } from './range-list.js';

export class RangeSet {
  readonly #ranges: RangeList<PageRange>;

  constructor(ranges = new RangeList<PageRange>()) {
    this.#ranges = ranges;
  }

  get empty(): boolean {
    return this.#ranges.empty;
  }

  /** An independent copy. */
  clone(): RangeSet {
    return new RangeSet(new RangeList(this.#ranges));
  }

  has(page: number): boolean {
    return this.#ranges.at(page) !== undefined;
  }

  /** True if any page of `range` is in the set. */
  overlaps(range: PageRange): boolean {
    return this.#ranges.overlaps(range);
  }

  /** The parts of `range` that are in the set, ascending. */
  within(range: PageRange): PageRange[] {
    return this.#ranges
      .overlapping(range)
      .map(({ from, to }) => ({ from: Math.max(from, range.from), to: Math.min(to, range.to) }));
  }

  add(range: PageRange): void {
    this.#ranges.replace(range, range);
  }

  remove(range: PageRange): void {
    this.#ranges.replace(range);
  }
}
