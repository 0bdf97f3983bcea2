/**
 * The demand-fault workload: nothing is mapped, every page comes with a guest page fault.
 */
import type { ScenarioParams } from '../scenario.js';
import { DATA1, REGION } from './layout.js';
import { scatterObjection, visit } from './touches.js';
import { bit, choice, count, int, measured, pages, times, type XenWorkload } from './workload.js';

function refuse(params: ScenarioParams): string | null {
  const around = int(params, 'faultaround');
  if ((around & (around - 1)) !== 0) return `faultaround is ${around}, expected a power of two`;
  if (params['pte'] === 'ro' && params['kind'] === 'write')
    return "pte is 'ro' and kind 'write': the handler would map a page that cannot be written";
  return scatterObjection(params);
}

const demandFault: XenWorkload = {
  name: 'demand_fault',
  summary: 'n pages are touched of which no table exists: the guest handles a page fault for each',
  params: [
    pages(),
    choice('kind', ['write', 'read'], 'kind of access'),
    bit('ad', 1, 'the handler sets A, and D for a write'),
    count('faultaround', 1, [1, 512], 'pages that one fault maps, a power of two'),
    choice('order', ['asc', 'scatter'], 'order of pages'),
    choice('pte', ['rw', 'ro'], 'rights in the new entries'),
  ],
  refuse,
  run(kernel, params) {
    const n = int(params, 'n');
    const order = String(params['order']);
    kernel.enter(kernel.begin());
    kernel.dataFrom(DATA1);
    kernel.onFault({
      absent: true,
      first: REGION,
      end: REGION + n,
      faultAround: int(params, 'faultaround'),
      accessed: int(params, 'ad') === 1,
      writable: params['pte'] === 'rw',
    });
    measured(kernel, () =>
      times(n, (i) => {
        const page = REGION + visit(i, n, order);
        if (params['kind'] === 'write') kernel.ops.write(page);
        else kernel.ops.read(page);
      }),
    );
    kernel.finish();
  },
};

export const FAULTS: readonly XenWorkload[] = [demandFault];
