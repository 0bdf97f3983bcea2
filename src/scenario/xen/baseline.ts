/**
 * Workloads without memory in them: the empty region, and instructions that exit by themselves.
 */
import { count, int, measured, repeatOverPages, times, type XenWorkload } from './workload.js';

const empty: XenWorkload = {
  name: 'empty',
  summary: 'nothing',
  params: [],
  run(kernel) {
    kernel.enter(kernel.begin());
    measured(kernel, () => undefined);
    kernel.finish();
  },
};

const cpuid: XenWorkload = {
  name: 'cpuid',
  summary: 'n CPUID instructions',
  params: [count('n', 100, [0, 1_000_000], 'instructions')],
  run(kernel, params) {
    kernel.enter(kernel.begin());
    measured(kernel, () => times(int(params, 'n'), () => kernel.ops.cpuid()));
    kernel.finish();
  },
};

const pgeFlush: XenWorkload = {
  name: 'pge_flush',
  summary: 'n global flushes (CR4.PGE off, on), each followed by a write to w pages in use',
  params: [count('n', 16, [0, 100_000], 'flushes'), count('w', 64, [0, 8192], 'pages in use')],
  run: (kernel, params) => repeatOverPages(kernel, params, () => kernel.ops.togglePge()),
};

export const BASELINE: readonly XenWorkload[] = [empty, cpuid, pgeFlush];
