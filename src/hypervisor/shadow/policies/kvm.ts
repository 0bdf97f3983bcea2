/**
 * Linux KVM as measured: 6.1 (and 6.12, which differs at INVLPG). Functions in arch/x86/kvm/mmu, rules in docs/model.md 9;
 * evidence: 762 phases on real KVM, docs/validation.md.
 */
import type { ShadowPolicy } from '../policy.js';

export const kvm: ShadowPolicy = {
  name: 'kvm',
  summary: 'Linux KVM 6.1: unsync leaf tables without limit, prefetch of the aligned 8, reverse map',
  // kvm_inject_emulated_page_fault
  faultRefreshes: true,
  // kvm_mmu_page_fault: every fault is walked
  fastEmulation: false,
  // page_fault_handle_page_track
  emulateFirst: true,
  // kvm_mmu_pte_write
  upperStore: 'drop',
  // detect_write_flooding
  unshadowOn: 'stores',
  unshadowAfter: 3,
  // mmu_set_spte: RET_PF_SPURIOUS
  sparesSpurious: true,
  // kvm_mmu_hugepage_adjust
  largeEntries: true,
  // role.access of direct pages
  splinterKey: 'gfn+rights',
  // FNAME(prefetch_invalid_gpte): dropped
  withheldEntries: false,
  // FNAME(pte_prefetch), PTE_PREFETCH_NUM; FNAME(prefetch_invalid_gpte)
  prefetchShape: 'aligned',
  prefetchEntries: 8,
  prefetchStops: ['absent', 'unaccessed'],
  // mmu_try_to_unsync_pages
  oosSlots: null,
  oosFixups: 0,
  unsyncOn: 'writable',
  // FNAME(sync_page)
  syncMoved: 'drop',
  // FNAME(fetch): mmu_sync_children of the page being linked
  linkSyncs: 'linked',
  // FNAME(invlpg) calling FNAME(prefetch_gpte)
  invlpg: 'refill',
  // svm_flush_tlb_gva: INVLPGA
  invlpgTakesAsid: false,
  // rmap_write_protect
  reverseMap: true,
  // nothing to guess with a reverse map
  guessBases: [],
  // kvm_mmu_prepare_zap_page
  lifetime: 'zapped',
  // nothing is pinned: pages live until zapped
  pinL3: false,
  // KVM_MMU_NUM_PREV_ROOTS
  previousRoots: 3,
  // kvm_set_cr3: X86_CR3_PCID_NOFLUSH
  pcid: true,
  // memory slots instead
  keepsP2m: false,
  // kvm_arch_commit_memory_region: KVM_PERMILLE_MMU_PAGES 20, KVM_MIN_ALLOC_MMU_PAGES 64
  poolDivisor: 50,
  poolMinimum: 64,
  // KVM_MIN_FREE_MMU_PAGES, KVM_REFILL_PAGES
  poolReserve: 5,
  poolRefill: 25,
  poolFixed: 0,
  // kvm_mmu_zap_oldest_mmu_pages
  recycle: 'oldest',
};

export const kvm612: ShadowPolicy = {
  ...kvm,
  name: 'kvm-6.12',
  summary: 'Linux KVM 6.12: as kvm, but INVLPG brings the one entry up to date and refills nothing',
  // __kvm_mmu_invalidate_addr, kvm_sync_spte
  invlpg: 'sync',
};
