/**
 * The suite `kvm`: the small kernel that ran under KVM's shadow and nested paging, and its workloads.
 *
 * Each experiment had a freshly started guest: a session runs one scenario.
 */
import { InternalError } from '../../errors.js';
import { Registry } from '../../util/registry.js';
import type { GuestOps } from '../guest-ops.js';
import type { ScenarioParams, ScenarioSession, ScenarioSuite } from '../scenario.js';
import { CHANGING } from './changing.js';
import { type FrameNeed, warmData, warmTables } from './frames.js';
import { GuestKernel } from './kernel.js';
import { BOOT_ROOT, DATA, KERNEL, PARAMETERS, setBootTables, sizeOf, TABLE_POOL } from './layout.js';
import { kvmHost, kvmParams } from './params.js';
import { SPACE_WORKLOADS } from './spaces.js';
import { TABLE_LIFE } from './table-life.js';
import { TOUCHING } from './touching.js';

const WORKLOADS = new Registry('scenario', [...TOUCHING, ...TABLE_LIFE, ...CHANGING, ...SPACE_WORKLOADS]);

class KvmSession implements ScenarioSession {
  readonly #ops: GuestOps;
  #fresh = true;

  constructor(ops: GuestOps) {
    this.#ops = ops;
  }

  run(scenario: string, params: ScenarioParams): void {
    if (!this.#fresh) throw new InternalError('a KVM guest runs one scenario: boot another one');
    this.#fresh = false;
    const workload = WORKLOADS.get(scenario);
    const kernel = new GuestKernel(this.#ops, kvmParams(params));
    warmUp(kernel, workload.need(kernel.params));
    workload.run(kernel);
  }
}

/** Writes once to every frame that the run is going to need, unless it is to be cold. */
function warmUp(kernel: GuestKernel, need: FrameNeed): void {
  const tables = warmTables(kernel.params, need);
  const data = warmData(kernel.params, need);
  kernel.own.start();
  for (const area of [PARAMETERS, KERNEL]) kernel.warm(area.start, sizeOf(area));
  kernel.warm(TABLE_POOL.start, tables);
  kernel.warm(DATA.start, data);
  kernel.ops.mark(null);
}

export const KVM_SUITE: ScenarioSuite = {
  name: 'kvm',
  summary:
    'a bare-metal guest with its own page tables under Linux KVM: shadow MMU, TDP MMU, legacy direct MMU',
  scenarios: WORKLOADS,
  host: kvmHost,
  bootRoot: BOOT_ROOT,
  bootTables: (params, set) => setBootTables(kvmParams(params).win === 4, set),
  boot: (ops) => new KvmSession(ops),
};
