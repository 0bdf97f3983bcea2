/** LRU by the definition: a list in order of recency, searched from the front. Slow and plain. */

/** The stack distance of each access, -1 for the first to a page. */
export function naiveDistances(pages: readonly number[]): number[] {
  const stack: number[] = [];
  return pages.map((page) => {
    const distance = stack.indexOf(page);
    if (distance >= 0) stack.splice(distance, 1);
    stack.unshift(page);
    return distance;
  });
}

/** Misses of a fully associative LRU TLB of `entries` entries. */
export function naiveMisses(pages: readonly number[], entries: number): number {
  return naiveDistances(pages).filter((distance) => distance < 0 || distance >= entries).length;
}
