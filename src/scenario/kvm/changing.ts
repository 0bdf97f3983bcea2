/**
 * Workloads that change the entries of pages in use: remap, unmap, wprotect-cow, invlpg, page-ageing,
 * permission-upgrade, resync-rounds.
 */
import { decodePte, PTE_A, PTE_D, PTE_RW } from '../../arch/pte.js';
import { ENTRIES } from '../../arch/paging.js';
import type { GuestKernel } from './kernel.js';
import { USED_PAGE } from './layout.js';
import { NEEDED_PAGES, onOff, variants } from './params.js';
import { type KvmWorkload, unmappedObjection, workload } from './workload.js';

const RELOAD_FIRST = onOff('1: a CR3 reload between first use and change');
const FLUSHES = variants(
  'INVLPG after each change',
  'all changes, then a CR3 reload',
  'all changes, then all INVLPGs',
);

/** Maps all pages and uses them. */
function buildInUse(kernel: GuestKernel): void {
  kernel.build(USED_PAGE);
  kernel.reload();
  kernel.writeAll();
}

function reloadIfAsked(kernel: GuestKernel): void {
  if (kernel.params.k !== 0) kernel.reload();
}

function reloadPhase(kernel: GuestKernel): void {
  kernel.reload();
  kernel.ops.mark('cr3reload');
}

/** Changes every entry through `change`, and flushes as `var` says; a phase for each step. */
function changeAndFlush(kernel: GuestKernel, change: (page: number, i: number) => void): void {
  const { ops, params } = kernel;
  for (let step = 0; step < params.n; step++) {
    const i = kernel.nth(step);
    change(kernel.page(i), i);
    if (params.var === 0) ops.invlpg(kernel.page(i));
  }
  ops.mark(params.var === 0 ? 'ptewrite+invlpg' : 'ptewrites');
  if (params.var === 1) reloadPhase(kernel);
  if (params.var === 2) invlpgPhase(kernel);
}

function invlpgPhase(kernel: GuestKernel): void {
  kernel.eachPage((page) => kernel.ops.invlpg(page));
  kernel.ops.mark('invlpgs');
}

function changeAllFlags(kernel: GuestKernel, change: (flags: number) => number): void {
  kernel.eachPage((page) => kernel.tables.changeFlags(kernel.tables.leaf(kernel.root, page), change));
}

function writePhases(kernel: GuestKernel, first: string, second: string): void {
  kernel.writeAll();
  kernel.ops.mark(first);
  kernel.writeAll();
  kernel.ops.mark(second);
}

/** What the guest leaves in the new frames, to see afterwards that it got them. */
const STAMP = 0x1000000;

const REMAP = workload({
  name: 'remap',
  summary: 'gives n pages in use other frames, then writes them',
  params: { n: NEEDED_PAGES, k: RELOAD_FIRST, var: FLUSHES },
  need: () => ({ dataPerPage: 2 }),
  run(kernel) {
    const { ops, params, tables } = kernel;
    buildInUse(kernel);
    kernel.writeAll();
    reloadIfAsked(kernel);
    const other = kernel.frames.dataRun(params.n);
    for (let i = 0; i < params.n; i++) {
      const { frame, flags } = decodePte(0, STAMP + i);
      ops.storeData(other + i, 1, frame, flags);
    }
    ops.mark(null);
    changeAndFlush(kernel, (page, i) => tables.store(tables.leaf(kernel.root, page), other + i, USED_PAGE));
    writePhases(kernel, 'retouch', 'again');
    for (let i = 0; i < params.n; i++) ops.read(kernel.page(i));
  },
});

const UNMAP = workload({
  name: 'unmap',
  summary: 'unmaps n pages in use, then writes them: each is demand-faulted',
  params: { n: NEEDED_PAGES, k: RELOAD_FIRST, var: FLUSHES },
  need: () => ({ dataPerPage: 2 }),
  run(kernel) {
    const { ops, tables } = kernel;
    buildInUse(kernel);
    reloadIfAsked(kernel);
    kernel.demand(USED_PAGE);
    ops.mark(null);
    changeAndFlush(kernel, (page) => tables.store(tables.leaf(kernel.root, page), 0, 0));
    writePhases(kernel, 'redemand', 'again');
  },
});

