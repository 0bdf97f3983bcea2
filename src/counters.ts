/**
 * Every counter p2msim has: key, unit, meaning, and where it is raised.
 *
 * This one list feeds the results, `p2msim explain`, docs/metrics.md and the schema. Counters are
 * integers below 2^53; they say what happened and know nothing of costs. Two kinds of holder keep
 * them as plain numeric fields, so that the code that counts reads `c.walkRefsNested += 1`:
 *
 * - {@link AccessCounters}: translation work of one origin. A machine has two, one for the accesses
 *   of the trace (`tlb.l1d.hit`) and one for those that the guest kernel model makes while it
 *   handles faults and table edits (`kernel.tlb.l1d.hit`).
 * - {@link MachineCounters}: exits, guest activity and hypervisor work, whoever caused them.
 */
// exempt from the size limit: one list of counters, a row each

/** One metric of a result. */
export interface CounterDef {
  readonly key: string;
  /** `count` unless said otherwise. */
  readonly unit: 'count' | 'pages' | 'bytes' | 'cycles';
  /** What one unit of it means. */
  readonly meaning: string;
  /** Who raises it, with the hardware or hypervisor rule behind it. */
  readonly source: string;
  /** What to look at or change when it is high; empty if nothing can be said in general. */
  readonly remedy: string;
}

