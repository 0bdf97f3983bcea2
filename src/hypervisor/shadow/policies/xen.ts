/**
 * Xen 4.17 as measured (and 4.23 by its source): out-of-sync L1s in three slots, forward prefetch, pinned roots.
 */
import type { ShadowPolicy } from '../policy.js';

/** Direct maps of old Linux, older Linux, Solaris and FreeBSD (sh_remove_write_access); modern Linux's is elsewhere. */
const GUESSES = [
  { hi: 0xffff8800, lo: 0 },
  { hi: 0xffff8100, lo: 0 },
  { hi: 0x00000100, lo: 0 },
  { hi: 0xfffffe00, lo: 0 },
  { hi: 0xffffff00, lo: 0 },
];

export const xen: ShadowPolicy = {
  name: 'xen',
  summary: 'Xen 4.17: out-of-sync L1 tables (3 a vcpu), prefetch of 31, early unshadow',
  faultRefreshes: false,
  fastEmulation: true,
  emulateFirst: false,
  upperStore: 'revalidate',
  // hvm.c check_for_early_unshadow
  unshadowOn: 'zeros',
  unshadowAfter: 2,
  sparesSpurious: false,
  largeEntries: false,
  // shadow_get_and_create_l1e: fl1 by the superpage's gfn
  splinterKey: 'gfn',
  // _sh_propagate: A clear -> not present, but not empty
  withheldEntries: true,
  // sh_prefetch, PREFETCH_DISTANCE 32 (multi.c)
  prefetchShape: 'forward',
  prefetchEntries: 32,
  prefetchStops: ['filled', 'unaccessed', 'clean'],
  // SHADOW_OOS_PAGES 3, SHADOW_OOS_FIXUPS 2 (asm/mm.h)
  oosSlots: 3,
  oosFixups: 2,
  unsyncOn: 'store',
  syncMoved: 'rewrite',
  linkSyncs: 'all',
  invlpg: 'drop',
  // svm.c svm_invlpg
  invlpgTakesAsid: true,
  reverseMap: false,
  guessBases: GUESSES,
  lifetime: 'referenced',
  pinL3: true,
  previousRoots: 0,
  pcid: false,
  keepsP2m: true,
  // libxl__get_required_paging_memory, dom0_paging_pages
  poolDivisor: null,
  poolMinimum: 0,
  // sh_page_fault: shadow_prealloc of an L3, an L2 and an L1
  poolReserve: 3,
  poolRefill: 3,
  // sh_update_paging_modes: 3 snapshots and a monitor table. With oos=0 too: the measured pool was as large in both
  // modes, though the function of Xen 4.23 makes none then.
  poolFixed: 4,
  recycle: 'roots',
};

export const xenOosOff: ShadowPolicy = {
  ...xen,
  name: 'xen-oos-off',
  summary: 'Xen 4.17 with oos=0: every store to a shadowed table is emulated',
  oosSlots: 0,
};
