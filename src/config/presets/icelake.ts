/**
 * Intel Ice Lake client core (Sunny Cove, 2019). The real second level shares 1024 of its 2048 entries
 * between 2M/1G pages and 4K pages; here 4K and 2M share all 2048 and 1G pages have an array of their own.
 */
import { type Preset, KIB, MIB, dataCaches, tlb, tlbs, vendor } from '../preset.js';
import { INTEL_WALKER_ENTERS, intelWalkCaches } from './intel.js';

// WikiChip, Sunny Cove, TLBs; loads only: the separate 16-entry store TLB is not modelled.
const TLB_PAGE = 'WikiChip, Sunny Cove, TLBs, from memory (the store DTLB of 16 entries is not modelled)';
const ITLB_2M = 'WikiChip, Sunny Cove, from memory: 16 entries, 8 per thread; full associativity assumed';
const STLB_1G =
  'WikiChip, Sunny Cove, from memory: 1024 entries, 8 ways, shared with smaller pages (sharing not modelled)';
// AnandTech, "Testing Intel Ice Lake 10nm", cache comparison: 48 KiB/12, 512 KiB/8, 2 MiB/16 per core.
const CACHES = 'AnandTech 14664 (2019), Sunny Cove cache comparison, four cores';

export const icelake: Preset = {
  name: 'icelake',
  summary: 'Intel Ice Lake client core: STLB 2048/16',
  entries: [
    vendor('intel'),
    ...tlbs(
      tlb('l1d', 64, 4, '4k', TLB_PAGE),
      tlb('l1d2m', 32, 4, '2m', TLB_PAGE),
      tlb('l1d1g', 8, 8, '1g', TLB_PAGE),
      tlb('l1i', 128, 8, '4k', TLB_PAGE),
      tlb('l1i2m', 16, 16, '2m', ITLB_2M),
      tlb('stlb', 2048, 16, '4k+2m', TLB_PAGE),
      tlb('stlb1g', 1024, 8, '1g', STLB_1G),
    ),
    ...intelWalkCaches,
    ...dataCaches(
      'l1',
      {
        l1: { bytes: 48 * KIB, ways: 12 },
        l2: { bytes: 512 * KIB, ways: 8 },
        llc: { bytes: 8 * MIB, ways: 16 },
      },
      { enter: INTEL_WALKER_ENTERS, sizes: CACHES },
    ),
  ],
};
