/**
 * Workloads that touch present pages: nothing at all, touch, alias, prefetch-holes, large-pages, direct-map.
 */
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW, PTE_US } from '../../arch/pte.js';
import { ENTRIES, pagesOf, SIZE_2M } from '../../arch/paging.js';
import { coldData } from './frames.js';
import type { GuestKernel } from './kernel.js';
import type { FrameRange } from '../scenario.js';
import { BASE_PAGE, DATA, ELSEWHERE, RAM_FRAMES, USED_PAGE } from './layout.js';
import { type KvmParams, NEEDED_PAGES, needed, variants } from './params.js';
import { type KvmWorkload, workload } from './workload.js';

/** The A and D bits that the experiment sets beforehand. */
export function accessedDirty({ ad }: KvmParams): number {
  return ((ad & 1) !== 0 ? PTE_A : 0) | ((ad & 2) !== 0 ? PTE_D : 0);
}

const BASELINE = workload({
  name: 'baseline',
  summary: 'nothing, then a loop without memory accesses',
  run({ ops }) {
    ops.mark(null);
    ops.mark('empty');
    ops.mark('spin');
  },
});

const TOUCH = workload({
  name: 'touch',
  summary: 'touches n present pages, again, and after a CR3 reload',
  params: { n: NEEDED_PAGES },
  run(kernel) {
    const { ops, params } = kernel;
    kernel.build(PTE_P | PTE_RW | PTE_US | accessedDirty(params));
    kernel.reload();
    ops.mark(null);
    if (params.op === 2) readThenWrite(kernel);
    else {
      kernel.touchAll();
      ops.mark('first');
      kernel.touchAll();
      ops.mark('again');
    }
    kernel.reload();
    ops.mark('cr3reload');
    kernel.touchAll();
    ops.mark('afterreload');
  },
});

function readThenWrite(kernel: GuestKernel): void {
  kernel.readAll();
  kernel.ops.mark('read1');
  kernel.writeAll();
  kernel.ops.mark('write1');
  kernel.readAll();
  kernel.writeAll();
  kernel.ops.mark('again');
}

const ALIAS = workload({
  name: 'alias',
  summary: 'writes n frames through one mapping, then through a second one',
  params: { n: NEEDED_PAGES },
  run(kernel) {
    const { ops, params, frames, tables } = kernel;
    for (let i = 0; i < params.n; i++) {
      const frame = frames.data();
      tables.map(kernel.root, kernel.page(i), frame, USED_PAGE);
      tables.map(kernel.root, kernel.page(i) + ELSEWHERE, frame, USED_PAGE);
    }
    kernel.reload();
    ops.mark(null);
    kernel.writeAll();
    ops.mark('first');
    for (let i = 0; i < params.n; i++) kernel.ops.write(kernel.page(i) + ELSEWHERE);
    ops.mark('alias');
  },
});

/** Entries that the hypervisor considers together when it prefetches (PTE_PREFETCH_NUM). */
const GROUP = 8;

/** Flags of the hole, by `var`. */
const HOLES = [0, PTE_P | PTE_RW | PTE_US, PTE_P | PTE_US | PTE_A | PTE_D, PTE_P | PTE_RW | PTE_US | PTE_A];

const PREFETCH_HOLES = workload({
  name: 'prefetch-holes',
  summary: 'touches n pages of which one in each group of 8 has another kind of entry, then those',
  params: {
    n: NEEDED_PAGES,
    k: { range: [0, GROUP - 1], meaning: 'which entry of each group is the hole' },
    var: variants('not present', 'present, A=0', 'read-only', 'present, D=0'),
  },
  ownOrder: true,
  run(kernel) {
    const { ops, params, frames, tables } = kernel;
    const { n, k } = params;
    const isHole = (i: number): boolean => i % GROUP === k;
    for (let i = 0; i < n; i++) {
      const flags = isHole(i) ? (HOLES[params.var] ?? 0) : USED_PAGE;
      tables.map(kernel.root, kernel.page(i), frames.data(), flags);
    }
    kernel.reload();
    ops.mark(null);
    for (let step = 0; step < n; step++) {
      const i = params.order === 0 ? step : n - 1 - step;
      if (isHole(i)) continue;
      if (params.op === 0) kernel.ops.read(kernel.page(i));
      else kernel.ops.write(kernel.page(i));
    }
    ops.mark('others');
    if (params.var === 0) return;
    for (let i = k; i < n; i += GROUP) kernel.ops.read(kernel.page(i));
    ops.mark('holes');
  },
});

const LARGE = pagesOf(SIZE_2M);

/** Frames that large pages are made of. */
function largeFrames(params: KvmParams): FrameRange {
  const cold = coldData(params);
  return params.cold === 0 ? { start: DATA.start, end: cold.end } : cold;
}

const LARGE_PAGES = workload({
  name: 'large-pages',
  summary: 'touches n guest pages of 2 MiB, twice',
  params: {
    n: needed(1, Math.floor((RAM_FRAMES - DATA.start) / LARGE), 'pages of 2 MiB'),
    var: variants('one byte of each', 'one byte of every 4 KiB'),
  },
  need: () => ({ ownData: true }),
  objection(params) {
    const { start, end } = largeFrames(params);
    const most = Math.floor((end - start) / LARGE);
    return params.n <= most ? null : `n is ${params.n}; there is memory for ${most} large pages`;
  },
  run(kernel) {
    const { ops, params, tables } = kernel;
    const first = largeFrames(params).start;
    if (params.cold === 0) kernel.warm(first, params.n * LARGE);
    const flags = PTE_P | PTE_RW | PTE_US | PTE_PS | accessedDirty(params);
    for (let i = 0; i < params.n; i++) {
      tables.store(tables.makeEntry(kernel.root, BASE_PAGE + i * LARGE, 2), first + i * LARGE, flags);
    }
    kernel.reload();
    ops.mark(null);
    for (const phase of ['first', 'again']) {
      touchLarge(kernel);
      ops.mark(phase);
    }
  },
});

function touchLarge(kernel: GuestKernel): void {
  const { n, op, var: variant } = kernel.params;
  const step = variant === 0 ? LARGE : LARGE / ENTRIES;
  for (let page = BASE_PAGE; page < BASE_PAGE + n * LARGE; page += step) {
    if (op === 0) kernel.ops.read(page);
    else kernel.ops.write(page);
  }
}

const DIRECT_MAP = workload({
  name: 'direct-map',
  summary:
    'writes n frames through the identity window, twice; cold=1: also those that nothing touched are cold',
  params: { n: NEEDED_PAGES },
  objection(params) {
    const { start, end } = coldData(params);
    if ((params.n - 1) * params.stride < end - start) return null;
    return `n=${params.n} with stride=${params.stride} reaches beyond the ${end - start} cold frames`;
  },
  run({ ops, params }) {
    const { n, stride } = params;
    const { start } = coldData(params);
    ops.mark(null);
    for (const [value, phase] of ['first', 'again'].entries()) {
      for (let i = 0; i < n; i++) ops.storeData(start + i * stride, 0, 0, value + 1);
      ops.mark(phase);
    }
  },
});

export const TOUCHING: readonly KvmWorkload[] = [
  BASELINE,
  TOUCH,
  ALIAS,
  PREFETCH_HOLES,
  LARGE_PAGES,
  DIRECT_MAP,
];
