/**
 * Filling what is absent around an entry of a direct table (Linux direct_pte_prefetch, direct_pte_prefetch_many):
 * runs of absent entries, ascending, each as far as host memory can be had for writing without waiting; a run of which
 * nothing can be had ends the scan.
 */

/** A stretch of entries, by number. */
export interface Entries {
  isFilled(at: number): boolean;
  /** The host has a writable page behind the entry's frame. */
  isBacked(at: number): boolean;
  fill(at: number): void;
}

/** Fills [first, end). */
export function fillRuns(entries: Entries, first: number, end: number): void {
  for (let at = first; at < end; at++) {
    if (entries.isFilled(at)) continue;
    if (!entries.isBacked(at)) return;
    at = fillRun(entries, at, end);
  }
}

/** Fills from `first` on, and returns where its run of absent entries ends. */
function fillRun(entries: Entries, first: number, end: number): number {
  let at = first;
  for (let backed = true; at < end && !entries.isFilled(at); at++) {
    backed &&= entries.isBacked(at);
    if (backed) entries.fill(at);
  }
  return at;
}
