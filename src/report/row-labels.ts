/**
 * The words of the tables' rows and the metric behind each, so that `explain` answers to what is on the screen.
 */
// prettier-ignore
export const ROW_LABELS: ReadonlyMap<string, string> = new Map([
  ['l1 tlb hits', 'tlb.l1d.hit'], ['l1 dtlb hits', 'tlb.l1d.hit'], ['l1 itlb hits', 'tlb.l1i.hit'],
  ['stlb hits', 'tlb.stlb.hit'], ['tlb misses', 'tlb.stlb.miss'], ['page crossings', 'accesses.crossing'],
  ['page walks', 'walk.count'], ['rights or dirty bit', 'walk.rewalk'], ['retries', 'walk.retry'],
  ['walk references', 'walk.refs'], ['per walk', 'walk.refs'], ['guest tables', 'walk.refs.guest'],
  ['nested (ept/npt)', 'walk.refs.nested'], ['shadow tables', 'walk.refs.shadow'],
  ['from memory', 'pte.mem'], ['from l1 cache', 'pte.l1'], ['from l2 cache', 'pte.l2'], ['charged flat', 'pte.flat'],
  ['page walk cache hits', 'pwc.guest.l2.hit'], ['nested tlb hits', 'ntlb.hit'],
  ['vmexits', 'vmexit.total'], ['guest fault, reflected', 'vmexit.pf.guest'], ['fix up (fill)', 'vmexit.pf.fixup'],
  ['table goes out of sync', 'vmexit.pf.unsync'], ['table store, emulated', 'vmexit.pf.emulate'],
  ['page faults', 'guest.faults'], ['guest page faults', 'guest.faults'], ['copy on write', 'guest.faults.cow'],
  ['forbidden', 'guest.faults.bad'], ['table entry stores', 'guest.pt.writes'], ['cr3 loads', 'guest.cr3'],
  ['full tlb flushes', 'guest.flush.full'], ['frames zeroed', 'guest.frames.zeroed'],
  ['frames copied', 'guest.frames.copied'], ['kernel accesses', 'kernel.accesses'],
  ['guest page tables', 'memory.guest.pages'], ['superpages (fl1)', 'memory.shadow.fl1.pages'],
  ['superpages', 'memory.shadow.fl1.pages'], ['snapshots, monitors', 'memory.shadow.other.pages'],
  ['snapshots', 'memory.shadow.other.pages'], ['pool, reserved', 'memory.pool.pages'],
  ['pool reserved', 'memory.pool.pages'], ['guest ram', 'memory.ram.pages'], ['estimated cycles', 'cost.cycles'],
  ['assumed figures halved', 'cost.low.cycles'], ['assumed figures doubled', 'cost.high.cycles'],
]);
