/** The hardware of a machine's virtual CPUs, as the configuration says: TLBs, walk caches, data caches. */
import type { MachineConfig } from '../config/schema.js';
import type { MachineCounters } from '../counters.js';
import type { Vcpu } from '../mmu/backend.js';
import type { PageIds } from '../mmu/page-ids.js';
import { PteCache, sharedCache } from '../mmu/pte-cache.js';
import { SetAssoc } from '../mmu/set-assoc.js';
import { TlbHierarchy } from '../mmu/tlb-hierarchy.js';
import { HostWalkCache, WalkCache } from '../mmu/walk-cache.js';
import { Prng } from '../util/prng.js';

export function createVcpus(config: MachineConfig, ids: PageIds, counters: MachineCounters): Vcpu[] {
  const llc = sharedCache(config);
  const prng = new Prng(config.seed);
  return Array.from({ length: config.vcpus }, (_, id) => ({
    id,
    tlb: new TlbHierarchy(config, ids, counters, prng),
    pwc: new WalkCache(config.pwc, config.guest.levels, ids, prng),
    npwc: new HostWalkCache(config.npwc, config.host.levels, prng),
    ntlb: config.ntlb.entries > 0 ? new SetAssoc(config.ntlb, { prng }) : null,
    cache: new PteCache(config, llc),
    space: 0,
    page: 0,
  }));
}
