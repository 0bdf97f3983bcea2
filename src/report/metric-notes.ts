/**
 * Why a counter rises and what lowers it, for the keys whose definition leaves it open.
 *
 * One note per family of keys; the longest prefix of a key wins. The definitions themselves
 * (meaning, unit, who raises it) are in counters.ts.
 */

/** Cause and remedy of a family of metrics. */
export interface MetricNote {
  readonly cause: string;
  readonly remedy: string;
}

/** Prefix of the keys, cause, remedy. */
// prettier-ignore
const NOTES: readonly (readonly [prefix: string, cause: string, remedy: string])[] = [
  ['accesses', 'each record of the trace gives one look-up per 4 KiB page it touches', 'nothing to lower: it is the work to be done; compare other counts with it'],
  ['accesses.crossing', 'records that straddle a page border, often unaligned or long stores', 'align data; check the size column of the trace'],
  ['tlb.l1d', 'how far data accesses jump between pages, against the entries of the first-level data TLB', 'better locality or larger pages, in guest and host alike'],
  ['tlb.l1i', 'how far fetches jump between code pages; 0 if the trace has no fetches', 'denser code or larger pages for code'],
  ['tlb.stlb', 'working set larger than the first-level TLB; misses: larger than the second level too', 'larger pages in guest and host alike, a smaller working set, a preset with a larger STLB'],
  ['tlb.fill', 'a finished walk enters its translation; the entry covers the smaller of the guest leaf and the host leaf', 'if most fills are 4K although the guest uses 2M, give the host 2M leaves (--p2m-page-size 2m)'],
  ['tlb.flush', 'the guest drops translations (CR3 load, INVLPG, CR4.PGE), or the hypervisor does after changing tables', 'fewer context switches and unmaps; PCID where the mode allows it (--guest-features pcid=on)'],
  ['walk', 'TLB misses, stores that need write rights or a dirty bit, and retries after faults or exits', 'fewer TLB misses; see walk.rewalk and walk.retry for the rest'],
  ['walk.rewalk', 'first store to a page that was only read before, or whose entry is not dirty yet', 'none in general: once per page and TLB life; premapped guests (--guest premapped) have none'],
  ['walk.fault', 'the guest tables, the shadow or the p2m do not allow the access yet', 'fewer guest faults and exits: see guest.faults and vmexit'],
  ['walk.refs', 'walks, times the levels that walk caches could not skip; nested walks multiply the two dimensions', 'larger pages in either dimension, page-walk caches, fewer walks'],
  ['walk.refs.nested', 'every guest table and the data page are guest-physical addresses that the p2m must translate', 'larger host pages (--p2m-page-size 2m), a nested TLB, or shadow paging'],
  ['walk.refs.shadow', 'walks of the shadow tables, which always reach the 4 KiB level under the xen policy', 'fewer TLB misses'],
  ['walk.ad_updates', 'the hardware walker sets an accessed or dirty bit on first use of an entry', 'none in general; a guest that clears accessed bits often (page aging) raises it'],
  ['pwc', 'walks of pages that share upper-level entries with recent walks hit', 'misses: better locality, or a preset with larger walk caches; flushes empty them too'],
  ['ntlb', 'each gPA inside a two-dimensional walk is looked up here first', 'misses: larger host pages or a larger nested TLB (--set ntlb.entries=N)'],
  ['pte', 'walk references find the table entry in the data caches or go to memory', 'many from memory: the tables are larger than the caches; use larger pages'],
  ['vmexit', 'the guest did something that the hypervisor intercepts in this mode', 'see the reasons; --mode hap takes no exits for page faults, CR3 or INVLPG'],
  ['vmexit.pf', 'the shadow tables do not allow an access', 'fewer first touches, table edits and context switches; HAP takes none of these'],
  ['vmexit.pf.guest', 'the guest kernel maps memory lazily or shares it copy-on-write, so the first touch faults', 'prefault or premap memory; HAP delivers the fault without an exit'],
  ['vmexit.pf.fixup', 'first use of a page through the shadow, a bit A or D that is still clear, or an entry lost to INVLPG, resync or recycling', 'fewer distinct pages, larger prefetch runs (ascending access), a larger pool'],
  ['vmexit.pf.unsync', 'the guest kernel edits a page table that the hypervisor has write-protected', 'batch table edits between CR3 loads'],
  ['vmexit.pf.emulate', 'the guest kernel edits an upper-level table, or one that may not go out of sync', 'fewer address-space changes (fork, exec, large maps)'],
  ['vmexit.npf', 'a guest frame is used that the p2m does not map yet', '--p2m-populate eager, larger host pages'],
  ['vmexit.invlpg', 'unmaps and copy-on-write flush page by page up to the flush ceiling', 'full flushes instead of page by page, or HAP'],
  ['vmexit.pf.mmio', 'the trace touches an emulated device', 'paravirtual devices; fewer device accesses'],
  ['vmexit.cr3', 'context switches and full flushes of the guest', 'fewer context switches; HAP takes none'],
  ['vmexit.cr4', 'the guest flushes global translations by toggling CR4.PGE, or reads CR4', 'fewer global flushes; HAP on Intel takes none'],
  ['vmexit.cr0', 'the guest switches write protection or paging', 'rare after boot: check the events of the trace'],
  ['vmexit.invpcid', 'the guest flushes by process tag', 'HAP lets it run without an exit'],
  ['vmexit.ept_misconfig', 'p2m entries were marked for recalculation, for instance when dirty logging began', 'change the p2m less often'],
  ['vmexit.pml_full', 'the guest dirties pages while dirty logging is on', 'log less often; each exit stands for 512 dirtied pages'],
  ['vmexit.io', 'port I/O of the guest', 'paravirtual devices'],
  ['vmexit.cpuid', 'CPUID in the trace', 'cache its result in the guest'],
  ['vmexit.vmcall', 'hypercalls in the trace', 'batch hypercalls'],
  ['vmexit.mmio', 'the trace touches an emulated device', 'paravirtual devices; fewer device accesses'],
  ['guest.faults', 'the guest kernel maps lazily (--guest demand) or shares copy-on-write after fork', 'prefault, larger pages, or --guest premapped to leave start-up costs out'],
  ['guest.pt.writes', 'mapping, unmapping, protection changes, fork and page faults edit table entries', 'fewer and larger mappings; larger pages'],
  ['guest.cr3', 'context switches and, without PCID, flushes', 'fewer context switches'],
  ['guest.invlpg', 'unmaps and copy-on-write flush page by page up to the flush ceiling', 'larger unmaps flush once instead; fewer unmaps'],
  ['guest.flush', 'the guest toggles CR4.PGE (FLUSHALL in the trace)', 'fewer global flushes'],
  ['guest.frames', 'new pages are zeroed, copy-on-write pages are copied, 512 stores per frame', 'fewer first touches and copies'],
  ['shadow', 'the shadow code works to keep its tables equal to the guest tables', 'fewer guest table edits; HAP has no such work'],
  ['shadow.prefetch', 'a fix-up also fills neighbours whose guest entries have their A and D bits set', 'nothing to lower: each saves an exit if the page is used'],
  ['shadow.resync', 'a CR3 write, an evicted slot or a new upper entry brings tables back into sync', 'batch table edits between CR3 loads; fewer tables edited at a time'],
  ['shadow.wr', 'a frame becomes a guest table, so every writable mapping of it must be found', 'reuse table frames; tables that live long are searched once'],
  ['shadow.bf_entries', 'Xen keeps no reverse map: a search that guesses wrong reads every L1 shadow', 'fewer new guest tables'],
  ['shadow.prealloc', 'the pool is too small for the tables in use', 'a larger pool (--shadow-pool)'],
  ['shadow.unshadow', 'the guest frees or reuses page tables', 'fewer process exits and unmaps of large ranges'],
  ['shadow.alloc', 'each guest table used through the shadow needs a shadow page of its own', 'fewer address spaces, denser address spaces'],
  ['shadow.free', 'guest tables die, or the pool runs low', 'a larger pool (--shadow-pool), if shadow.prealloc1 is high too'],
  ['memory.guest', 'one table page per 2 MiB of mapped address space at the lowest level, and the levels above', 'larger guest pages, denser address spaces'],
  ['memory.ram', 'frames that the guest has; --ram auto doubles from 1 GiB when they run out', '--ram SIZE'],
  ['memory.p2m', 'one table page per 2 MiB of guest RAM at the lowest level, and the levels above', 'larger host pages (--p2m-page-size 2m), less guest RAM, --p2m-populate lazy'],
  ['memory.shadow', 'one shadow page per guest table in use, and one per 2 MiB of a guest superpage touched', 'fewer or denser address spaces; HAP has none'],
  ['memory.pool', 'the toolstack reserves it when the VM starts, from RAM size and vcpus', '--shadow-pool; less guest RAM or fewer vcpus'],
  ['cost', 'counts times the cycles of the cost table', 'lower the count behind it; other cycles with --cost FILE'],
];

/** The note of the longest family that `key` belongs to; `kernel.*` keys share those of the trace. */
export function metricNote(key: string): MetricNote | undefined {
  const bare = key.replace(/^kernel\./, '');
  let best: (typeof NOTES)[number] | undefined;
  for (const note of NOTES) {
    if (bare.startsWith(note[0]) && note[0].length > (best?.[0].length ?? -1)) best = note;
  }
  return best === undefined ? undefined : { cause: best[1], remedy: best[2] };
}
