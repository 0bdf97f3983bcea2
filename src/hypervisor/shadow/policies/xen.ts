/**
 * Xen 4.17 as measured (and 4.23 by its source): out-of-sync L1s in three slots, forward prefetch, pinned roots.
 * Evidence: 324 experiments on real Xen, docs/validation.md; functions in arch/x86/mm/shadow.
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
  // sh_page_fault: a real fault is reflected (shadow_fault_bail_real_fault), nothing else
  faultRefreshes: false,
  // sh_page_fault: last_emulated_frame
  fastEmulation: true,
  // sh_page_fault: emulation comes after the shadow of the address was filled
  emulateFirst: false,
  // sh_validate_guest_entry, validate_gl2e and its kin
  upperStore: 'revalidate',
  // hvm.c check_for_early_unshadow
  unshadowOn: 'zeros',
  unshadowAfter: 2,
  // sh_page_fault: sh_prefetch whatever the entry was
  sparesSpurious: false,
  // sh_page_fault: the shadow always maps 4 KiB
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
  // sh_page_fault: ft_demand_write only (sh_unsync)
  unsyncOn: 'store',
  // sh_resync_l1: l1e_propagate_from_guest for each entry that differs from the snapshot
  syncMoved: 'rewrite',
  // shadow_get_and_create_l1e: shadow_resync_all
  linkSyncs: 'all',
  // sh_invlpg: shadow_set_l1e to empty if the table is out of sync
  invlpg: 'drop',
  // svm.c svm_invlpg
  invlpgTakesAsid: true,
  // sh_remove_write_access: guesses, then a search
  reverseMap: false,
  guessBases: GUESSES,
  // sh_put_ref, sh_destroy_shadow
  lifetime: 'referenced',
  // sh_make_shadow: SHOPT_LINUX_L3_TOPLEVEL
  pinL3: true,
  // sh_update_cr3: found by hash, kept by its pin
  previousRoots: 0,
  // cpufeatureset.h: PCID is for HAP guests only
  pcid: false,
  // shadow_alloc_p2m_page
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
  // _shadow_prealloc: pinned roots from the least recently loaded on, then everything
  recycle: 'roots',
};

export const xenOosOff: ShadowPolicy = {
  ...xen,
  name: 'xen-oos-off',
  summary: 'Xen 4.17 with oos=0: every store to a shadowed table is emulated',
  oosSlots: 0,
};
