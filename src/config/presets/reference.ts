/**
 * The geometry on which independent TLB simulators agree to the last count: two levels of true-LRU
 * TLBs for 4 KiB pages and nothing else. Other rows of that table are had with `--set`.
 */
import { type Preset, array, dataCaches, semantics, tlb, tlbs, vendor, walkCache } from '../preset.js';

// Configuration of the cross-check: L1 DTLB 16 sets x 4, ITLB the same, STLB 128 sets x 12.
const CROSS_CHECK =
  'geometry of the cross-check against other TLB simulators (test/validation/data/tlb-counts.json)';

export const reference: Preset = {
  name: 'reference',
  summary: 'L1 64/4 and STLB 1536/12, true LRU, 4K pages, no walk caches: checked against other simulators',
  entries: [
    vendor('intel'),
    ...tlbs(
      tlb('l1d', 64, 4, '4k', CROSS_CHECK),
      tlb('l1i', 64, 4, '4k', CROSS_CHECK),
      tlb('stlb', 1536, 12, '4k', CROSS_CHECK),
    ),
    ...walkCache('pwc', {}),
    semantics('combined', CROSS_CHECK),
    ...walkCache('npwc', {}),
    ...array('ntlb', 0, 0, CROSS_CHECK),
    ...dataCaches('l1', null, { enter: CROSS_CHECK, sizes: CROSS_CHECK }),
  ],
};
