/** A machine with everything off that could hide a walk: no TLB, no walk caches, no nested TLB, no data caches. */
import type { ArrayConfig, MachineConfig, TlbArrayConfig, WalkCacheConfig } from '../../src/config/schema.js';

const NONE: ArrayConfig = { entries: 0, ways: 1, policy: 'lru' };
const NO_TLB: TlbArrayConfig = { ...NONE, sizes: '4k+2m+1g' };
const NO_PWC: WalkCacheConfig = { l5: NONE, l4: NONE, l3: NONE, l2: NONE };
const NO_CACHE = { bytes: 0, ways: 1 };

export const BARE: MachineConfig = {
  seed: 1,
  vendor: 'intel',
  vcpus: 1,
  guest: {
    levels: 4,
    mode: 'premapped',
    pageSize: '4k',
    frames: 'contiguous',
    ram: 64,
    directMap: '2m',
    memory: 'warm',
    pcid: false,
    faultAround: 16,
    flushCeiling: 33,
    switchEvery: 0,
  },
  host: { levels: 4, pageSize: '4k', populate: 'eager', fill: 'page', memory: 'populated', layout: 'flat' },
  l1d: NO_TLB,
  l1d2m: NO_TLB,
  l1d1g: NO_TLB,
  l1i: NO_TLB,
  l1i2m: NO_TLB,
  l1i1g: NO_TLB,
  stlb: NO_TLB,
  stlb2m: NO_TLB,
  stlb1g: NO_TLB,
  pwc: { ...NO_PWC, semantics: 'combined' },
  npwc: NO_PWC,
  ntlb: NONE,
  cache: { enabled: false, enter: 'l1', l1: NO_CACHE, l2: NO_CACHE, llc: NO_CACHE },
  shadow: { policy: 'xen', pool: 0, oosSlots: 'auto' },
};