/** Field, key, meaning, source, remedy: the translation counters, per origin. */
// One row per counter.
// prettier-ignore
const ACCESS_FIELDS = [
  ['accesses', 'accesses', 'page-level accesses: records of the trace, those that cross a page border split', 'mmu/block-replay.ts, mmu/front.ts', ''],
  ['reads', 'accesses.read', 'page-level loads', 'mmu/block-replay.ts, mmu/front.ts', ''],
  ['writes', 'accesses.write', 'page-level stores and read-modify-writes', 'mmu/block-replay.ts, mmu/front.ts', ''],
  ['fetches', 'accesses.fetch', 'page-level instruction fetches', 'mmu/block-replay.ts, mmu/front.ts', ''],
  ['crossings', 'accesses.crossing', 'extra look-ups because a record touches more than one 4 KiB page', 'mmu/block-replay.ts, mmu/front.ts', ''],
  ['l1dHit', 'tlb.l1d.hit', 'loads and stores found in the first-level data TLB', 'mmu/tlb-hierarchy.ts', ''],
  ['l1dMiss', 'tlb.l1d.miss', 'loads and stores not found in the first-level data TLB', 'mmu/tlb-hierarchy.ts', 'larger pages, better locality'],
  ['l1dHit4k', 'tlb.l1d.hit.4k', 'of tlb.l1d.hit, in an entry that covers 4 KiB', 'mmu/tlb-hierarchy.ts', ''],
  ['l1dHit2m', 'tlb.l1d.hit.2m', 'of tlb.l1d.hit, in an entry that covers 2 MiB', 'mmu/tlb-hierarchy.ts', ''],
  ['l1dHit1g', 'tlb.l1d.hit.1g', 'of tlb.l1d.hit, in an entry that covers 1 GiB', 'mmu/tlb-hierarchy.ts', ''],
  ['l1iHit', 'tlb.l1i.hit', 'fetches found in the first-level instruction TLB', 'mmu/tlb-hierarchy.ts', ''],
  ['l1iMiss', 'tlb.l1i.miss', 'fetches not found in the first-level instruction TLB', 'mmu/tlb-hierarchy.ts', ''],
  ['l1iHit4k', 'tlb.l1i.hit.4k', 'of tlb.l1i.hit, in an entry that covers 4 KiB', 'mmu/tlb-hierarchy.ts', ''],
  ['l1iHit2m', 'tlb.l1i.hit.2m', 'of tlb.l1i.hit, in an entry that covers 2 MiB', 'mmu/tlb-hierarchy.ts', ''],
  ['l1iHit1g', 'tlb.l1i.hit.1g', 'of tlb.l1i.hit, in an entry that covers 1 GiB', 'mmu/tlb-hierarchy.ts', ''],
  ['stlbHit', 'tlb.stlb.hit', 'first-level misses found in the unified second-level TLB', 'mmu/tlb-hierarchy.ts', ''],
  ['stlbMiss', 'tlb.stlb.miss', 'first-level misses not found in the second level (all of them if there is none): each starts a page walk', 'mmu/tlb-hierarchy.ts', 'larger pages; a guest 2M page helps only if the host maps it with 2M too'],
  ['stlbHit4k', 'tlb.stlb.hit.4k', 'of tlb.stlb.hit, in an entry that covers 4 KiB', 'mmu/tlb-hierarchy.ts', ''],
  ['stlbHit2m', 'tlb.stlb.hit.2m', 'of tlb.stlb.hit, in an entry that covers 2 MiB', 'mmu/tlb-hierarchy.ts', ''],
  ['stlbHit1g', 'tlb.stlb.hit.1g', 'of tlb.stlb.hit, in an entry that covers 1 GiB', 'mmu/tlb-hierarchy.ts', ''],
  ['fill4k', 'tlb.fill.4k', 'translations of effective size min(guest leaf, host leaf) = 4 KiB entered into the TLBs after a walk', 'mmu/tlb-hierarchy.ts', ''],
  ['fill2m', 'tlb.fill.2m', 'the same, effective size 2 MiB', 'mmu/tlb-hierarchy.ts', ''],
  ['fill1g', 'tlb.fill.1g', 'the same, effective size 1 GiB', 'mmu/tlb-hierarchy.ts', ''],
  ['walks', 'walk.count', 'page walks: tlb.stlb.miss + walk.rewalk + walk.retry', 'mmu/front.ts, mmu/kernel-state.ts', ''],
  ['rewalks', 'walk.rewalk', 'walks although the TLB held the page: a store to a cached translation that is not writable and dirty', 'mmu/front.ts (SDM 4.10.2.3)', ''],
  ['retries', 'walk.retry', 'walks repeated because the one before ended in a guest fault or a VMEXIT', 'mmu/front.ts', 'fewer exits and guest faults'],
  ['walkFaults', 'walk.fault', 'walks that ended in a guest fault or a VMEXIT; their references count', 'mmu/front.ts', ''],
  ['walkRefs', 'walk.refs', 'memory references made by page walks, all dimensions', 'counters.ts (WalkShapes)', 'page-walk caches, larger pages'],
  ['walkRefsGuest', 'walk.refs.guest', 'references to guest page tables (native: the only tables)', 'counters.ts (WalkShapes)', ''],
  ['walkRefsNested', 'walk.refs.nested', 'references to the p2m (EPT/NPT) made inside two-dimensional walks', 'counters.ts (WalkShapes)', 'larger host pages, a nested TLB'],
  ['walkRefsShadow', 'walk.refs.shadow', 'references to shadow page tables', 'counters.ts (WalkShapes)', ''],
  ['refsGuestL5', 'walk.refs.guest.l5', 'of walk.refs.guest, to level-5 entries', 'counters.ts (WalkShapes)', ''],
  ['refsGuestL4', 'walk.refs.guest.l4', 'of walk.refs.guest, to level-4 entries', 'counters.ts (WalkShapes)', ''],
  ['refsGuestL3', 'walk.refs.guest.l3', 'of walk.refs.guest, to level-3 entries', 'counters.ts (WalkShapes)', ''],
  ['refsGuestL2', 'walk.refs.guest.l2', 'of walk.refs.guest, to level-2 entries', 'counters.ts (WalkShapes)', ''],
  ['refsGuestL1', 'walk.refs.guest.l1', 'of walk.refs.guest, to level-1 entries', 'counters.ts (WalkShapes)', ''],
  ['refsNestedL5', 'walk.refs.nested.l5', 'of walk.refs.nested, to level-5 entries', 'counters.ts (WalkShapes)', ''],
  ['refsNestedL4', 'walk.refs.nested.l4', 'of walk.refs.nested, to level-4 entries', 'counters.ts (WalkShapes)', ''],
  ['refsNestedL3', 'walk.refs.nested.l3', 'of walk.refs.nested, to level-3 entries', 'counters.ts (WalkShapes)', ''],
  ['refsNestedL2', 'walk.refs.nested.l2', 'of walk.refs.nested, to level-2 entries', 'counters.ts (WalkShapes)', ''],
  ['refsNestedL1', 'walk.refs.nested.l1', 'of walk.refs.nested, to level-1 entries', 'counters.ts (WalkShapes)', ''],
  ['refsShadowL4', 'walk.refs.shadow.l4', 'of walk.refs.shadow, to level-4 entries', 'counters.ts (WalkShapes)', ''],
  ['refsShadowL3', 'walk.refs.shadow.l3', 'of walk.refs.shadow, to level-3 entries', 'counters.ts (WalkShapes)', ''],
  ['refsShadowL2', 'walk.refs.shadow.l2', 'of walk.refs.shadow, to level-2 entries', 'counters.ts (WalkShapes)', ''],
  ['refsShadowL1', 'walk.refs.shadow.l1', 'of walk.refs.shadow, to level-1 entries', 'counters.ts (WalkShapes)', ''],
  ['adUpdates', 'walk.ad_updates', 'accessed or dirty bits that the hardware walker set in guest tables (an extra memory write each, not in walk.refs)', 'mmu/native.ts, mmu/hap.ts (SDM 4.8)', ''],
  ['pwcGuestL5', 'pwc.guest.l5.hit', 'walks whose deepest page-walk-cache hit was a level-5 entry', 'counters.ts (WalkShapes)', ''],
  ['pwcGuestL4', 'pwc.guest.l4.hit', 'walks whose deepest page-walk-cache hit was a level-4 entry (PML4E): 1 guest level skipped of 4', 'counters.ts (WalkShapes)', ''],
  ['pwcGuestL3', 'pwc.guest.l3.hit', 'the same, level-3 entry (PDPTE): 2 guest levels skipped of 4', 'counters.ts (WalkShapes)', ''],
  ['pwcGuestL2', 'pwc.guest.l2.hit', 'the same, level-2 entry (PDE): 3 guest levels skipped of 4', 'counters.ts (WalkShapes)', ''],
  ['pwcGuestMiss', 'pwc.guest.miss', 'walks that found nothing in the page-walk cache and started at the root', 'counters.ts (WalkShapes)', ''],
  ['pwcNestedL5', 'pwc.nested.l5.hit', 'host walks whose deepest host page-walk-cache hit was a level-5 entry', 'counters.ts (WalkShapes)', ''],
  ['pwcNestedL4', 'pwc.nested.l4.hit', 'the same, level-4 entry', 'counters.ts (WalkShapes)', ''],
  ['pwcNestedL3', 'pwc.nested.l3.hit', 'the same, level-3 entry', 'counters.ts (WalkShapes)', ''],
  ['pwcNestedL2', 'pwc.nested.l2.hit', 'the same, level-2 entry', 'counters.ts (WalkShapes)', ''],
  ['pwcNestedMiss', 'pwc.nested.miss', 'host walks that started at the p2m root', 'counters.ts (WalkShapes)', ''],
  ['ntlbHit', 'ntlb.hit', 'gPA to hPA translations inside walks found in the nested TLB (no reference made)', 'mmu/hap.ts', ''],
  ['ntlbMiss', 'ntlb.miss', 'gPA to hPA translations inside walks that needed a host walk', 'mmu/hap.ts', ''],
  ['pteL1', 'pte.l1', 'walk references served by the L1 data cache', 'mmu/pte-cache.ts', ''],
  ['pteL2', 'pte.l2', 'walk references served by the L2 cache', 'mmu/pte-cache.ts', ''],
  ['pteLlc', 'pte.llc', 'walk references served by the last-level cache', 'mmu/pte-cache.ts', ''],
  ['pteMem', 'pte.mem', 'walk references served by memory', 'mmu/pte-cache.ts', ''],
  ['pteFlat', 'pte.flat', 'walk references charged flat because page-table reads do not go through data caches (--pte-cache off)', 'counters.ts (WalkShapes)', ''],
] as const;