const WPROTECT_COW = workload({
  name: 'wprotect-cow',
  summary: 'write-protects n pages in use, reads them, then writes them: each is copied',
  params: {
    n: NEEDED_PAGES,
    k: RELOAD_FIRST,
    var: variants('entry cleared, INVLPG, entry set', 'entry set, INVLPG', 'no copy: made writable, INVLPG'),
  },
  need: () => ({ dataPerPage: 2 }),
  run(kernel) {
    const { ops, params } = kernel;
    buildInUse(kernel);
    reloadIfAsked(kernel);
    kernel.faults.policy =
      params.var === 2 ? { kind: 'reopen' } : { kind: 'copy', clearFirst: params.var === 0 };
    ops.mark(null);
    changeAllFlags(kernel, (flags) => flags & ~PTE_RW);
    ops.mark('wprotect');
    reloadPhase(kernel);
    kernel.readAll();
    ops.mark('reads');
    writePhases(kernel, 'cow', 'again');
  },
});

const INVLPG = workload({
  name: 'invlpg',
  summary: 'INVLPG on n pages whose entries did not change',
  params: {
    n: NEEDED_PAGES,
    var: variants('pages in use', 'pages not present', 'pages present, never used'),
  },
  run(kernel) {
    const { ops, params, tables } = kernel;
    if (params.var !== 1) kernel.build(USED_PAGE);
    else for (let i = 0; i < params.n; i++) tables.makeEntry(kernel.root, kernel.page(i), 1);
    kernel.reload();
    if (params.var === 0) kernel.writeAll();
    ops.mark(null);
    invlpgPhase(kernel);
    if (params.var === 1) return;
    kernel.writeAll();
    ops.mark('retouch');
  },
});

/** Bits that ageing clears, by `var`. */
const AGED = [PTE_A, PTE_D, PTE_A | PTE_D];

const PAGE_AGEING = workload({
  name: 'page-ageing',
  summary: 'clears A or D of n pages in use, reloads CR3, touches them',
  params: { n: NEEDED_PAGES, var: variants('clears A', 'clears D', 'clears both') },
  run(kernel) {
    const { ops, params } = kernel;
    buildInUse(kernel);
    const cleared = AGED[params.var] ?? 0;
    ops.mark(null);
    changeAllFlags(kernel, (flags) => flags & ~cleared);
    ops.mark('ptewrites');
    reloadPhase(kernel);
    kernel.touchAll();
    ops.mark('retouch');
    kernel.touchAll();
    ops.mark('again');
  },
});

const PERMISSION_UPGRADE = workload({
  name: 'permission-upgrade',
  summary: 'makes n read-only pages in use writable without a flush, then writes them',
  params: { n: NEEDED_PAGES },
  run(kernel) {
    const { ops } = kernel;
    kernel.build(USED_PAGE & ~PTE_RW);
    kernel.reload();
    kernel.readAll();
    ops.mark(null);
    changeAllFlags(kernel, (flags) => flags | PTE_RW);
    ops.mark('ptewrites');
    writePhases(kernel, 'writes', 'again');
  },
});

/** The entry of each leaf table that the rounds change. */
const ROUND_ENTRY = 7;

const RESYNC_ROUNDS = workload({
  name: 'resync-rounds',
  summary: 'k rounds: one entry of each leaf table changed, CR3 reload, its page written',
  params: {
    n: NEEDED_PAGES,
    k: { fallback: null, meaning: 'rounds' },
    var: variants('all of it', 'pages not written', 'no reload'),
  },
  objection({ n, stride }) {
    const lastRow = n - 1 - ((n - 1) % ENTRIES);
    return unmappedObjection(lastRow + ROUND_ENTRY, n, stride);
  },
  run(kernel) {
    const { ops, params, frames, tables } = kernel;
    buildInUse(kernel);
    kernel.reload();
    const two = [frames.data(), frames.data()] as const;
    kernel.warm(two[0], two.length);
    const pages: number[] = [];
    for (let i = 0; i < params.n; i += ENTRIES) pages.push(kernel.page(i + ROUND_ENTRY));
    ops.mark(null);
    for (let round = 0; round < params.k; round++) {
      const frame = round % 2 === 0 ? two[0] : two[1];
      for (const page of pages) tables.store(tables.leaf(kernel.root, page), frame, USED_PAGE);
      if (params.var !== 2) kernel.reload();
      if (params.var !== 1) for (const page of pages) kernel.ops.write(page);
    }
    ops.mark('rounds');
  },
});

export const CHANGING: readonly KvmWorkload[] = [
  REMAP,
  UNMAP,
  WPROTECT_COW,
  INVLPG,
  PAGE_AGEING,
  PERMISSION_UPGRADE,
  RESYNC_ROUNDS,
];
