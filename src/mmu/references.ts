/** Counting of walk references and walk-cache hits by dimension and level: one place for all backends. */
import type { AccessCounters } from '../counters.js';

/** One read of a guest table entry of `level` (5..1). */
export function countGuestReference(c: AccessCounters, level: number): void {
  if (level === 1) c.refsGuestL1 += 1;
  else if (level === 2) c.refsGuestL2 += 1;
  else if (level === 3) c.refsGuestL3 += 1;
  else if (level === 4) c.refsGuestL4 += 1;
  else c.refsGuestL5 += 1;
}

export function countNestedReference(c: AccessCounters, level: number): void {
  switch (level) {
    case 1:
      c.refsNestedL1 += 1;
      return;
    case 2:
      c.refsNestedL2 += 1;
      return;
    case 3:
      c.refsNestedL3 += 1;
      return;
    case 4:
      c.refsNestedL4 += 1;
      return;
    default:
      c.refsNestedL5 += 1;
  }
}

export function countShadowReference(c: AccessCounters, level: number): void {
  if (level === 1) c.refsShadowL1 += 1;
  else if (level === 2) c.refsShadowL2 += 1;
  else if (level === 3) c.refsShadowL3 += 1;
  else c.refsShadowL4 += 1;
}

/** The deepest hit of the guest-dimension walk cache; 0 is none. */
export function countGuestHit(c: AccessCounters, level: number): void {
  if (level === 2) c.pwcGuestL2 += 1;
  else if (level === 3) c.pwcGuestL3 += 1;
  else if (level === 4) c.pwcGuestL4 += 1;
  else if (level === 5) c.pwcGuestL5 += 1;
  else c.pwcGuestMiss += 1;
}

export function countNestedHit(c: AccessCounters, level: number): void {
  if (level === 2) c.pwcNestedL2 += 1;
  else if (level === 3) c.pwcNestedL3 += 1;
  else if (level === 4) c.pwcNestedL4 += 1;
  else if (level === 5) c.pwcNestedL5 += 1;
  else c.pwcNestedMiss += 1;
}
