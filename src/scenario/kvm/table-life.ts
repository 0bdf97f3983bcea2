/**
 * Workloads about table pages that come and go: demand, hypervisor-zap, pd-link, recycle-tables.
 */
import { decodePte, PTE_P, PTE_RW, PTE_US } from '../../arch/pte.js';
import { ENTRIES } from '../../arch/paging.js';
import type { GuestKernel } from './kernel.js';
import { BASE_PAGE, ELSEWHERE, TABLE_ENTRY, USED_PAGE } from './layout.js';
import { NEEDED_PAGES, needed, variants } from './params.js';
import { accessedDirty } from './touching.js';
import { type KvmWorkload, workload } from './workload.js';

const DEMAND = workload({
  name: 'demand',
  summary: 'touches n absent pages: the guest maps each in its fault handler',
  params: {
    n: NEEDED_PAGES,
    var: variants(
      'no tables',
      'tables linked and empty',
      'tables linked, last entry of each leaf table in use',
    ),
  },
  objection: ({ fa }) =>
    (fa & (fa - 1)) === 0 ? null : `fa is ${fa}; the fault handler fills a power of two of entries`,
  run(kernel) {
    const { ops, params } = kernel;
    const { fa, n } = params;
    if (params.cold !== 0) kernel.frames.useColdData();
    const flags = PTE_P | PTE_RW | PTE_US | accessedDirty(params);
    kernel.demand(flags, { around: fa, low: BASE_PAGE, high: kernel.page(n) });
    if (params.var >= 1) linkTables(kernel);
    if (params.var === 2) useLastEntries(kernel);
    kernel.reload();
    ops.mark(null);
    kernel.touchAll();
    ops.mark('demand');
    kernel.touchAll();
    ops.mark('again');
  },
});

function linkTables(kernel: GuestKernel): void {
  for (let i = 0; i < kernel.params.n; i++) kernel.tables.makeEntry(kernel.root, kernel.page(i), 1);
}

/** Maps and writes the last page of every leaf table's region. */
function useLastEntries(kernel: GuestKernel): void {
  const last: number[] = [];
  for (let page = BASE_PAGE; page < kernel.page(kernel.params.n); page += ENTRIES)
    last.push(page + ENTRIES - 1);
  for (const page of last) kernel.tables.map(kernel.root, page, kernel.frames.data(), USED_PAGE);
  kernel.reload();
  for (const page of last) kernel.ops.write(page);
}

const HYPERVISOR_ZAP = workload({
  name: 'hypervisor-zap',
  summary: 'the hypervisor drops its translations of n pages in use, then they are written',
  params: { n: NEEDED_PAGES },
  run(kernel) {
    const { ops } = kernel;
    kernel.build(USED_PAGE);
    kernel.reload();
    kernel.writeAll();
    ops.mark('before');
    ops.dropTranslations();
    kernel.own.fetch();
    ops.mark('zap');
    kernel.writeAll();
    ops.mark('first');
    kernel.writeAll();
    ops.mark('again');
  },
});

/** Leaf tables that fit under one page directory besides the one in use. */
const LINKED = ENTRIES - 1;

const PD_LINK = workload({
  name: 'pd-link',
  summary: 'links n leaf tables into a page directory in use, then unlinks them',
  params: {
    n: needed(1, LINKED, `leaf tables: at most ${LINKED}, one page directory`),
    var: variants(
      'all linked, then a page of each written',
      'each written as soon as it is linked',
      'an old page written after each link',
    ),
  },
  need: ({ n }) => ({ tables: n }),
  run(kernel) {
    const { ops, params, frames, tables } = kernel;
    tables.map(kernel.root, BASE_PAGE, frames.data(), USED_PAGE);
    const regions: { page: number; table: number }[] = [];
    for (let i = 1; i <= params.n; i++) {
      const region = { page: BASE_PAGE + i * ENTRIES, table: frames.table() };
      regions.push(region);
      ops.storeEntry(region.table, 0, frames.data(), USED_PAGE, 1, region.page);
    }
    kernel.reload();
    kernel.ops.write(BASE_PAGE);
    ops.mark(null);
    for (const { page, table } of regions) {
      tables.store(tables.entry(kernel.root, page, 2), table, TABLE_ENTRY);
      if (params.var === 1) kernel.ops.write(page);
      if (params.var === 2) kernel.ops.write(BASE_PAGE);
    }
    ops.mark('link');
    if (params.var !== 1) {
      for (const { page } of regions) kernel.ops.write(page);
      ops.mark('touch');
    }
    unlink(kernel, regions);
  },
});

function unlink(kernel: GuestKernel, regions: readonly { page: number }[]): void {
  const { ops, tables } = kernel;
  kernel.ops.write(BASE_PAGE);
  ops.mark('old');
  for (const { page } of regions) tables.store(tables.entry(kernel.root, page, 2), 0, 0);
  ops.mark('unlink');
  kernel.reload();
  ops.mark('cr3reload');
  kernel.ops.write(BASE_PAGE);
  ops.mark('old-again');
}

const RECYCLE_TABLES = workload({
  name: 'recycle-tables',
  summary: 'clears the tables of a space that is gone and reuses them as data',
  params: {
    n: NEEDED_PAGES,
    var: variants(
      '512 zeros in each, leaf tables first',
      'the same, root first',
      'one zero in each, leaf tables first',
    ),
  },
  run(kernel) {
    const { ops, params } = kernel;
    const dead = deadTables(kernel);
    kernel.reload();
    ops.mark(null);
    for (const phase of ['clear', 'clear-again']) {
      for (const table of dead) {
        if (params.var === 2) ops.storeData(table, ENTRIES / 2, 0, 0);
        else ops.zeroFrame(table);
      }
      ops.mark(phase);
    }
    for (const table of dead) storeCounts(kernel, table);
    ops.mark('reuse512');
    for (let i = 0; i < dead.length; i++) kernel.ops.write(BASE_PAGE + ELSEWHERE + i);
    ops.mark('asdata');
    kernel.load(kernel.root);
    ops.mark('cr3reload');
    for (const table of dead) ops.storeData(table, 0, 0, PTE_P);
    ops.mark('reuse-after-reload');
  },
});

/** Stores 0, 1, 2, ... as the 512 words of the frame. */
function storeCounts({ ops }: GuestKernel, gfn: number): void {
  for (let word = 0; word < ENTRIES; word++) {
    const { frame, flags } = decodePte(0, word);
    ops.storeData(gfn, word, frame, flags);
  }
}

/** Makes a second space, uses its n pages, goes back; its tables, mapped as data pages in the first space. */
function deadTables(kernel: GuestKernel): readonly number[] {
  const { params, frames, tables } = kernel;
  const first = kernel.root;
  const lowest = frames.nextTable;
  const second = tables.newRoot();
  for (let i = 0; i < params.n; i++) tables.map(second, kernel.page(i), frames.data(), USED_PAGE);
  const dead = Array.from({ length: frames.nextTable - lowest }, (_, i) => lowest + i);
  kernel.load(second);
  kernel.writeAll();
  kernel.load(first);
  if (params.var !== 1) dead.reverse();
  for (const [i, table] of dead.entries()) {
    tables.map(first, BASE_PAGE + ELSEWHERE + i, table, USED_PAGE);
  }
  return dead;
}

export const TABLE_LIFE: readonly KvmWorkload[] = [DEMAND, HYPERVISOR_ZAP, PD_LINK, RECYCLE_TABLES];
