/**
 * Workloads that change the leaf entries of pages in use: remapping, unmapping, write-protection, aging.
 */
import { PTE_A, PTE_D, PTE_RW } from '../../arch/pte.js';
import type { ScenarioParam } from '../scenario.js';
import type { XenGuestKernel } from './guest-kernel.js';
import { DATA1, DATA2, LEAF_USED, REGION } from './layout.js';
import {
  ACCESSED,
  bit,
  choice,
  DIRTY,
  int,
  leafFlags,
  measured,
  pages,
  times,
  type XenWorkload,
} from './workload.js';

const FLUSH: ScenarioParam = choice('flush', ['invlpg', 'cr3'], 'INVLPG after each store, or one CR3 reload');

/** A new space with `n` pages that have been written. Returns its root. */
function pagesInUse(kernel: XenGuestKernel, n: number): number {
  const root = kernel.begin();
  kernel.mapRange(root, REGION, DATA1, n, LEAF_USED);
  kernel.enter(root);
  writeAll(kernel, n);
  return root;
}

function writeAll(kernel: XenGuestKernel, n: number): void {
  times(n, (i) => kernel.ops.write(REGION + i));
}

/** Stores the leaf of page `i` with some flags cleared. */
function clearFlags(kernel: XenGuestKernel, root: number, i: number, cleared: number): void {
  const at = kernel.entry(root, REGION + i, 1);
  const { frame, flags } = kernel.load(at);
  kernel.store(at, frame, flags & ~cleared, 1, REGION + i);
}

const remap: XenWorkload = {
  name: 'remap',
  summary: 'the entries of n pages in use get other frames; then (retouch) the pages are written',
  params: [
    pages(),
    FLUSH,
    choice(
      'phase',
      ['change', 'retouch', 'interleaved'],
      'measured: the stores, the writes, or both by turns',
    ),
    ACCESSED,
    DIRTY,
  ],
  run(kernel, params) {
    const [n, phase, byPage] = [int(params, 'n'), params['phase'], params['flush'] === 'invlpg'];
    const root = pagesInUse(kernel, n);
    const change = (): void => {
      times(n, (i) => {
        const page = REGION + i;
        kernel.store(kernel.entry(root, page, 1), DATA2 + i, leafFlags(params), 1, page);
        if (byPage) kernel.ops.invlpg(page);
        if (phase === 'interleaved') kernel.ops.write(page);
      });
      if (!byPage) kernel.reload(root);
    };
    if (phase === 'retouch') {
      change();
      kernel.settle();
      measured(kernel, () => writeAll(kernel, n));
    } else measured(kernel, change);
    kernel.finish();
  },
};

const unmap: XenWorkload = {
  name: 'unmap',
  summary: 'the entries of n pages in use are cleared; then (refault) the pages are demand-faulted again',
  params: [pages(), FLUSH, choice('phase', ['clear', 'refault'], 'measured: the stores, or the faults')],
  run(kernel, params) {
    const [n, byPage] = [int(params, 'n'), params['flush'] === 'invlpg'];
    const root = pagesInUse(kernel, n);
    const clear = (): void => {
      times(n, (i) => {
        kernel.store(kernel.entry(root, REGION + i, 1), 0, 0, 1, REGION + i);
        if (byPage) kernel.ops.invlpg(REGION + i);
      });
      if (!byPage) kernel.reload(root);
    };
    if (params['phase'] === 'refault') {
      clear();
      kernel.settle();
      kernel.dataFrom(DATA2);
      kernel.onFault({ absent: true, first: REGION, end: REGION + n });
      measured(kernel, () => writeAll(kernel, n));
    } else measured(kernel, clear);
    kernel.finish();
  },
};

const wrprotect: XenWorkload = {
  name: 'wrprotect',
  summary: 'n pages in use are write-protected, one CR3 reload; then (cow) each is written and faults',
  params: [
    pages(),
    choice('phase', ['protect', 'cow'], 'measured: the stores, or the faults'),
    choice('handler', ['copy', 'reuse'], 'cow: the page is copied, or made writable in place'),
  ],
  run(kernel, params) {
    const n = int(params, 'n');
    const root = pagesInUse(kernel, n);
    const protect = (): void => {
      times(n, (i) => clearFlags(kernel, root, i, PTE_RW));
      kernel.reload(root);
    };
    if (params['phase'] === 'cow') {
      protect();
      kernel.settle();
      kernel.dataFrom(DATA2);
      kernel.onFault({ readOnly: params['handler'] === 'copy' ? 'copy' : 'reuse' });
      measured(kernel, () => writeAll(kernel, n));
    } else measured(kernel, protect);
    kernel.finish();
  },
};

const age: XenWorkload = {
  name: 'age',
  summary:
    'A (write kind: A and D) is cleared in the entries of n pages in use; then (retouch) touched again',
  params: [
    pages(),
    choice('flush', ['cr3', 'none'], 'one CR3 reload after the stores, or none'),
    choice('phase', ['clear', 'retouch'], 'measured: the stores, or the touches'),
    choice('kind', ['read', 'write'], 'kind of touch'),
  ],
  run(kernel, params) {
    const [n, write, flush] = [int(params, 'n'), params['kind'] === 'write', params['flush'] === 'cr3'];
    const root = pagesInUse(kernel, n);
    const clear = (): void => {
      times(n, (i) => clearFlags(kernel, root, i, write ? PTE_A | PTE_D : PTE_A));
      if (flush) kernel.reload(root);
    };
    if (params['phase'] === 'retouch') {
      clear();
      if (flush) kernel.settle();
      measured(kernel, () =>
        times(n, (i) => (write ? kernel.ops.write(REGION + i) : kernel.ops.read(REGION + i))),
      );
    } else measured(kernel, clear);
    kernel.finish();
  },
};

const invlpgPresent: XenWorkload = {
  name: 'invlpg_present',
  summary: 'INVLPG of n unmodified pages in use; then (touch) each is written',
  params: [pages(), bit('touch', 0, 'the pages are written afterwards')],
  run(kernel, params) {
    const n = int(params, 'n');
    pagesInUse(kernel, n);
    measured(kernel, () => {
      times(n, (i) => kernel.ops.invlpg(REGION + i));
      if (int(params, 'touch') === 1) writeAll(kernel, n);
    });
    kernel.finish();
  },
};

export const ENTRY_CHANGES: readonly XenWorkload[] = [remap, unmap, wrprotect, age, invlpgPresent];
