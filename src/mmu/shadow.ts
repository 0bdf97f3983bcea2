/**
 * Shadow paging: a one-dimensional walk of tables that the hypervisor keeps, and the exits that keeping them
 * costs. The hardware side; the hypervisor's is in hypervisor/shadow/ (docs/model.md 6).
 *
 * Shadow entries are never global, and every CR3 load is an exit and a full flush (KVM: unless a PCID is kept).
 * Intercepted: #PF, CR3 loads, INVLPG, CR0 and CR4 writes (Xen vmcs.c, vmcb.c; Linux vmx_vcpu_create, init_vmcb).
 * What the hypervisor does is the policy's (hypervisor/shadow/policies/). 64-bit 4-level guests only.
 */
import { pageNumberOf, pageOffset, SIZE_2M, SIZE_4K, tableIndex } from '../arch/paging.js';
import type { MachineConfig } from '../config/schema.js';
import { ConfigError } from '../errors.js';
import type { AddressSpace } from '../guest/address-space.js';
import type { Cr3Flush } from '../guest/port.js';
import { MFN_OFFSET, type P2m } from '../hypervisor/p2m.js';
import { ShadowDomain } from '../hypervisor/shadow/domain.js';
import { FaultHandler } from '../hypervisor/shadow/fault.js';
import { invlpg } from '../hypervisor/shadow/invlpg.js';
import { FL1, L1, L2, L3, L4, SH_LARGE, SH_P, SH_RW } from '../hypervisor/shadow/pages.js';
import { policyOf } from '../hypervisor/shadow/policies/load.js';
import {
  dropEverything,
  loadCr3,
  loadRoot,
  rebuildRoots,
  syncEverything,
} from '../hypervisor/shadow/roots.js';
import { refreshEntry, syncBelow } from '../hypervisor/shadow/unsync.js';
import type { TableMemory } from '../counters.js';
import {
  type BackendPlugin,
  FILLED,
  type MachineEvent,
  type MachineParts,
  type MmuBackend,
  type Vcpu,
} from './backend.js';
import { countExit } from './control-exits.js';
import { addP2mMemory } from './hap.js';
import { OUTCOMES } from './shadow-exits.js';
import { startWalk } from './walk-start.js';
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
    this.#p2m = parts.p2m(SIZE_2M);
    this.#lazy = config.host.populate === 'lazy' && config.guest.memory === 'cold';
    this.#domain = new ShadowDomain(policyOf(config.shadow), guest, this.#p2m, counters, config, {
      flushVcpu: (id) => flushVcpu(vcpus[id]!),
    });
    this.#handler = new FaultHandler(this.#domain);
    this.ramGrown(guest.allocator.ram);
    for (const v of this.#domain.vcpus) loadRoot(this.#domain, v, guest.current[v.id]!);
    // The roots are in place before the trace begins: what that took is not the trace's doing.
    counters.shAlloc = 0;
  }

  /** The hypervisor's own tables, for whoever checks what they grant. */
  get domain(): ShadowDomain {
    return this.#domain;
  }

  ramGrown(ram: number): void {
    this.#p2m.setRam(ram, !this.#lazy && this.#domain.policy.keepsP2m);
  }

  walk(vcpu: Vcpu, hi: number, lo: number, write: boolean): number {
    const { origin, watch, translation } = this.#parts;
    const c = origin.counters;
    const { pages } = this.#domain;
    const { pwc, cache } = vcpu;
    const first = startWalk(vcpu, this.#domain.vcpus[vcpu.id]!.root, L4);
    if (watch.observer !== null && first < L4) watch.observer.cached?.('pwc', first + 1);
    let { table: page, writable } = pwc;
    for (let level = first; ; level--) {
      const index = tableIndex(hi, lo, level);
      const entry = pages.entries[page]![index]!;
      const present = (entry & SH_P) !== 0;
      if (cache.enabled) cache.read(SHADOW_MFN + page, index, c);
      watch.observer?.reference('shadow', level, page, index, present ? this.#frameOf(entry, level) : null);
      if (!present) {
        c.shadowWalks.add(pwc.outcome, first, level);
        return this.#pageFault(vcpu, hi, lo, write, false);
      }
      writable &&= (entry & SH_RW) !== 0;
      if (level === L1 || (level === L2 && (entry & SH_LARGE) !== 0)) {
        c.shadowWalks.add(pwc.outcome, first, level);
        if (write && !writable) return this.#pageFault(vcpu, hi, lo, write, true);
        translation.size = level === L1 ? SIZE_4K : SIZE_2M;
        translation.flags = writable && this.#marked(page, index, level, write) ? TLB_W : 0;
        translation.gfn = (entry >> 3) + pageOffset(hi, lo, translation.size);
        translation.mfn = this.#p2m.mfn(translation.gfn);
        return FILLED;
      }
      pwc.insert(vcpu.space, vcpu.page, level, entry >> 3, writable);
      page = entry >> 3;
    }
  }

  /** Sets A and D in a 4 KiB entry where the hypervisor reads them; true if D is set. */
  #marked(page: number, index: number, level: number, write: boolean): boolean {
    const { marks } = this.#domain;
    if (marks === null || level !== L1) return true;
    marks.walked(page, index, write);
    return marks.isDirty(page, index);
  }

  #frameOf(entry: number, level: number): number {
    return level === L1 || (level === L2 && (entry & SH_LARGE) !== 0)
      ? (entry >> 3) + MFN_OFFSET
      : entry >> 3;
  }

  /** The #PF exit. */
  #pageFault(vcpu: Vcpu, hi: number, lo: number, write: boolean, present: boolean): number {
    const { counters, watch } = this.#parts;
    counters.exits += 1;
    counters.exitPf += 1;
    const outcome = this.#handler.handle(this.#domain.vcpus[vcpu.id]!, hi, lo, write, present);
    rebuildRoots(this.#domain);
    const { kind, counter, result, note } = OUTCOMES[outcome];
    counters[counter] += 1;
    watch.observer?.note(note);
    watch.exits?.exit('pf', hi, lo >>> 0, (present ? 1 : 0) | (write ? 2 : 0), kind);
    return result;
  }

  /** MOV to CR3, any value. Where the policy hides PCID from the guest, its bits do nothing. */
  cr3(vcpu: Vcpu, space: AddressSpace, flush: Cr3Flush): void {
    countExit(this.#parts, 'exitCr3Write', 'cr3_write');
    const v = this.#domain.vcpus[vcpu.id]!;
    if (loadCr3(this.#domain, v, space, flush.kind === 'none')) flushVcpu(vcpu);
  }

  invlpg(vcpu: Vcpu, hi: number, lo: number): void {
    const { counters, config, ids } = this.#parts;
    countExit(this.#parts, 'exitInvlpg', 'invlpg');
    counters.shInvlpg += 1;
    const d = this.#domain;
    const scope = invlpg(d, d.vcpus[vcpu.id]!, hi, lo);
    if (scope === 'nothing') return;
    if (scope === 'all' || (config.vendor === 'amd' && d.policy.invlpgTakesAsid)) return flushVcpu(vcpu);
    vcpu.tlb.flushPage(ids.page(vcpu.space, hi, lo));
    vcpu.pwc.flushOwner(vcpu.space);
  }

  loaded(gfn: number): void {
    this.#domain.host.touchSilently(gfn);
  }

  dropTranslations(): void {
    dropEverything(this.#domain);
  }

  event(vcpu: Vcpu, event: MachineEvent): string | null {
    const { counters, config, guest } = this.#parts;
    switch (event.kind) {
      case 'flushall':
        counters.fullFlushes += 1;
        if (config.vendor === 'amd') countExit(this.#parts, 'exitCr4Read', 'cr4_read');
        countExit(this.#parts, 'exitCr4Write', 'cr4_write');
        countExit(this.#parts, 'exitCr4Write', 'cr4_write');
        syncEverything(this.#domain, this.#domain.vcpus[vcpu.id]!);
        flushVcpu(vcpu);
        return null;
      case 'mmio':
        this.#mmio(event);
        return null;
      case 'cpuid':
        countExit(this.#parts, 'exitCpuid', 'cpuid');
        return null;
      case 'ptdying':
        countExit(this.#parts, 'exitVmcall', 'vmcall');
        return null;
      case 'cr0wp':
        countExit(this.#parts, 'exitCr0Write', 'cr0_write');
        return event.on ? null : 'CR0.WP=0 needs privilege levels, which traces do not carry';
      case 'invpcid':
        if (!this.#domain.policy.pcid)
          return 'Xen hides INVPCID from a guest under shadow paging (it raises #UD); lower it to INVLPG or CR3';
        return this.#invpcid(vcpu, event);
      case 'pgmode':
        return event.levels === guest.levels ? null : 'the guest cannot change its paging mode';
      default:
        return null;
    }
  }

  /** Without nested paging INVPCID is intercepted (kvm_handle_invpcid). The tag is that of the loaded space. */
  #invpcid(vcpu: Vcpu, event: Extract<MachineEvent, { kind: 'invpcid' }>): string | null {
    const d = this.#domain;
    const v = d.vcpus[vcpu.id]!;
    if (!this.#parts.config.guest.pcid) return 'INVPCID needs --guest-features pcid=on';
    countExit(this.#parts, 'exitInvpcid', 'invpcid');
    if (event.type === 0) refreshEntry(d, v.root, event.va.hi, event.va.lo);
    else if (event.type === 1) syncBelow(d, v, v.root);
    else syncEverything(d, v);
    flushVcpu(vcpu);
    return null;
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
    // KVM has memory slots where Xen has a p2m.
    if (this.#domain.policy.keepsP2m) addP2mMemory(this.#p2m, memory);
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

/** A new ASID/VPID: nothing cached for the guest on this vcpu survives. */
function flushVcpu(vcpu: Vcpu): void {
  vcpu.tlb.flushAll();
  vcpu.pwc.flush();
}

function create(parts: MachineParts): ShadowBackend {
  const { guest } = parts.config;
  const hint = 'compare the others with `-m native,hap`, or give the guest 4 levels and pages of at most 2m';
  if (guest.levels !== 4)
    throw new ConfigError('the modelled shadow pagers have no 5-level guests', { hint });
  if (guest.pageSize === '1g' || guest.directMap === '1g') {
    throw new ConfigError(
      'the modelled shadow pagers take no 1G guest pages (Xen hides them from the guest)',
      { hint },
    );
  }
  return new ShadowBackend(parts);
}

function describe(config: MachineConfig): string {
  const { oosSlots, largeEntries } = policyOf(config.shadow);
  const oos =
    oosSlots === null ? 'out-of-sync tables without limit' : `${oosSlots} out-of-sync tables per vcpu`;
  const leaves = largeEntries ? '2m where guest and host allow it' : '4k';
  const pool = config.shadow.pool === 0 ? 'unbounded' : config.shadow.pool;
  return `shadow, policy ${config.shadow.policy}, ${oos}, shadows map ${leaves}, pool ${pool}`;
}

export const shadow = {
  name: 'shadow',
  summary: 'shadow page tables kept by the hypervisor: one-dimensional walks, exits to keep them true',
  describe,
  create,
} satisfies BackendPlugin;
