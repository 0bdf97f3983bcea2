/** RangeSet: a set of page numbers as sorted, disjoint, half-open ranges. Small sets; linear. */

export interface PageRange {
  /** First page. */
  readonly from: number;
  /** One past the last page. */
  readonly to: number;
}

export class RangeSet {
  #ranges: PageRange[];

  constructor(ranges: readonly PageRange[] = []) {
    this.#ranges = [...ranges];
  }

  get empty(): boolean {
    return this.#ranges.length === 0;
  }

  /** An independent copy. */
  clone(): RangeSet {
    return new RangeSet(this.#ranges);
  }

  has(page: number): boolean {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range === undefined || page < range.from) high = middle;
      else if (page >= range.to) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** True if any page of `range` is in the set. */
  overlaps(range: PageRange): boolean {
    return this.#ranges.some((other) => other.from < range.to && range.from < other.to);
  }

  /** The parts of `range` that are in the set, ascending. */
  within(range: PageRange): PageRange[] {
    return this.#ranges
      .filter((other) => other.from < range.to && range.from < other.to)
      .map(({ from, to }) => ({ from: Math.max(from, range.from), to: Math.min(to, range.to) }));
  }

  add(range: PageRange): void {
    this.remove(range);
    this.#ranges.push(range);
    this.#ranges.sort((a, b) => a.from - b.from);
  }

  remove(range: PageRange): void {
    this.#ranges = this.#ranges.flatMap((other) => {
      if (other.to <= range.from || range.to <= other.from) return [other];
      const left = { from: other.from, to: range.from };
      const right = { from: range.to, to: other.to };
      return [left, right].filter((rest) => rest.from < rest.to);
    });
  }
}
