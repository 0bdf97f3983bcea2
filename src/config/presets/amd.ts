/**
 * Walk caches and nested TLB that both AMD presets share.
 *
 * Zen keeps PML4 and PDP entries in a 64-entry page-directory cache and PD entries in the L2 DTLB; the
 * model has one array per level instead, so the split is assumed and PD entries take no TLB space. A
 * cached guest entry points at a guest-physical table, which the nested TLB then translates.
 */
import { type PresetEntry, array, semantics, walkCache } from '../preset.js';

// Software Optimization Guide for family 17h (55723), section on the page table walkers: 64-entry PDC.
const PDC = 'assumed split of the 64-entry page-directory cache of AMD SOG family 17h (55723), from memory';
// WikiChip, Zen 2, memory subsystem: the L2 DTLB also holds page-directory entries.
const PDE =
  'assumed size: Zen keeps PD entries in the L2 DTLB (WikiChip, Zen 2), modelled as an array of their own';
// Bhargava et al., ASPLOS 2008: page-walk cache of 24 entries, nested TLB of 16.
const BHARGAVA =
  'Bhargava et al., ASPLOS 2008, from memory: nested TLB of 16 entries (an older AMD core; size of Zen not published)';
const BHARGAVA_PWC =
  'assumed: nested entries share a page-walk cache of 24 entries in Bhargava et al., ASPLOS 2008, from memory';
const SEMANTICS =
  'Bhargava et al., ASPLOS 2008, from memory: guest entries are cached with guest-physical pointers';

export const amdWalkCaches: readonly PresetEntry[] = [
  ...walkCache('pwc', { l5: [2, 2, PDC], l4: [16, 16, PDC], l3: [48, 48, PDC], l2: [64, 64, PDE] }),
  semantics('gpa', SEMANTICS),
  ...walkCache('npwc', {
    l5: [2, 2, BHARGAVA_PWC],
    l4: [4, 4, BHARGAVA_PWC],
    l3: [4, 4, BHARGAVA_PWC],
    l2: [16, 16, BHARGAVA_PWC],
  }),
  ...array('ntlb', 16, 16, BHARGAVA),
];

/** The published simulations that enter at L2 model the same hierarchy; AMD does not say. */
export const AMD_WALKER_ENTERS = 'assumed: page walkers read through the L2 cache, past the L1 data cache';
