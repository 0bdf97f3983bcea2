/**
 * Shadow paging: a one-dimensional walk of tables that the hypervisor keeps, and the exits that keeping them
 * costs. The hardware side; the hypervisor's is in hypervisor/shadow/ (docs/model.md 6).
 *
 * Shadows always map 4 KiB, are never global and know no PCID: every CR3 load is an exit and a full flush.
 * Intercepted: #PF, CR3 loads, INVLPG, CR0 and CR4 writes (Xen vmcs.c, vmcb.c). 64-bit 4-level guests only.
 */
import { pageNumberOf, SIZE_2M, SIZE_4K, tableIndex } from '../arch/paging.js';
import type { MachineConfig } from '../config/schema.js';
import { ConfigError } from '../errors.js';
import type { AddressSpace } from '../guest/address-space.js';
import { MFN_OFFSET, P2m } from '../hypervisor/p2m.js';
import { ShadowDomain, type ShadowVcpu } from '../hypervisor/shadow/domain.js';
import { FaultHandler, type FaultOutcome } from '../hypervisor/shadow/fault.js';
import { refreshOthers, resyncAll, resyncOwn } from '../hypervisor/shadow/oos.js';
import { FL1, L1, L2, L3, L4, SH_P, SH_RW } from '../hypervisor/shadow/pages.js';
import { policies } from '../hypervisor/shadow/policy.js';
import { removeWriteAccess } from '../hypervisor/shadow/write-access.js';
import type { TableMemory } from '../counters.js';
import {
  type BackendPlugin,
  EMULATED,
  FILLED,
  GUEST_FAULT,
  type MachineEvent,
  type MachineParts,
  type MmuBackend,
  RETRY,
  type Vcpu,
} from './backend.js';
import { addP2mMemory } from './hap.js';
import { countGuestHit, countShadowReference } from './references.js';
import { TLB_W } from './tlb-hierarchy.js';

/** Machine frames of shadow pages, for the data caches. */
const SHADOW_MFN = 0x30000000;

class ShadowBackend implements MmuBackend {
  readonly #parts: MachineParts;
  readonly #p2m: P2m;
  readonly #domain: ShadowDomain;
  readonly #handler: FaultHandler;
  readonly #lazy: boolean;
  /** Device pages that have their (magic or direct) entry already. */
  readonly #devicePages = new Set<number>();