// One row per counter.
// prettier-ignore
const MACHINE_FIELDS = [
  ['exits', 'vmexit.total', 'VMEXITs of every reason', 'mmu/hap.ts', ''],
  ['exitPf', 'vmexit.pf', 'exits for #PF (EXCEPTION_NMI / EXCEPTION_PF), shadow paging only', 'mmu/shadow.ts', ''],
  ['exitPfGuest', 'vmexit.pf.guest', 'of vmexit.pf: a real guest fault, reflected into the guest', 'mmu/shadow.ts (sh_page_fault, fault_bail_real_fault)', 'HAP delivers these without an exit'],
  ['exitPfFixup', 'vmexit.pf.fixup', 'of vmexit.pf: the shadow lacked the entry, or the right, and was filled', 'mmu/shadow.ts (sh_page_fault)', 'fewer distinct pages, A and D bits preset'],
  ['exitPfUnsync', 'vmexit.pf.unsync', 'of vmexit.pf: first store to an in-sync L1 table; it goes out of sync and later stores are free', 'mmu/shadow.ts (sh_unsync)', 'batch table edits between CR3 loads'],
  ['exitPfEmulate', 'vmexit.pf.emulate', 'of vmexit.pf: store to a shadowed table that cannot go out of sync, emulated', 'mmu/shadow.ts (sh_page_fault, emulate)', 'fewer upper-level table edits'],
  ['exitPfMmio', 'vmexit.pf.mmio', 'of vmexit.pf: access to an emulated device', 'mmu/shadow.ts', ''],
  ['exitCr3Write', 'vmexit.cr3_write', 'exits for MOV to CR3 (shadow paging)', 'mmu/shadow.ts (sh_update_cr3)', 'fewer context switches; HAP takes none'],
  ['exitCr3Read', 'vmexit.cr3_read', 'exits for MOV from CR3; no event of this version raises it', 'hypervisor/vmexit.ts', ''],
  ['exitCr4Write', 'vmexit.cr4_write', 'exits for MOV to CR4 (global flush by CR4.PGE)', 'mmu/shadow.ts', ''],
  ['exitCr4Read', 'vmexit.cr4_read', 'exits for MOV from CR4', 'mmu/shadow.ts', ''],
  ['exitCr0Write', 'vmexit.cr0_write', 'exits for MOV to CR0', 'mmu/shadow.ts', ''],
  ['exitInvlpg', 'vmexit.invlpg', 'exits for INVLPG (shadow paging)', 'mmu/shadow.ts (sh_invlpg)', 'full flushes instead of page by page, or HAP'],
  ['exitInvpcid', 'vmexit.invpcid', 'exits for INVPCID (shadow paging that passes PCID on)', 'mmu/shadow.ts', ''],
  ['exitNpf', 'vmexit.npf', 'exits because the p2m does not map the gPA (EPT_VIOLATION / NPF), HAP with a lazy p2m', 'mmu/hap.ts (hvm_hap_nested_page_fault)', '--p2m-populate eager, larger host pages'],
  ['exitEptMisconfig', 'vmexit.ept_misconfig', 'exits for an EPT entry marked for recalculation; no event of this version raises it', 'hypervisor/vmexit.ts', ''],
  ['exitPmlFull', 'vmexit.pml_full', 'exits because the page-modification log is full; no event of this version raises it', 'hypervisor/vmexit.ts', ''],
  ['exitIo', 'vmexit.io', 'exits for port I/O; no event of this version raises it', 'hypervisor/vmexit.ts', ''],
  ['exitCpuid', 'vmexit.cpuid', 'exits for CPUID', 'mmu/hap.ts', ''],
  ['exitVmcall', 'vmexit.vmcall', 'exits for hypercalls', 'mmu/shadow.ts', ''],
  ['exitMmio', 'vmexit.mmio', 'exits for device accesses under HAP (reported by hardware as EPT violation or misconfiguration)', 'mmu/hap.ts', ''],
  ['guestFaults', 'guest.faults', '#PF that the guest kernel handles, in every mode', 'guest/fault.ts', ''],
  ['guestFaultsDemand', 'guest.faults.demand', 'of guest.faults: first touch of a page that is not mapped', 'guest/fault.ts (do_anonymous_page)', ''],
  ['guestFaultsCow', 'guest.faults.cow', 'of guest.faults: store to a read-only page that the process may write', 'guest/fault.ts (wp_page_copy)', ''],
  ['guestFaultsFile', 'guest.faults.file', 'of guest.faults: first touch of a file-backed page (maps its 16-page neighbourhood)', 'guest/fault.ts (do_fault_around)', ''],
  ['guestFaultsBad', 'guest.faults.bad', 'of guest.faults: accesses that the address space forbids; the trace goes on as if the access had been skipped', 'guest/fault.ts', 'check the trace with `p2msim trace check`'],
  ['tableWrites', 'guest.pt.writes', 'stores to guest page-table entries, by the kernel model and by PTW', 'guest/guest.ts', ''],
  ['cr3Loads', 'guest.cr3', 'MOV to CR3', 'guest/guest.ts', ''],
  ['invlpgs', 'guest.invlpg', 'INVLPG', 'guest/guest.ts', ''],
  ['fullFlushes', 'guest.flush.full', 'flushes of the whole TLB asked for by the guest (CR4.PGE off and on)', 'mmu/hap.ts', ''],
  ['framesZeroed', 'guest.frames.zeroed', '4 KiB frames zeroed by the guest kernel (512 stores each)', 'guest/guest.ts', ''],
  ['framesCopied', 'guest.frames.copied', '4 KiB frames copied by the guest kernel', 'guest/guest.ts', ''],
  ['flushPage', 'tlb.flush.page', 'invalidations of one translation', 'mmu/tlb-hierarchy.ts', ''],
  ['flushAsid', 'tlb.flush.asid', 'flushes of one address space (global entries stay)', 'mmu/tlb-hierarchy.ts', ''],
  ['flushAll', 'tlb.flush.all', 'flushes of everything that belongs to the VM', 'mmu/tlb-hierarchy.ts', ''],
  ['shFault', 'shadow.fault', 'shadow page-fault handler entered (Xen: shadow_fault)', 'hypervisor/shadow/fault.ts (sh_page_fault)', ''],
  ['shFixed', 'shadow.fixed', 'shadow_fault_fixed: the fault was cured by editing shadows', 'hypervisor/shadow/fault.ts', ''],
  ['shReal', 'shadow.real', 'shadow_fault_bail_real_fault: the guest tables forbid the access', 'hypervisor/shadow/fault.ts', ''],
  ['shMmio', 'shadow.mmio', 'shadow_fault_mmio: device access by the slow path', 'hypervisor/shadow/fault.ts', ''],
  ['shMmioFast', 'shadow.mmio_fast', 'shadow_fault_fast_mmio: device access by the magic entry', 'mmu/shadow.ts', ''],
  ['shEmulate', 'shadow.emulate', 'shadow_fault_emulate_write: store to a table emulated after a full walk', 'hypervisor/shadow/fault.ts', ''],
  ['shEmulateFast', 'shadow.emulate_fast', 'shadow_fault_fast_emulate: store to the same frame as the last emulated one', 'hypervisor/shadow/fault.ts', ''],
  ['shGuestWalks', 'shadow.guest_walks', 'guest_walk: software walks of the guest tables by the hypervisor', 'hypervisor/shadow/fault.ts (sh_walk_guest_tables)', ''],
  ['shPrefetch', 'shadow.prefetch', 'shadow entries filled ahead of use', 'hypervisor/shadow/prefetch.ts (sh_prefetch, pte_prefetch)', ''],
  ['shUnsync', 'shadow.unsync', 'shadow_unsync: L1 tables let out of sync (KVM: shadow pages of such tables)', 'hypervisor/shadow/oos.ts (sh_unsync), hypervisor/shadow/unsync.ts', ''],
  ['shUnsyncEvict', 'shadow.unsync_evict', 'shadow_unsync_evict: out-of-sync tables pushed out of their slot and resynced', 'hypervisor/shadow/oos.ts (oos_hash_add)', 'more slots (policy oosSlots)'],
  ['shResync', 'shadow.resync', 'shadow_resync: tables brought back into sync and write-protected', 'hypervisor/shadow/oos.ts (_sh_resync), hypervisor/shadow/unsync.ts (mmu_sync_children)', ''],
  ['shResyncEntries', 'shadow.resync_entries', 'shadow entries rewritten by resyncs', 'hypervisor/shadow/oos.ts (sh_resync_l1)', ''],
  ['shFixupAdd', 'shadow.fixup_add', 'shadow_oos_fixup_add: writable mappings of an out-of-sync table recorded', 'hypervisor/shadow/propagate.ts (oos_fixup_add)', ''],
  ['shFixupEvict', 'shadow.fixup_evict', 'shadow_oos_fixup_evict: a recorded mapping made read-only to make room', 'hypervisor/shadow/propagate.ts', ''],
  ['shEarlyUnshadow', 'shadow.early_unshadow', 'shadow_early_unshadow: a table dropped because the guest zeroes it (KVM mmu_flooded: stores to it again and again unused)', 'hypervisor/shadow/emulate.ts (check_for_early_unshadow, detect_write_flooding)', ''],
  ['shUnshadow', 'shadow.unshadow', 'shadow_unshadow: all shadows of a frame removed', 'hypervisor/shadow/emulate.ts (sh_remove_shadows)', ''],
  ['shUnshadowBf', 'shadow.unshadow_bf', 'shadow_unshadow_bf: of these, by searching all shadows', 'hypervisor/shadow/emulate.ts', ''],
  ['shUnshadowUp', 'shadow.unshadow_up', 'shadow_up_pointer: shadows removed by their up-pointer', 'hypervisor/shadow/emulate.ts', ''],
  ['shWr', 'shadow.wr', 'shadow_writeable: searches for writable mappings of a frame about to become (or again be) a protected table', 'hypervisor/shadow/write-access.ts (sh_remove_write_access)', ''],
  ['shWrGuess', 'shadow.wr_guess', 'shadow_writeable_h_*: mappings found at a guessed address of the direct map', 'hypervisor/shadow/write-access.ts', ''],
  ['shWrLast', 'shadow.wr_last', 'shadow_writeable_h_5: mappings found in the shadow where the last search succeeded', 'hypervisor/shadow/write-access.ts', ''],
  ['shWrBf', 'shadow.wr_bf', 'shadow_writeable_bf: searches that had to visit every L1 shadow', 'hypervisor/shadow/write-access.ts', 'modern Linux defeats the guesses'],
  ['shBfEntries', 'shadow.bf_entries', 'shadow entries read by searches through L1 shadows (512 per shadow visited)', 'hypervisor/shadow/write-access.ts', ''],
  ['shPrealloc1', 'shadow.prealloc1', 'shadow_prealloc_1: pool ran low, least recently loaded roots unpinned (KVM mmu_recycled: oldest pages zapped)', 'hypervisor/shadow/reserve.ts (_shadow_prealloc)', 'a larger pool (--shadow-pool)'],
  ['shPrealloc2', 'shadow.prealloc2', 'shadow_prealloc_2: pool still low, all mappings of loaded roots dropped', 'hypervisor/shadow/reserve.ts (_shadow_prealloc)', 'a larger pool (--shadow-pool)'],
  ['shAlloc', 'shadow.alloc', 'shadow_alloc: shadow pages made', 'hypervisor/shadow/pages.ts', ''],
  ['shFree', 'shadow.free', 'shadow_free: shadow pages freed', 'hypervisor/shadow/pages.ts', ''],
  ['shInvlpg', 'shadow.invlpg', 'shadow_invlpg: INVLPG emulated', 'mmu/shadow.ts (sh_invlpg)', ''],
  ['shValidateL1', 'shadow.validate.l1', 'shadow_validate_gl1e_calls: entries re-shadowed after an emulated or hypervisor store', 'hypervisor/shadow/emulate.ts (validate_gl1e)', ''],
  ['shValidateL2', 'shadow.validate.l2', 'the same, level 2', 'hypervisor/shadow/emulate.ts', ''],
  ['shValidateL3', 'shadow.validate.l3', 'the same, level 3', 'hypervisor/shadow/emulate.ts', ''],
  ['shValidateL4', 'shadow.validate.l4', 'the same, level 4', 'hypervisor/shadow/emulate.ts', ''],
  ['shFlushWr', 'shadow.flush_rm_write', 'shadow_rm_write_flush_tlb: TLB flushes because a fault removed write access to a table', 'hypervisor/shadow/fault.ts', ''],
] as const;

