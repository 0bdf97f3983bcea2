/**
 * Workloads that touch present pages: in which order, with which A and D bits, 4 KiB or 2 MiB pages.
 */
import { PTE_A, PTE_D, PTE_PS } from '../../arch/pte.js';
import type { ScenarioParam, ScenarioParams } from '../scenario.js';
import type { XenGuestKernel } from './guest-kernel.js';
import { DATA1, LARGE, LEAF, LEAF_USED, REGION, SPAN } from './layout.js';
import {
  ACCESSED,
  choice,
  count,
  DIRTY,
  int,
  leafFlags,
  measured,
  pages,
  times,
  type XenWorkload,
} from './workload.js';

/** Most 2 MiB pages that the guest has frames for. */
const LARGE_PAGES = 256;
/** Most pages that may lie 2 MiB apart: each takes a frame for its table. */
const SPARSE_PAGES = 32_768;

/**
 * The i-th of n pages to visit. `scatter` is what the measured guest computes: a permutation if n is a power
 * of two; other numbers are refused.
 */
export function visit(i: number, n: number, order: string): number {
  switch (order) {
    case 'asc':
      return i;
    case 'desc':
      return n - 1 - i;
    default:
      return (i * 167) & (n - 1);
  }
}

/** `scatter` of a number of pages that is no power of two would leave pages out. */
export function scatterObjection(params: ScenarioParams): string | null {
  const n = int(params, 'n');
  if (params['order'] !== 'scatter' || (n & (n - 1)) === 0) return null;
  return `n is ${n} with order 'scatter', which visits each of n pages once only if n is a power of two`;
}

/** Whether pages are read, and whether they are written, by `kind`. */
const reads = (kind: string): boolean => kind !== 'write';
const writes = (kind: string): boolean => kind !== 'read';

function touchWorkload(name: string, kind: string, summary: string): XenWorkload {
  return {
    name,
    summary,
    params: [
      pages(),
      ACCESSED,
      DIRTY,
      choice('order', ['asc', 'desc', 'scatter'], 'order of pages'),
      count('pass', 1, [1, 16], 'which pass over the pages is measured'),
    ],
    refuse: scatterObjection,
    run(kernel, params) {
      const n = int(params, 'n');
      const order = String(params['order']);
      const root = kernel.begin();
      const pass = (): void => {
        if (reads(kind)) times(n, (i) => kernel.ops.read(REGION + visit(i, n, order)));
        if (writes(kind)) times(n, (i) => kernel.ops.write(REGION + visit(i, n, order)));
      };
      kernel.mapRange(root, REGION, DATA1, n, leafFlags(params));
      kernel.enter(root);
      times(int(params, 'pass') - 1, pass);
      measured(kernel, pass);
      kernel.finish();
    },
  };
}

const upperTouch: XenWorkload = {
  name: 'read_touch_upper_a0',
  summary: 'n contiguous pages are read, A clear in the entries of all levels',
  params: [pages()],
  run(kernel, params) {
    const n = int(params, 'n');
    const root = kernel.begin();
    kernel.mapRange(root, REGION, DATA1, n, LEAF);
    for (let page = REGION; page < REGION + n; page += SPAN[2]) {
      for (let level = 4; level >= 2; level--) {
        const at = kernel.entry(root, page, level);
        const { frame, flags } = kernel.load(at);
        kernel.store(at, frame, flags & ~(PTE_A | PTE_D), level, page);
      }
    }
    kernel.enter(root);
    measured(kernel, () => times(n, (i) => kernel.ops.read(REGION + i)));
    kernel.finish();
  },
};

