/** What stands over the columns of experiments (`sweep --experiment`), and what it means: `explain` answers to it. */
import type { RowMeaning } from './row-labels.js';

const says = (text: string, ...keys: readonly string[]): RowMeaning => ({ text, keys });

const AGAINST = 'estimated cycles by those of the same mode';

// prettier-ignore
export const EXPERIMENT_LABELS: Readonly<Record<string, RowMeaning>> = {
  // Over groups of columns.
  'STLB misses/1000': says('look-ups that missed every TLB level, by thousand accesses of the trace', 'tlb.stlb.miss'),
  'cycles/1000': says('estimated cycles of translation by thousand accesses of the trace, exits and what the hypervisor does in them included', 'cost.cycles'),
  'references/walk': says('walk references by page walks: what walk caches and the nested TLB leave of up to 4 native, 24 under HAP', 'walk.refs', 'walk.count'),
  'of which exits': says('the part of cycles/1000 that exits cost and what the hypervisor does in them, at the price of the row', 'cost.exit.cycles', 'cost.hypervisor.cycles'),
  'VMEXITs of shadow': says('exits to the hypervisor under shadow paging', 'vmexit.total'),
  'tables': says('guest tables that are out of sync under shadow paging: how often one was made to go for another, or brought up to date', 'shadow.unsync_evict', 'shadow.resync'),
  'CR3': says('what the guest loaded into CR3, the same in every mode', 'guest.cr3'),
  'vs hap': says('estimated cycles by those of hap in the same row: 1.50x is half as many again', 'cost.cycles'),
  'vs none': says(`${AGAINST} without walk caches, the first row`, 'cost.cycles'),
  'vs 4k/4k': says(`${AGAINST} with 4 KiB leaves in guest and host, the first row`, 'cost.cycles'),
  'vs 0 slots': says(`${AGAINST} with no table out of sync, the first row`, 'cost.cycles'),
  'vs 1 page': says(`${AGAINST} where a fault maps one page, the first row`, 'cost.cycles'),
  'vs 4/4': says(`${AGAINST} with 4 levels in guest and host and the same walk caches`, 'cost.cycles'),
  // Over single columns, below their group.
  'all': says('every one of what the head above names'),
  'emulated': says('exits for table stores that the hypervisor carried out for the guest', 'vmexit.pf.emulate'),
  'evicted': says('tables that were brought up to date because another took their slot', 'shadow.unsync_evict'),
  'resynced': says('tables that were brought up to date, for whatever reason', 'shadow.resync'),
  'loads': says('loads of CR3', 'guest.cr3'),
  // At the head of the rows.
  'guest/host': says('page size of guest leaves and of host leaves; in the experiment levels, levels of guest tables and of host tables'),
  'guest/host, walk caches': says('levels of guest tables and of host tables, and whether there are walk caches: those of the preset, or none'),
  'slots': says('tables that may be out of sync at a time, per vcpu: key shadow.oosSlots'),
  'accesses/switch': says('accesses between two context switches: key guest.switchEvery'),
  'price of exits': says('factor on what an exit and its handling cost in the cost table; counts do not change'),
};
