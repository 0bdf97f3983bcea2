/**
 * PerfCounter: a performance counter of Xen's, and the counter of ours that counts the same event.
 *
 * Names are the descriptions in Xen's perfc_defn.h, as XEN_SYSCTL_perfc_op prints them. Not here: `guest
 * pagetable walks` (reading the counters makes some, and Xen's retries of walks are not modelled), look-ups in
 * hash chains, and `shadow writeable: sl1p` (recorded mappings that a resync write-protects).
 */
/** Xen's name -> key of ours. */
export const PERF_COUNTERS: Readonly<Record<string, string>> = {
  'calls to shadow_fault': 'shadow.fault',
  'shadow_fault fixed fault': 'shadow.fixed',
  'shadow_fault really guest fault': 'shadow.real',
  'shadow_fault emulates a write': 'shadow.emulate',
  'shadow_fault fast emulate': 'shadow.emulate_fast',
  'shadow emulates invlpg': 'shadow.invlpg',
  'shadow OOS unsyncs': 'shadow.unsync',
  'shadow OOS evictions': 'shadow.unsync_evict',
  'shadow OOS resyncs': 'shadow.resync',
  'shadow OOS fixup adds': 'shadow.fixup_add',
  'shadow removes write access': 'shadow.wr',
  'shadow writeable: linux low/solaris': 'shadow.wr_guess',
  // The name misleads: `linux high` (h_5) is a hit in the shadow where the last search succeeded.
  'shadow writeable: linux high': 'shadow.wr_last',
  'shadow writeable brute-force': 'shadow.wr_bf',
  'shadow flush tlb by removing write perm': 'shadow.flush_rm_write',
  'shadow unshadows for fork/exit': 'shadow.early_unshadow',
  'shadow unshadows a page': 'shadow.unshadow',
  'shadow unshadow by up-pointer': 'shadow.unshadow_up',
  'calls to shadow_validate_gl1e': 'shadow.validate.l1',
  'calls to shadow_validate_gl2e': 'shadow.validate.l2',
  'calls to shadow_validate_gl3e': 'shadow.validate.l3',
  'calls to shadow_validate_gl4e': 'shadow.validate.l4',
  'calls to shadow_alloc': 'shadow.alloc',
  'calls to shadow_free': 'shadow.free',
  'shadow recycles old shadows': 'shadow.prealloc1',
  'shadow recycles in-use shadows': 'shadow.prealloc2',
};
