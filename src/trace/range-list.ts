/**
 * RangeList: disjoint ranges of pages in ascending order, each with what is known of it. To find, put in and cut out takes
 * little time however many there are: a trace may make a mapping with each of its events.
 *
 * The ranges lie in blocks, and a change makes anew only the blocks that it touches. So copies, as FORK makes them, share
 * all others.
 */

export interface PageRange {
  /** First page. */
  readonly from: number;
  /** One past the last page. */
  readonly to: number;
}

/** Ranges of a block: about the square root of the many thousand that a large trace has, so that no level of the two is long. */
const BLOCK_RANGES = 256;

export class RangeList<Range extends PageRange> {
  /** None is empty, and none is changed in place. */
  readonly #blocks: (readonly Range[])[];

  constructor(other?: RangeList<Range>) {
    this.#blocks = other === undefined ? [] : [...other.#blocks];
  }

  get empty(): boolean {
    return this.#blocks.length === 0;
  }

  /** The range that `page` is in; undefined: in none. */
  at(page: number): Range | undefined {
    const range = this.#endingBehind(page);
    return range !== undefined && range.from <= page ? range : undefined;
  }

  /** True if any page of `range` is in a range. */
  overlaps(range: PageRange): boolean {
    const other = this.#endingBehind(range.from);
    return other !== undefined && other.from < range.to;
  }

  /** The ranges that have pages of `range`, ascending and whole. */
  overlapping(range: PageRange): Range[] {
    const found: Range[] = [];
    for (let i = this.#blockBehind(range.from); i < this.#blocks.length; i++) {
      const block = this.#blocks[i]!;
      const end = startsFrom(block, range.to);
      found.push(...block.slice(endsBehind(block, range.from), end));
      if (end < block.length) break;
    }
    return found;
  }

  /** Takes the pages of `range` out of all ranges; `put`, with just these pages, takes their place. */
  replace(range: PageRange, put?: Range): void {
    if (range.from >= range.to || (put === undefined && !this.overlaps(range))) return;
    // Behind everything: the last block grows.
    const first = Math.max(0, Math.min(this.#blockBehind(range.from), this.#blocks.length - 1));
    let last = first;
    while ((this.#blocks[last + 1]?.[0]?.from ?? Infinity) < range.to) last++;
    const [head = [], tail = []] = [this.#blocks[first], this.#blocks[last]];
    const [cut, end] = [endsBehind(head, range.from), startsFrom(tail, range.to)];
    const [before, behind] = [head[cut], tail[end - 1]];
    const block = head.slice(0, cut);
    if (before !== undefined && before.from < range.from) block.push({ ...before, to: range.from });
    if (put !== undefined) block.push(put);
    if (behind !== undefined && behind.to > range.to) block.push({ ...behind, from: range.to });
    block.push(...tail.slice(end));
    this.#blocks.splice(first, last - first + 1, ...blocksOf(block));
  }

  /** The first block with a range that ends behind `page`. */
  #blockBehind(page: number): number {
    return firstThat(this.#blocks, (block) => block[block.length - 1]!.to > page);
  }

  #endingBehind(page: number): Range | undefined {
    const block = this.#blocks[this.#blockBehind(page)];
    return block?.[endsBehind(block, page)];
  }
}

/** Where the first item is for which `is` holds, as it does for all behind it; the length: for none. */
function firstThat<Item>(items: readonly Item[], is: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (is(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function endsBehind(block: readonly PageRange[], page: number): number {
  return firstThat(block, ({ to }) => to > page);
}

function startsFrom(block: readonly PageRange[], page: number): number {
  return firstThat(block, ({ from }) => from >= page);
}

/** One block, or halves of it while they are too long. */
function blocksOf<Range>(ranges: readonly Range[]): (readonly Range[])[] {
  if (ranges.length === 0) return [];
  if (ranges.length <= BLOCK_RANGES) return [ranges];
  const half = ranges.length >>> 1;
  return [...blocksOf(ranges.slice(0, half)), ...blocksOf(ranges.slice(half))];
}
