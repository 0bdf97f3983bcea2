/**
 * Workloads about address spaces: CR3 reloads, switches, fork and exit.
 */
import { ENTRIES } from '../../arch/paging.js';
import { PTE_RW } from '../../arch/pte.js';
import type { ScenarioParams } from '../scenario.js';
import type { XenGuestKernel } from './guest-kernel.js';
import { DATA1, DATA2, LEAF_USED, REGION, SPAN } from './layout.js';
import { choice, count, int, measured, repeatOverPages, times, type XenWorkload } from './workload.js';

const cr3Reload: XenWorkload = {
  name: 'cr3_reload',
  summary: 'CR3 is reloaded n times with the same value, w pages in use are written after each',
  params: [count('n', 64, [0, 100_000], 'reloads'), count('w', 1, [0, 8192], 'pages in use')],
  run: (kernel, params) => repeatOverPages(kernel, params, (root) => kernel.reload(root)),
};

/** Pages of different spaces are this many frames apart. */
const SPACE_FRAMES = 64;

const contextSwitch: XenWorkload = {
  name: 'context_switch',
  summary: 'k switches round robin over some spaces; in each, w pages are written, then entries rewritten',
  params: [
    count('spaces', 2, [1, 16], 'address spaces'),
    count('w', 16, [1, 8192], 'pages of each'),
    count('k', 64, [0, 100_000], 'switches'),
    choice('state', ['warm', 'cold'], 'warm: each space was entered before; cold: only the last'),
    count('ptewrites', 0, [0, 8192], 'entries rewritten (same value) after each switch'),
  ],
  refuse(params) {
    const [w, writes] = [int(params, 'w'), int(params, 'ptewrites')];
    return writes <= w ? null : `ptewrites is ${writes}, expected at most w (${w})`;
  },
  run(kernel, params) {
    const [n, w] = [int(params, 'spaces'), int(params, 'w')];
    kernel.begin();
    const roots = Array.from({ length: n }, (_, s) => {
      const root = kernel.newSpace();
      kernel.mapRange(root, REGION, DATA1 + s * SPACE_FRAMES, w, LEAF_USED);
      return root;
    });
    const touch = (): void => times(w, (i) => kernel.ops.write(REGION + i));
    if (params['state'] === 'cold') kernel.enter(roots[n - 1]!);
    else {
      for (const root of roots) {
        kernel.enter(root);
        touch();
      }
    }
    measured(kernel, () =>
      times(int(params, 'k'), (i) => {
        const root = roots[i % n]!;
        kernel.use(root);
        touch();
        times(int(params, 'ptewrites'), (j) => {
          const at = kernel.entry(root, REGION + j, 1);
          const { frame, flags } = kernel.load(at);
          kernel.store(at, frame, flags, 1, REGION + j);
        });
      }),
    );
    kernel.finish();
  },
};

/** fork: the parent's pages become read-only and are shared (Linux copy_page_range). Returns the child. */
function fork(kernel: XenGuestKernel, parent: number, pages: number): number {
  const child = kernel.newChild();
  times(pages, (i) => {
    const page = REGION + i;
    const at = kernel.entry(parent, page, 1);
    const { frame, flags } = kernel.load(at);
    if ((flags & PTE_RW) !== 0) kernel.store(at, frame, flags & ~PTE_RW, 1, page);
    kernel.store(kernel.entryMade(child, page, 1, 'recycled'), frame, flags & ~PTE_RW, 1, page);
  });
  kernel.reload(parent);
  return child;
}

/** exit: entries are cleared and flushed, then the tables, from the bottom up (exit_mmap: zap, free_pgtables). */
function exit(kernel: XenGuestKernel, child: number, pages: number): void {
  times(pages, (i) => kernel.store(kernel.entry(child, REGION + i, 1), 0, 0, 1, REGION + i));
  kernel.reload(child);
  const top = child * ENTRIES + 1;
  const l3 = kernel.load(top).frame;
  const l2 = kernel.load(l3 * ENTRIES).frame;
  times(Math.ceil(pages / ENTRIES), (i) => {
    const l1 = kernel.load(l2 * ENTRIES + i).frame;
    kernel.store(l2 * ENTRIES + i, 0, 0, 2, REGION + i * SPAN[2]);
    kernel.freeTable(l1);
  });
  kernel.store(l3 * ENTRIES, 0, 0, 3, REGION);
  kernel.freeTable(l2);
  kernel.store(top, 0, 0, 4, REGION);
  kernel.freeTable(l3);
  kernel.reload(child);
}

/** One life of a child: fork, it reads all and writes some pages, exit; the parent writes those pages. */
function lifeOfChild(kernel: XenGuestKernel, parent: number, params: ScenarioParams): void {
  const [pages, cow] = [int(params, 'pages'), int(params, 'cow')];
  const writeSome = (): void => times(cow, (i) => kernel.ops.write(REGION + i));
  kernel.dataFrom(DATA2);
  const child = fork(kernel, parent, pages);
  kernel.use(child);
  times(pages, (i) => kernel.ops.read(REGION + i));
  kernel.onFault({ readOnly: 'copy' });
  writeSome();
  kernel.onFault({});
  exit(kernel, child, pages);
  kernel.use(parent);
  kernel.freeTable(child);
  kernel.onFault({ readOnly: 'reuse' });
  writeSome();
  kernel.onFault({});
}

const forkExit: XenWorkload = {
  name: 'fork_exit',
  summary:
    'r times: fork of a process, the child reads all pages, copies some, exits; the parent writes them',
  params: [
    count('r', 1, [1, 10_000], 'children, one after the other'),
    count('pages', 256, [1, 131_072], 'pages of the process'),
    count('cow', 32, [0, 131_072], 'pages that child and then parent write'),
  ],
  refuse(params) {
    const [pages, cow] = [int(params, 'pages'), int(params, 'cow')];
    return cow <= pages ? null : `cow is ${cow}, expected at most pages (${pages})`;
  },
  run(kernel, params) {
    const pages = int(params, 'pages');
    const parent = kernel.begin();
    kernel.mapRange(parent, REGION, DATA1, pages, LEAF_USED);
    kernel.enter(parent);
    times(pages, (i) => kernel.ops.write(REGION + i));
    kernel.forgetFreed();
    measured(kernel, () => times(int(params, 'r'), () => lifeOfChild(kernel, parent, params)));
    kernel.finish();
    kernel.forgetFreed();
  },
};

export const SPACES: readonly XenWorkload[] = [cr3Reload, contextSwitch, forkExit];
