/**
 * AMD Zen 3 core (2020): the translation arrays of Zen 2, other associativity reported for the L2 DTLB,
 * twice the L3 per core. What zen2.ts does not model is not modelled here either.
 */
import { type Preset, KIB, MIB, dataCaches, tlb, tlbs, vendor } from '../preset.js';
import { AMD_WALKER_ENTERS, amdWalkCaches } from './amd.js';

// Software Optimization Guide for AMD family 19h (56665), memory address translation.
const SOG_L1 =
  'AMD SOG family 19h (56665), address translation, from memory: 64 entries, fully associative, all page sizes';
const SOG_L2 =
  'AMD SOG family 19h (56665), address translation, from memory: 2048 entries for 4K and 2M pages; 8 ways assumed';
// Same guide, caches; L3 of 32 MiB per core complex.
const CACHES =
  'AMD SOG family 19h (56665), caches, from memory: L1D 32K/8, L2 512K/8, L3 32M/16 per core complex';

export const zen3: Preset = {
  name: 'zen3',
  summary: 'AMD Zen 3 core: L1 DTLB 64 fully associative, L2 2048/8, L3 32M',
  entries: [
    vendor('amd'),
    ...tlbs(
      tlb('l1d', 64, 64, '4k+2m+1g', SOG_L1),
      tlb('l1i', 64, 64, '4k+2m+1g', SOG_L1),
      tlb('stlb', 2048, 8, '4k+2m', SOG_L2),
    ),
    ...amdWalkCaches,
    ...dataCaches(
      'l2',
      {
        l1: { bytes: 32 * KIB, ways: 8 },
        l2: { bytes: 512 * KIB, ways: 8 },
        llc: { bytes: 32 * MIB, ways: 16 },
      },
      { enter: AMD_WALKER_ENTERS, sizes: CACHES },
    ),
  ],
};