  constructor(parts: MachineParts) {
    this.#parts = parts;
    const { config, guest, counters, vcpus } = parts;
    this.#p2m = new P2m(config.host, parts.p2mRanges, SIZE_2M);
    this.#lazy = config.host.populate === 'lazy' && config.guest.memory === 'cold';
    this.#domain = new ShadowDomain(policies.get(config.shadow.policy), guest, this.#p2m, counters, config, {
      flushVcpu: (id) => flushVcpu(vcpus[id]!),
    });
    this.#handler = new FaultHandler(this.#domain);
    this.ramGrown(guest.allocator.ram);
    for (const v of this.#domain.vcpus) this.#loadRoot(v, guest.current[v.id]!);
    // The roots are in place before the trace begins: what that took is not the trace's doing.
    counters.shAlloc = 0;
  }

  ramGrown(ram: number): void {
    this.#p2m.setRam(ram, !this.#lazy);
  }

  walk(vcpu: Vcpu, hi: number, lo: number, write: boolean): number {
    const { origin, watch, translation } = this.#parts;
    const c = origin.counters;
    const { pages } = this.#domain;
    const address = pageNumberOf(hi, lo);
    let page = this.#domain.vcpus[vcpu.id]!.root;
    let level = L4;
    let writable = true;
    const hit = vcpu.pwc.present ? vcpu.pwc.lookup(vcpu.space, address) : -1;
    if (hit >= 0) countGuestHit(c, hit);
    if (hit > 0) {
      page = vcpu.pwc.table;
      writable = vcpu.pwc.writable;
      level = hit - 1;
    }
    for (; ; level--) {
      const index = tableIndex(hi, lo, level);
      const entry = pages.entries[page]![index]!;
      const present = (entry & SH_P) !== 0;
      countShadowReference(c, level);
      vcpu.cache.read(SHADOW_MFN + page, index, c);
      watch.observer?.reference('shadow', level, page, index, present ? this.#frameOf(entry, level) : null);
      if (!present) return this.#pageFault(vcpu, hi, lo, write, false);
      writable &&= (entry & SH_RW) !== 0;
      if (level === L1) {
        if (write && !writable) return this.#pageFault(vcpu, hi, lo, write, true);
        translation.size = SIZE_4K;
        translation.flags = writable ? TLB_W : 0;
        translation.gfn = entry >> 3;
        translation.mfn = this.#p2m.mfn(entry >> 3);
        return FILLED;
      }
      vcpu.pwc.fill(vcpu.space, address, level, entry >> 3, writable);
      page = entry >> 3;
    }
  }

  #frameOf(entry: number, level: number): number {
    return level === L1 ? (entry >> 3) + MFN_OFFSET : entry >> 3;
  }

  /** The #PF exit. */
  #pageFault(vcpu: Vcpu, hi: number, lo: number, write: boolean, present: boolean): number {
    const { counters, watch } = this.#parts;
    counters.exits += 1;
    counters.exitPf += 1;
    const outcome = this.#handler.handle(this.#domain.vcpus[vcpu.id]!, hi, lo, write, present);
    watch.observer?.note(OUTCOME_NOTES[outcome]);
    switch (outcome) {
      case 'guest':
        counters.exitPfGuest += 1;
        return GUEST_FAULT;
      case 'emulated':
        counters.exitPfEmulate += 1;
        return EMULATED;
      case 'mmio':
        counters.exitPfMmio += 1;
        return EMULATED;
      case 'unsync':
        counters.exitPfUnsync += 1;
        return RETRY;
      default:
        counters.exitPfFixup += 1;
        return RETRY;
    }
  }

  /** MOV to CR3, any value (sh_update_cr3). The guest's PCID bits do nothing here. */
  cr3(vcpu: Vcpu, space: AddressSpace): void {
    const { counters, watch } = this.#parts;
    counters.exits += 1;
    counters.exitCr3Write += 1;
    watch.observer?.note('VMEXIT cr3_write');
    const v = this.#domain.vcpus[vcpu.id]!;
    v.lastEmulated.ok = false;
    resyncOwn(this.#domain, v);
    this.#loadRoot(v, space);
    refreshOthers(this.#domain, v);
    flushVcpu(vcpu);
  }

  /** Write-protects the new root, finds or makes its shadow, pins it; the old one stays pinned. */
  #loadRoot(v: ShadowVcpu, space: AddressSpace): void {
    const { pages } = this.#domain;
    if (removeWriteAccess(this.#domain, v, space.root)) this.#domain.flushAllVcpus();
    let root = pages.find(space.root, L4);
    if (root < 0) {
      this.#domain.reserve(1);
      root = pages.make(space.root, L4);
      this.#considerPinning();
    }
    pages.getRef(root, -1);
    pages.pin(root);
    if (v.root >= 0) pages.putRef(v.root, -1);
    v.root = root;
  }

  /** SHOPT_LINUX_L3_TOPLEVEL: more than two pinned L4s a vcpu mean that this is no early 64-bit Linux. */
  #considerPinning(): void {
    const { pages, vcpus } = this.#domain;
    if (!pages.pinL3) return;
    const roots = [...pages.pinned].filter((page) => pages.type[page] === L4);
    if (roots.length <= 2 * vcpus.length) return;
    for (const page of pages.pinned) if (pages.type[page] === L3) pages.unpin(page);
    pages.pinL3 = false;
  }

  /** INVLPG (sh_invlpg): a shadow entry is dropped only if its table is out of sync. */
  invlpg(vcpu: Vcpu, hi: number, lo: number): void {
    const { counters, watch, config, ids } = this.#parts;
    counters.exits += 1;
    counters.exitInvlpg += 1;
    counters.shInvlpg += 1;
    watch.observer?.note('VMEXIT invlpg');
    const d = this.#domain;
    const v = d.vcpus[vcpu.id]!;
    v.lastEmulated.ok = false;
    const page = d.leafShadow(v, hi, lo);
    if (page < 0) return;
    if (d.pages.type[page] === FL1) return flushVcpu(vcpu);
    if (d.pages.isOutOfSync(d.pages.back[page]!)) d.pages.setLeaf(page, tableIndex(hi, lo, 1), 0);
    if (config.vendor === 'amd') return flushVcpu(vcpu);
    vcpu.tlb.flushPage(ids.page(vcpu.space, hi, lo));
    vcpu.pwc.flushOwner(vcpu.space);
  }

  event(vcpu: Vcpu, event: MachineEvent): string | null {
    const { counters, config, guest } = this.#parts;
    switch (event.kind) {
      case 'flushall':
        counters.fullFlushes += 1;
        counters.exitCr4Write += 2;
        counters.exitCr4Read += config.vendor === 'amd' ? 1 : 0;
        counters.exits += config.vendor === 'amd' ? 3 : 2;
        resyncAll(this.#domain, this.#domain.vcpus[vcpu.id]!);
        flushVcpu(vcpu);
        return null;
      case 'mmio':
        this.#mmio(event);
        return null;
      case 'cpuid':
        counters.exits += 1;
        counters.exitCpuid += 1;
        return null;
      case 'ptdying':
        counters.exits += 1;
        counters.exitVmcall += 1;
        return null;
      case 'cr0wp':
        counters.exits += 1;
        counters.exitCr0Write += 1;
        return event.on ? null : 'CR0.WP=0 needs privilege levels, which traces do not carry';
      case 'invpcid':
        return 'Xen hides INVPCID from a guest under shadow paging (it raises #UD); lower it to INVLPG or CR3';
      case 'pgmode':
        return event.levels === guest.levels ? null : 'the guest cannot change its paging mode';
      default:
        return null;
    }
  }

  /** An emulated device exits each time, first by the slow path; a direct one once a page, to be mapped. */
  #mmio(event: Extract<MachineEvent, { kind: 'mmio' }>): void {
    const { counters } = this.#parts;
    const page = pageNumberOf(event.va.hi, event.va.lo);
    const known = this.#devicePages.has(page);
    this.#devicePages.add(page);
    if (event.device === 'direct' && known) return;
    counters.exits += 1;
    counters.exitPf += 1;
    counters.shFault += 1;
    if (event.device === 'direct') {
      counters.exitPfFixup += 1;
      counters.shFixed += 1;
      return;
    }
    counters.exitPfMmio += 1;
    if (known) counters.shMmioFast += 1;
    else counters.shMmio += 1;
  }

  memory(memory: TableMemory): void {
    const { pages } = this.#domain;
    addP2mMemory(this.#p2m, memory);
    memory['shadow.pages'] = pages.total;
    memory['shadow.pages.peak'] = pages.peak;
    memory['shadow.l1.pages'] = pages.live[L1]!;
    memory['shadow.fl1.pages'] = pages.live[FL1]!;
    memory['shadow.l2.pages'] = pages.live[L2]!;
    memory['shadow.l3.pages'] = pages.live[L3]!;
    memory['shadow.l4.pages'] = pages.live[L4]!;
    memory['shadow.other.pages'] = this.#domain.fixedPages;
    const pool = this.#domain.poolPages;
    memory['pool.pages'] = pool === Infinity ? 0 : pool;
    memory['pool.free.pages'] = pool === Infinity ? 0 : Math.max(0, this.#domain.freePages);
  }
}

const OUTCOME_NOTES: Readonly<Record<FaultOutcome, string>> = {
  guest: 'VMEXIT pf.guest: the guest tables forbid it, reflected',
  fixed: 'VMEXIT pf.fixup: the shadow is filled',
  unsync: 'VMEXIT pf.unsync: the table goes out of sync',
  emulated: 'VMEXIT pf.emulate: the store is emulated',
  mmio: 'VMEXIT pf.mmio: device access',
};

/** A new ASID/VPID: nothing cached for the guest on this vcpu survives. */
function flushVcpu(vcpu: Vcpu): void {
  vcpu.tlb.flushAll();
  vcpu.pwc.flush();
}

function create(parts: MachineParts): ShadowBackend {
  const { guest } = parts.config;
  const hint = 'compare the others with `-m native,hap`, or give the guest 4 levels and pages of at most 2m';
  if (guest.levels !== 4) throw new ConfigError("Xen's shadow code has no 5-level guests", { hint });
  if (guest.pageSize === '1g' || guest.directMap === '1g') {
    throw new ConfigError('Xen hides 1G pages from a guest under shadow paging', { hint });
  }
  return new ShadowBackend(parts);
}

function describe(config: MachineConfig): string {
  const oos = policies.get(config.shadow.policy).oosSlots;
  return `shadow, policy ${config.shadow.policy}, ${oos} out-of-sync tables per vcpu, shadows map 4k, pool ${
    config.shadow.pool === 0 ? 'unbounded' : config.shadow.pool
  }`;
}

export const shadow = {
  name: 'shadow',
  summary: 'shadow page tables kept by the hypervisor: one-dimensional walks, exits to keep them true',
  describe,
  create,
} satisfies BackendPlugin;