const sparseTouch: XenWorkload = {
  name: 'sparse_touch',
  summary: 'n pages 2 MiB apart are touched, each with a level-1 table of its own',
  params: [
    count('n', 64, [1, SPARSE_PAGES], 'pages'),
    choice('kind', ['read', 'write'], 'kind of access'),
    ACCESSED,
    DIRTY,
  ],
  run(kernel, params) {
    const n = int(params, 'n');
    const root = kernel.begin();
    times(n, (i) => kernel.map(root, REGION + i * SPAN[2], DATA1 + i, leafFlags(params)));
    kernel.enter(root);
    measured(kernel, () =>
      times(n, (i) =>
        params['kind'] === 'write'
          ? kernel.ops.write(REGION + i * SPAN[2])
          : kernel.ops.read(REGION + i * SPAN[2]),
      ),
    );
    kernel.finish();
  },
};

const shadowPool: XenWorkload = {
  name: 'shadow_pool',
  summary: 'n pages 2 MiB apart are written in order, several times: more tables than shadows fit',
  params: [count('n', 1024, [1, SPARSE_PAGES], 'pages'), count('passes', 1, [1, 64], 'times')],
  run(kernel, params) {
    const n = int(params, 'n');
    const root = kernel.begin();
    times(n, (i) => kernel.map(root, REGION + i * SPAN[2], DATA1, LEAF_USED));
    kernel.enter(root);
    measured(kernel, () =>
      times(int(params, 'passes'), () => times(n, (i) => kernel.ops.write(REGION + i * SPAN[2]))),
    );
    kernel.finish();
  },
};

const LARGE_COUNT: ScenarioParam = count('n', 16, [1, LARGE_PAGES], '2 MiB pages');

function mapLarge(kernel: XenGuestKernel, root: number, params: ScenarioParams, flags: number): void {
  times(int(params, 'n'), (i) => {
    const page = REGION + i * SPAN[2];
    kernel.store(kernel.entryMade(root, page, 2), LARGE + i * SPAN[2], flags | PTE_PS, 2, page);
  });
}

const largeTouch: XenWorkload = {
  name: 'large_touch',
  summary: 'n 2 MiB pages: the first pieces of 4 KiB of each are touched in order, page by page',
  params: [
    LARGE_COUNT,
    count('per', 512, [1, 512], 'pieces touched in each'),
    choice('kind', ['read', 'write', 'read_then_write'], 'kind of access'),
    ACCESSED,
    DIRTY,
  ],
  run(kernel, params) {
    const [per, kind] = [int(params, 'per'), String(params['kind'])];
    const root = kernel.begin();
    mapLarge(kernel, root, params, leafFlags(params));
    kernel.enter(root);
    measured(kernel, () =>
      times(int(params, 'n'), (i) => {
        if (reads(kind)) times(per, (j) => kernel.ops.read(REGION + i * SPAN[2] + j));
        if (writes(kind)) times(per, (j) => kernel.ops.write(REGION + i * SPAN[2] + j));
      }),
    );
    kernel.finish();
  },
};

const largeInvlpg: XenWorkload = {
  name: 'large_invlpg',
  summary: 'n 2 MiB pages in use: INVLPG and a write to each',
  params: [LARGE_COUNT],
  run(kernel, params) {
    const n = int(params, 'n');
    const root = kernel.begin();
    mapLarge(kernel, root, params, LEAF_USED);
    kernel.enter(root);
    times(n, (i) => kernel.ops.write(REGION + i * SPAN[2]));
    measured(kernel, () =>
      times(n, (i) => {
        kernel.ops.invlpg(REGION + i * SPAN[2]);
        kernel.ops.write(REGION + i * SPAN[2]);
      }),
    );
    kernel.finish();
  },
};

export const TOUCHES: readonly XenWorkload[] = [
  touchWorkload('read_touch', 'read', 'n contiguous present pages are read'),
  touchWorkload('write_touch', 'write', 'n contiguous present pages are written'),
  touchWorkload('read_then_write', 'read_then_write', 'n contiguous present pages are read, then written'),
  upperTouch,
  sparseTouch,
  shadowPool,
  largeTouch,
  largeInvlpg,
];
