/**
 * Walk caches and nested TLB that all Intel presets share.
 *
 * Intel documents that these caches exist and what they are tagged with (SDM vol. 3A 4.10.3, vol. 3C
 * 28.3: combined entries point at host-physical tables), never their sizes. The sizes are those that
 * published simulators use.
 */
import { type PresetEntry, array, semantics, walkCache } from '../preset.js';

// ChampSim's default configuration (sets x ways): PSCL5 1x2, PSCL4 1x4, PSCL3 2x4, PSCL2 4x8.
const CHAMPSIM = 'assumed: sizes of the ChampSim default configuration (PSCL5 2, PSCL4 4, PSCL3 8, PSCL2 32)';
// The cache simulator of the DMT and SagePTE papers: host PWC of 2, 4 and 32 entries.
const DMT = 'assumed: host walk cache of the DMT and SagePTE cache simulator (2, 4 and 32 entries)';
// SDM vol. 3C 28.3.1 names guest-physical mappings; their number is not published.
const EPT_TLB =
  'assumed: guest-physical mappings are cached (SDM vol. 3C 28.3.1), their number is not published';
const SDM_COMBINED = 'Intel SDM vol. 3C 28.3.1: combined paging-structure caches map to host-physical tables';

export const intelWalkCaches: readonly PresetEntry[] = [
  ...walkCache('pwc', {
    l5: [2, 2, CHAMPSIM],
    l4: [4, 4, CHAMPSIM],
    l3: [8, 4, CHAMPSIM],
    l2: [32, 8, CHAMPSIM],
  }),
  semantics('combined', SDM_COMBINED),
  ...walkCache('npwc', {
    l5: [2, 2, DMT],
    l4: [2, 2, DMT],
    l3: [4, 4, DMT],
    l2: [32, 4, DMT],
  }),
  ...array('ntlb', 32, 4, EPT_TLB),
];

/** PAGE_WALKER_LOADS counts walker reads that hit the L1 data cache, so the walker looks there. */
export const INTEL_WALKER_ENTERS =
  'Intel SDM vol. 3B, event PAGE_WALKER_LOADS.DTLB_L1 (Haswell): page-walker loads look in the L1 data cache';
