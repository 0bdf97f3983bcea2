/** Intel Haswell core (2013): the last with 1024 second-level entries and none for 1 GiB pages. */
import { type Preset, KIB, MIB, dataCaches, tlb, tlbs, vendor } from '../preset.js';
import { INTEL_WALKER_ENTERS, intelWalkCaches } from './intel.js';

// Intel 64 and IA-32 Architectures Optimization Reference Manual (248966), Haswell, TLB table.
const TLB_TABLE =
  'Intel Optimization Reference Manual 248966, TLB parameters of the Haswell microarchitecture';
// The manual gives 8 per thread without an associativity.
const ITLB_2M = `${TLB_TABLE} (8 per thread; full associativity assumed)`;
// Same manual, cache table: L1D 32 KiB/8, L2 256 KiB/8; 8 MiB/16 L3 as in a Core i7-4770.
const CACHE_TABLE =
  'Intel Optimization Reference Manual 248966, cache parameters of Haswell; L3 of a Core i7-4770';

export const haswell: Preset = {
  name: 'haswell',
  summary: 'Intel Haswell core: STLB 1024/8 for 4K and 2M pages',
  entries: [
    vendor('intel'),
    ...tlbs(
      tlb('l1d', 64, 4, '4k', TLB_TABLE),
      tlb('l1d2m', 32, 4, '2m', TLB_TABLE),
      tlb('l1d1g', 4, 4, '1g', TLB_TABLE),
      tlb('l1i', 128, 4, '4k', TLB_TABLE),
      tlb('l1i2m', 8, 8, '2m', ITLB_2M),
      tlb('stlb', 1024, 8, '4k+2m', TLB_TABLE),
    ),
    ...intelWalkCaches,
    ...dataCaches(
      'l1',
      {
        l1: { bytes: 32 * KIB, ways: 8 },
        l2: { bytes: 256 * KIB, ways: 8 },
        llc: { bytes: 8 * MIB, ways: 16 },
      },
      { enter: INTEL_WALKER_ENTERS, sizes: CACHE_TABLE },
    ),
  ],
};
