/**
 * What the reports of a run and of a comparison print beside and above their numbers, and what stands behind it.
 *
 * Reports take their words from here (`labelled`, `labelledSection`: a label that is not in the table does not compile), and
 * `explain` looks them up here, so that it answers to all that is on the screen. Names of VMEXITs and terms of the cost table
 * are in their own tables.
 */
import { EXPERIMENT_LABELS } from './experiment-labels.js';
import { row, section, type Section, type SectionRow } from './section.js';

/** Metrics that the number is, and words where it is not one of them as it stands. */
export interface RowMeaning {
  readonly text: string | null;
  readonly keys: readonly string[];
}

const is = (...keys: readonly string[]): RowMeaning => ({ text: null, keys });
const says = (text: string, ...keys: readonly string[]): RowMeaning => ({ text, keys });

const LEVEL_HITS = 'walks whose deepest hit in the walk caches above it was an entry of this level';

// prettier-ignore
const ROWS = {
  // The accesses of the trace.
  'Translation': says('where the page accesses of the trace were translated', 'accesses', 'tlb.stlb.miss', 'walk.count'),
  'L1 TLB hits': is('tlb.l1d.hit', 'tlb.l1i.hit'),
  'L1 DTLB hits': is('tlb.l1d.hit'),
  'L1 ITLB hits': is('tlb.l1i.hit'),
  'STLB hits': is('tlb.stlb.hit'),
  '4K pages': says('of the hits above, those in entries that cover 4 KiB', 'tlb.l1d.hit.4k', 'tlb.l1i.hit.4k', 'tlb.stlb.hit.4k'),
  '2M pages': says('of the hits above, those in entries that cover 2 MiB', 'tlb.l1d.hit.2m', 'tlb.l1i.hit.2m', 'tlb.stlb.hit.2m'),
  '1G pages': says('of the hits above, those in entries that cover 1 GiB', 'tlb.l1d.hit.1g', 'tlb.l1i.hit.1g', 'tlb.stlb.hit.1g'),
  'TLB misses': is('tlb.stlb.miss'),
  'page accesses': is('accesses'),
  'page crossings': is('accesses.crossing'),
  'page walks': says('walks of the hardware walker: for the trace, or for the guest kernel where the row stands below its accesses; among the cycles, what the walks of both cost', 'walk.count', 'kernel.walk.count', 'cost.walk.cycles'),
  'after TLB misses': is('tlb.stlb.miss'),
  'rights or dirty bit': is('walk.rewalk'),
  'retries': is('walk.retry'),
  // Their walks.
  'Walk references': says('reads of table entries by the page walks of the trace: by table, then by the data cache that served them', 'walk.refs', 'pte.l1', 'pte.mem'),
  'walk references': is('walk.refs', 'kernel.walk.refs'),
  'walk refs': is('walk.refs'),
  'per walk': says('walk references by page walks: what walk caches and the nested TLB leave of up to 4 native, 24 under HAP', 'walk.refs', 'walk.count', 'walk.refs.ratio'),
  '/walk': says('the count by the page walks of the trace', 'walk.count'),
  'page tables': is('walk.refs.guest'),
  'guest tables': is('walk.refs.guest'),
  'nested (EPT/NPT)': is('walk.refs.nested'),
  'shadow tables': is('walk.refs.shadow'),
  'from L1 cache': is('pte.l1'),
  'from L2 cache': is('pte.l2'),
  'from LLC': is('pte.llc'),
  'from memory': is('pte.mem'),
  'charged flat': is('pte.flat'),
  'Walk caches': says('page walks by what the page-walk caches gave them, and look-ups of the nested TLB that hit', 'pwc.guest.l2.hit', 'pwc.guest.miss', 'ntlb.hit'),
  'page-walk cache hits': says('walks that skipped upper levels, of the guest dimension: the sum over levels', 'pwc.guest.l2.hit', 'pwc.guest.l3.hit', 'pwc.guest.l4.hit', 'pwc.guest.l5.hit'),
  'of the host dimension': says('host walks inside two-dimensional walks that skipped upper levels of the p2m: the sum over levels; not part of the row above', 'pwc.nested.l2.hit', 'pwc.nested.l3.hit', 'pwc.nested.l4.hit', 'pwc.nested.l5.hit'),
  'PWC hits': says('walks that skipped upper levels: the sum over levels', 'pwc.guest.l2.hit', 'pwc.guest.l3.hit', 'pwc.guest.l4.hit', 'pwc.guest.l5.hit'),
  'guest PWC hits': says('walks that skipped upper levels of the guest tables: the sum over levels', 'pwc.guest.l2.hit', 'pwc.guest.l3.hit', 'pwc.guest.l4.hit', 'pwc.guest.l5.hit'),
  'host PWC hits': says('host walks inside two-dimensional walks that skipped upper levels of the p2m: the sum over levels', 'pwc.nested.l2.hit', 'pwc.nested.l3.hit', 'pwc.nested.l4.hit', 'pwc.nested.l5.hit'),
  'L5 (PML5E)': says(LEVEL_HITS, 'pwc.guest.l5.hit', 'pwc.nested.l5.hit'),
  'L4 (PML4E)': says(LEVEL_HITS, 'pwc.guest.l4.hit', 'pwc.nested.l4.hit'),
  'L3 (PDPTE)': says(LEVEL_HITS, 'pwc.guest.l3.hit', 'pwc.nested.l3.hit'),
  'L2 (PDE)': says(LEVEL_HITS, 'pwc.guest.l2.hit', 'pwc.nested.l2.hit'),
  'misses': says('walks that found nothing in the walk caches above it and began at the root', 'pwc.guest.miss', 'pwc.nested.miss'),
  'nested TLB hits': is('ntlb.hit'),
  // The guest.
  'Guest': says('what the guest did, the same in every mode; its kernel accesses are translated as the trace is', 'guest.faults', 'kernel.accesses'),
  'page faults': is('guest.faults'),
  'guest page faults': is('guest.faults'),
  'guest faults': is('guest.faults'),
  'demand': is('guest.faults.demand'),
  'copy on write': is('guest.faults.cow'),
  'file': is('guest.faults.file'),
  'forbidden': is('guest.faults.bad'),
  'table entry stores': is('guest.pt.writes'),
  'CR3 loads': is('guest.cr3'),
  'INVLPG': is('guest.invlpg'),
  'full TLB flushes': is('guest.flush.full'),
  'frames zeroed': is('guest.frames.zeroed'),
  'frames copied': is('guest.frames.copied'),
  'kernel accesses': is('kernel.accesses'),
  "guest kernel's own accesses": is('kernel.accesses'),
  // Memory.
  'Memory': says('pages of tables at the end of the trace and, where it is kept, at the most', 'memory.guest.pages', 'memory.p2m.pages', 'memory.shadow.pages'),
  'guest page tables': is('memory.guest.pages'),
  'table memory, guest': says("the guest's own page tables, all levels and address spaces, at the end of the trace", 'memory.guest.pages'),
  'table memory, hypervisor': says('p2m and shadow tables at the end of the trace: the two rows below', 'memory.p2m.pages', 'memory.shadow.pages'),
  'p2m': is('memory.p2m.pages'),
  'p2m (EPT/NPT)': is('memory.p2m.pages'),
  'shadow': is('memory.shadow.pages'),
  'L4': is('memory.shadow.l4.pages'),
  'L3': is('memory.shadow.l3.pages'),
  'L2': is('memory.shadow.l2.pages'),
  'L1': is('memory.shadow.l1.pages'),
  'superpages (fl1)': is('memory.shadow.fl1.pages'),
  'snapshots, monitors': is('memory.shadow.other.pages'),
  'pool, reserved': is('memory.pool.pages'),
  'pool reserved': is('memory.pool.pages'),
  'free': is('memory.pool.free.pages'),
  'monitor tables': says('pool pages that hold the table a vcpu runs on while it is in the hypervisor, one a vcpu (hap_make_monitor_table of Xen): what is neither p2m nor free', 'memory.pool.pages', 'memory.p2m.pages', 'memory.pool.free.pages'),
  'guest RAM': is('memory.ram.pages'),
  'peak': says('the most pages that were in use at a time; beside shadow pages, of those', 'memory.guest.pages.peak', 'memory.p2m.pages.peak', 'memory.shadow.pages.peak'),
  // VMEXITs.
  'VMEXITs': says('exits to the hypervisor, all reasons; among the cycles, what they cost with their handlers', 'vmexit.total', 'cost.exit.cycles'),
  'Intel / AMD name': says('exit reason of the Intel SDM with its number, exit code of the AMD APM; for kinds of page fault the counter of Xen or the class of KVM'),
  '(none)': says('nothing left the guest', 'vmexit.total'),
  // Cost.
  'Estimated cost': says('counts times the cycles of the cost table, the guest kernel\'s accesses included: an estimate, never a measurement', 'cost.cycles'),
  'estimated cycles': is('cost.cycles'),
  'second-level TLB hits': is('cost.tlb.cycles'),
  'other hypervisor work': is('cost.hypervisor.cycles'),
  'assumed figures halved': is('cost.low.cycles'),
  'assumed figures doubled': is('cost.high.cycles'),
  'per record': says('estimated cycles by the records of the trace', 'cost.cycles', 'cost.cycles.ratio'),
  'vs native': says('estimated cycles by those of native: 1.50x is half as many again', 'cost.cycles'),
  'each': says('cycles of one such event, from the cost table; `p2msim explain cost` has the source of each'),
  'cycles': says('count times each', 'cost.cycles'),
  '/record': says('cycles by the records of the trace', 'cost.cycles.ratio'),
  // Slices, and heads of columns that several tables have.
  'Intervals from': says('slices of --interval: the record that each begins with', 'accesses'),
  'records': says('accesses as the trace has them, one a record; one that crosses a page border is two page accesses'),
  'miss share': says('TLB misses by page accesses of the slice', 'tlb.stlb.miss', 'accesses'),
  'total': says('the sum of the rows above it'),
  'count': says('how often it happened'),
  'share': says('part of the whole that the table counts: page accesses, look-ups, VMEXITs or cycles'),
  '/1K rec.': says('the count by thousand records of the trace'),
  'pages': says('pages of 4 KiB at the end of the trace; in the experiment fault-around, what a read fault of a file maps at the most'),
  'size': says('the pages in bytes'),
} as const satisfies Readonly<Record<string, RowMeaning>>;

/** What a report of a run may print beside or above a number. */
export type RowLabel = keyof typeof ROWS;

export const ROW_LABELS: ReadonlyMap<string, RowMeaning> = new Map<string, RowMeaning>([
  ...Object.entries(ROWS),
  ...Object.entries(EXPERIMENT_LABELS),
]);

/** A row that `explain` knows. */
export function labelled(depth: number, label: RowLabel, ...cells: readonly string[]): SectionRow {
  return row(depth, label, ...cells);
}

/** A section of numbers whose title and heads `explain` knows. */
export function labelledSection(
  title: RowLabel,
  heads: readonly RowLabel[],
  rows: readonly SectionRow[],
): Section {
  return section(title, heads, rows);
}
