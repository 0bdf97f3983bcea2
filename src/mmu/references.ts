/**
 * Counting of walk references and walk-cache hits one by one, for backends that do not count a walk as a whole
 * (WalkShapes.add).
 */
import { type AccessCounters, CACHE_HIT, CACHE_MISS, UNCACHED, type WalkShapes } from '../counters.js';

/** One read of a guest table entry of `level` (5..1). */
export function countGuestReference(c: AccessCounters, level: number): void {
  c.guestWalks.add(UNCACHED, level, level);
}

export function countNestedReference(c: AccessCounters, level: number): void {
  c.nestedWalks.add(UNCACHED, level, level);
}

export function countShadowReference(c: AccessCounters, level: number): void {
  c.shadowWalks.add(UNCACHED, level, level);
}

/** The deepest hit of the guest-dimension walk cache; 0 is none. */
export function countGuestHit(c: AccessCounters, level: number): void {
  countHit(c.guestWalks, level);
}

export function countNestedHit(c: AccessCounters, level: number): void {
  countHit(c.nestedWalks, level);
}

function countHit(walks: WalkShapes, level: number): void {
  if (level === 0) walks.add(CACHE_MISS, 0, 1);
  else walks.add(CACHE_HIT, level - 1, level);
}