/** Which walks of one dimension began with a look-up in its walk cache, and found something. */
export const UNCACHED = 0;
export const CACHE_HIT = 64;
export const CACHE_MISS = 128;

/**
 * The walks of one dimension by where they began and ended: one addition a walk instead of one a reference, of which a
 * two-dimensional walk makes up to 24 (bench/README.md, row zipf). What was read, and what the walk cache gave, follows.
 */
export class WalkShapes {
  readonly #counts = new Float64Array(192);

  /**
   * Counts a walk that read one entry of each level from `first` down to `last`.
   * @param cache UNCACHED: no walk cache was asked; CACHE_HIT: its deepest hit was an entry of level `first` + 1; CACHE_MISS
   * @param last `first` + 1: no entry was read
   */
  add(cache: number, first: number, last: number, n = 1): void {
    this.#counts[cache + 8 * first + last]! += n;
  }

  /** Entries of `level` (1 to 5) that were read. */
  references(level: number): number {
    let n = 0;
    for (let at = 0; at < this.#counts.length; at++)
      if (((at >> 3) & 7) >= level && (at & 7) <= level) n += this.#counts[at]!;
    return n;
  }

  /** Walks whose deepest walk-cache hit was an entry of `level` (2 to 5). */
  hits(level: number): number {
    const from = CACHE_HIT + 8 * (level - 1);
    return sum(this.#counts, from, from + 8);
  }

  /** Walks that found nothing in a walk cache. */
  get misses(): number {
    return sum(this.#counts, CACHE_MISS, CACHE_MISS + 64);
  }
}

function sum(counts: Float64Array, from: number, to: number): number {
  let n = 0;
  for (let at = from; at < to; at++) n += counts[at]!;
  return n;
}

type Digit = 1 | 2 | 3 | 4 | 5;
type DerivedField =
  | `walkRefs${'' | 'Guest' | 'Nested' | 'Shadow'}`
  | `refs${'Guest' | 'Nested'}L${Digit}`
  | `refsShadowL${Exclude<Digit, 5>}`
  | `pwc${'Guest' | 'Nested'}${`L${Exclude<Digit, 1>}` | 'Miss'}`
  | 'pteFlat';
type AccessField = Exclude<(typeof ACCESS_FIELDS)[number][0], DerivedField>;
type MachineField = (typeof MACHINE_FIELDS)[number][0];

/** What is derived when it is asked for, from the shapes of walks. */
const DERIVED: Readonly<Record<DerivedField, (c: AccessCounters) => number>> = {
  walkRefs: (c) => c.walkRefsGuest + c.walkRefsNested + c.walkRefsShadow,
  walkRefsGuest: (c) => references(c.guestWalks),
  walkRefsNested: (c) => references(c.nestedWalks),
  walkRefsShadow: (c) => references(c.shadowWalks),
  refsGuestL5: (c) => c.guestWalks.references(5),
  refsGuestL4: (c) => c.guestWalks.references(4),
  refsGuestL3: (c) => c.guestWalks.references(3),
  refsGuestL2: (c) => c.guestWalks.references(2),
  refsGuestL1: (c) => c.guestWalks.references(1),
  refsNestedL5: (c) => c.nestedWalks.references(5),
  refsNestedL4: (c) => c.nestedWalks.references(4),
  refsNestedL3: (c) => c.nestedWalks.references(3),
  refsNestedL2: (c) => c.nestedWalks.references(2),
  refsNestedL1: (c) => c.nestedWalks.references(1),
  refsShadowL4: (c) => c.shadowWalks.references(4),
  refsShadowL3: (c) => c.shadowWalks.references(3),
  refsShadowL2: (c) => c.shadowWalks.references(2),
  refsShadowL1: (c) => c.shadowWalks.references(1),
  // The walk cache of shadow entries is the guest's.
  pwcGuestL5: (c) => c.guestWalks.hits(5) + c.shadowWalks.hits(5),
  pwcGuestL4: (c) => c.guestWalks.hits(4) + c.shadowWalks.hits(4),
  pwcGuestL3: (c) => c.guestWalks.hits(3) + c.shadowWalks.hits(3),
  pwcGuestL2: (c) => c.guestWalks.hits(2) + c.shadowWalks.hits(2),
  pwcGuestMiss: (c) => c.guestWalks.misses + c.shadowWalks.misses,
  pwcNestedL5: (c) => c.nestedWalks.hits(5),
  pwcNestedL4: (c) => c.nestedWalks.hits(4),
  pwcNestedL3: (c) => c.nestedWalks.hits(3),
  pwcNestedL2: (c) => c.nestedWalks.hits(2),
  pwcNestedMiss: (c) => c.nestedWalks.misses,
  // Every reference is served by some level, or charged flat.
  pteFlat: (c) => c.walkRefs - c.pteL1 - c.pteL2 - c.pteLlc - c.pteMem,
};

function references(walks: WalkShapes): number {
  return [1, 2, 3, 4, 5].reduce((n, level) => n + walks.references(level), 0);
}

/** The walks of each dimension. */
interface Walks {
  readonly guestWalks: WalkShapes;
  readonly nestedWalks: WalkShapes;
  readonly shadowWalks: WalkShapes;
}

/** Translation counters of one origin: every field an integer. */
export interface AccessCounters
  extends Record<AccessField, number>, Readonly<Record<DerivedField, number>>, Walks {}
/** Counters of the machine as a whole: every field an integer. */
export type MachineCounters = Record<MachineField, number>;

const DERIVED_FIELDS: object = Object.defineProperties(
  {},
  Object.fromEntries(
    Object.entries(DERIVED).map(([field, derive]) => [
      field,
      {
        get(this: AccessCounters) {
          return derive(this);
        },
      },
    ]),
  ),
);

export function createAccessCounters(): AccessCounters {
  const counted = ACCESS_FIELDS.filter(([field]) => !(field in DERIVED)).map(([field]) => [field, 0]);
  const walks: Walks = {
    guestWalks: new WalkShapes(),
    nestedWalks: new WalkShapes(),
    shadowWalks: new WalkShapes(),
  };
  // In this order: an object that is filled after it has a prototype of its own becomes a slow hash table.
  return Object.setPrototypeOf(
    { ...Object.fromEntries(counted), ...walks },
    DERIVED_FIELDS,
  ) as AccessCounters;
}

export function createMachineCounters(): MachineCounters {
  return Object.fromEntries(MACHINE_FIELDS.map(([field]) => [field, 0])) as MachineCounters;
}

/** The counters of a result: dotted keys in the order of the definitions. */
export type CounterValues = Readonly<Record<string, number>>;

/** Flattens the holders of one machine into dotted keys: trace accesses, machine, then `kernel.*`. */
export function counterValues(
  trace: AccessCounters,
  kernel: AccessCounters,
  machine: MachineCounters,
): CounterValues {
  const values: Record<string, number> = {};
  for (const [field, key] of ACCESS_FIELDS) values[key] = trace[field];
  for (const [field, key] of MACHINE_FIELDS) values[key] = machine[field];
  for (const [field, key] of ACCESS_FIELDS) values[`kernel.${key}`] = kernel[field];
  return values;
}

function define(
  fields: readonly (readonly [string, string, string, string, string])[],
  prefix: string,
): CounterDef[] {
  return fields.map(([, key, meaning, source, remedy]) => ({
    key: prefix + key,
    unit: 'count' as const,
    meaning: prefix === '' ? meaning : `${meaning}; for accesses that the guest kernel model makes`,
    source,
    remedy,
  }));
}

/** Every counter, in the order in which results list them. */
export const COUNTERS: readonly CounterDef[] = [
  ...define(ACCESS_FIELDS, ''),
  ...define(MACHINE_FIELDS, ''),
  ...define(ACCESS_FIELDS, 'kernel.'),
];

// One row per counter.
// prettier-ignore
const MEMORY_FIELDS = [
  ['guest.pages', 'guest page-table pages in use, all levels and address spaces', 'guest/page-table.ts'],
  ['guest.pages.peak', 'most guest page-table pages in use at once', 'guest/page-table.ts'],
  ['ram.pages', 'guest RAM, in 4 KiB pages', 'guest/gfn-allocator.ts'],
  ['p2m.pages', 'p2m table pages including the root (EPT/NPT under HAP, software only under shadow)', 'hypervisor/p2m.ts'],
  ['p2m.pages.peak', 'most p2m table pages in use at once', 'hypervisor/p2m.ts'],
  ['p2m.l1.pages', 'p2m table pages whose entries map 4 KiB', 'hypervisor/p2m.ts'],
  ['p2m.l2.pages', 'p2m table pages of level 2', 'hypervisor/p2m.ts'],
  ['p2m.l3.pages', 'p2m table pages of level 3', 'hypervisor/p2m.ts'],
  ['p2m.l4.pages', 'p2m table pages of level 4', 'hypervisor/p2m.ts'],
  ['p2m.l5.pages', 'p2m table pages of level 5', 'hypervisor/p2m.ts'],
  ['shadow.pages', 'shadow pages in use, all types', 'hypervisor/shadow/pages.ts'],
  ['shadow.pages.peak', 'most shadow pages in use at once', 'hypervisor/shadow/pages.ts'],
  ['shadow.l1.pages', 'shadows of guest L1 tables in use', 'hypervisor/shadow/pages.ts'],
  ['shadow.fl1.pages', 'shadows that splinter a guest superpage (fl1) in use', 'hypervisor/shadow/pages.ts'],
  ['shadow.l2.pages', 'shadows of guest L2 tables in use', 'hypervisor/shadow/pages.ts'],
  ['shadow.l3.pages', 'shadows of guest L3 tables in use', 'hypervisor/shadow/pages.ts'],
  ['shadow.l4.pages', 'shadows of guest L4 tables in use', 'hypervisor/shadow/pages.ts'],
  ['shadow.other.pages', 'pool pages used for out-of-sync snapshots and monitor tables', 'hypervisor/shadow/pages.ts'],
  ['pool.pages', 'pages reserved for the pool that p2m (and shadows) live in, by the toolstack formula', 'hypervisor/shadow/pages.ts, mmu/hap.ts'],
  ['pool.free.pages', 'pool pages not in use', 'hypervisor/shadow/pages.ts, mmu/hap.ts'],
] as const;

/** Page counts of a result's `memory` object; as a metric path each is prefixed with `memory.`. */
export type TableMemory = Record<(typeof MEMORY_FIELDS)[number][0], number>;

export function createTableMemory(): TableMemory {
  return Object.fromEntries(MEMORY_FIELDS.map(([key]) => [key, 0])) as TableMemory;
}

export const MEMORY_COUNTERS: readonly CounterDef[] = MEMORY_FIELDS.map(([key, meaning, source]) => ({
  key: `memory.${key}`,
  unit: 'pages' as const,
  meaning,
  source,
  remedy: '',
}));
