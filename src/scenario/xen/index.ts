/**
 * The suite `xen`: the guest that was measured on Xen 4.17 under shadow paging and HAP, and its workloads.
 *
 * All measured experiments ran one after the other in one guest ({@link XEN_CAMPAIGN}); a session keeps what
 * survives from one to the next: the allocator of table frames, and the hypervisor's own state.
 */
import { Registry } from '../../util/registry.js';
import type { GuestOps } from '../guest-ops.js';
import type { ScenarioParams, ScenarioSession, ScenarioSuite } from '../scenario.js';
import { BASELINE } from './baseline.js';
import { ENTRY_CHANGES } from './entries.js';
import { FAULTS } from './faults.js';
import { XenGuestKernel } from './guest-kernel.js';
import {
  BOOT_ROOT,
  DATA1,
  DIRECT_MAP_HI,
  DIRECT_PAGE,
  LEAF_USED,
  MAPPED,
  POOL,
  RAM,
  REGION,
  setBootTables,
} from './layout.js';
import { MIX } from './mix.js';
import { SPACES } from './spaces.js';
import { TABLES } from './tables.js';
import { TOUCHES } from './touches.js';
import type { XenWorkload } from './workload.js';

export { type Experiment, XEN_CAMPAIGN } from './campaign.js';

const workloads = new Registry<XenWorkload>('scenario', [
  ...BASELINE,
  ...TOUCHES,
  ...FAULTS,
  ...ENTRY_CHANGES,
  ...TABLES,
  ...SPACES,
  ...MIX,
]);

/** Spaces that {@link XenSession.settleHeuristics} enters. */
const SETTLING_SPACES = 8;

class XenSession implements ScenarioSession {
  readonly #kernel: XenGuestKernel;

  constructor(kernel: XenGuestKernel) {
    this.#kernel = kernel;
  }

  run(scenario: string, params: ScenarioParams): void {
    workloads.get(scenario).run(this.#kernel, params);
  }

  /**
   * Xen pins L3 shadows too until it has seen more than two pinned L4 shadows per vcpu, and then never again
   * (multi.c sh_make_shadow, SHOPT_LINUX_L3_TOPLEVEL). The measured machine was past that after experiment 5,
   * which entered as many fresh spaces. The searches for writable mappings that a space's first use takes leave
   * Xen with a shadow to look in first (common.c sh_remove_write_access): the one that maps the tables made just
   * now, as it was for 11 of the 13 measured experiments that search. For two (273 and 282) the last search was too
   * long ago: it had ended in the shadow of other frames.
   */
  settleHeuristics(): void {
    const kernel = this.#kernel;
    kernel.begin();
    const roots = Array.from({ length: SETTLING_SPACES }, (_, s) => {
      const root = kernel.newSpace();
      kernel.mapRange(root, REGION, DATA1 + s, 1, LEAF_USED);
      return root;
    });
    for (const root of roots) {
      kernel.use(root);
      kernel.ops.write(REGION);
    }
    kernel.finish();
    kernel.ops.mark(null);
  }
}

/** Start-up: the base space is loaded, then every page of the direct map is written once, in order. */
export function bootXen(ops: GuestOps, options: { readonly firstTable?: number } = {}): ScenarioSession {
  const kernel = new XenGuestKernel(ops, options.firstTable);
  kernel.use(BOOT_ROOT);
  for (let gfn = 0; gfn < MAPPED; gfn++) ops.write(DIRECT_PAGE + gfn);
  return new XenSession(kernel);
}

export const XEN_SUITE: ScenarioSuite = {
  name: 'xen',
  summary: 'measured on Xen 4.17: shadow paging with and without out-of-sync tables, HAP',
  scenarios: workloads,
  host: () => ({
    ram: RAM,
    hugePages: false,
    populated: true,
    shadowLimit: POOL,
    directMapHi: DIRECT_MAP_HI,
    loaded: [],
    pcid: false,
  }),
  bootRoot: BOOT_ROOT,
  bootTables: (_, set) => setBootTables(set),
  boot: (ops) => bootXen(ops),
};
