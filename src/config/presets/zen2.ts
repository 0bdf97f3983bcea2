/**
 * AMD Zen 2 core (2019). Not modelled: coalescing of four 4K pages into one entry, the L2 ITLB of its
 * own (fetches share the one second level here), and the skewed indexing of the L2 DTLB, for which the
 * sources disagree on the ways (WikiChip 12, CPUID 8); 16 ways give a power of two of sets.
 */
import { type Preset, KIB, MIB, dataCaches, tlb, tlbs, vendor } from '../preset.js';
import { AMD_WALKER_ENTERS, amdWalkCaches } from './amd.js';

// WikiChip, Zen 2, memory subsystem: fully associative L1 DTLB of 64 entries for every page size.
const L1D = 'WikiChip, Zen 2: L1 DTLB of 64 entries, fully associative, all page sizes';
// 7-cpu.com, Zen 2: L1 ITLB of 64 entries, fully associative.
const L1I = '7-cpu.com, Zen 2: L1 ITLB of 64 entries, fully associative, all page sizes';
const L2_DTLB =
  'WikiChip, Zen 2: L2 DTLB of 2048 entries for 4K and 2M pages; 16 ways assumed (skewed in hardware)';
// 7-cpu.com, Zen 2: 32 KiB/8, 512 KiB/8, 16 MiB/16 per core complex.
const CACHES = '7-cpu.com, Zen 2 (Ryzen 7 3800X): L1D 32K/8, L2 512K/8, L3 16M/16 per core complex';

export const zen2: Preset = {
  name: 'zen2',
  summary: 'AMD Zen 2 core: L1 DTLB 64 fully associative, L2 2048/16',
  entries: [
    vendor('amd'),
    ...tlbs(
      tlb('l1d', 64, 64, '4k+2m+1g', L1D),
      tlb('l1i', 64, 64, '4k+2m+1g', L1I),
      tlb('stlb', 2048, 16, '4k+2m', L2_DTLB),
    ),
    ...amdWalkCaches,
    ...dataCaches(
      'l2',
      {
        l1: { bytes: 32 * KIB, ways: 8 },
        l2: { bytes: 512 * KIB, ways: 8 },
        llc: { bytes: 16 * MIB, ways: 16 },
      },
      { enter: AMD_WALKER_ENTERS, sizes: CACHES },
    ),
  ],
};
