/**
 * HAP: hardware-assisted paging (EPT/NPT). The two-dimensional walk, and the exits that remain.
 *
 * Each guest table's gPA, and the data page's at the end, is translated through the p2m by the hardware:
 * up to (g+1)(h+1)-1 references (24 for 4x4, 35 for 5x5), no exit. Exits: a p2m entry that is not there yet,
 * or read-only and written (population at first touch as KVM does it, hypervisor/p2m-fill.ts; Xen's builder
 * populates everything: tools/libs/guest meminit_hvm), device accesses, and mmu/control-exits.ts. Guest faults,
 * CR3 loads, INVLPG and table stores do not exit (Xen vmcs.c construct_vmcs, vmcb.c construct_vmcb).
 * docs/model.md 5.
 */
import { pageOffset, SIZE_1G, tableIndex } from '../arch/paging.js';
import { PTE_A, PTE_D, PTE_G, PTE_P, PTE_PS, PTE_RW } from '../arch/pte.js';
import type { MachineConfig } from '../config/schema.js';
import type { Arena } from '../util/arena.js';
import type { AddressSpace } from '../guest/address-space.js';
import type { Cr3Flush } from '../guest/port.js';
import { HostMemory } from '../hypervisor/host-memory.js';
import { MFN_OFFSET, type P2m } from '../hypervisor/p2m.js';
import { P2mFill } from '../hypervisor/p2m-fill.js';
import { hapPoolPages } from '../hypervisor/pool.js';
import type { TableMemory } from '../counters.js';
import {
  type BackendPlugin,
  EMULATED,
  FILLED,
  GUEST_FAULT,
  type MachineEvent,
  type MachineParts,
  type MmuBackend,
  NPF_WALK,
  RETRY,
  type Vcpu,
} from './backend.js';
import { controlExits } from './control-exits.js';
import { flushForCr3, flushForInvlpg, invpcid } from './flush.js';
import { KnownTables } from './known-tables.js';
import { NestedWalk, NOT_RAM, NOT_WRITABLE, READ_ONLY } from './nested-walk.js';
import { type KernelWalks, TLBS_ONLY, TWO_DIMENSIONS } from './kernel-walks.js';
import { startWalk } from './walk-start.js';
import { TLB_G, TLB_W } from './tlb-hierarchy.js';
import type { WalkObserver } from './walk-observer.js';

/** The hardware walks guest tables as if it wrote to them (KVM: error code 6 on either vendor; EPT with A/D). */
const WALKER_WRITES = true;

class HapBackend implements MmuBackend {
  readonly #parts: MachineParts;
  readonly #p2m: P2m;
  readonly #fill: P2mFill;
  readonly #nested: NestedWalk;
  readonly #known: KnownTables;
  readonly #lazy: boolean;
  readonly #combined: boolean;
  constructor(parts: MachineParts) {
    this.#parts = parts;
    const { guest } = parts;
    const { host, pwc } = parts.config;
    this.#p2m = parts.p2m(SIZE_1G);
    const memory = new HostMemory(host, (gfn) => this.#p2m.leafSize(gfn));
    this.#fill = new P2mFill(this.#p2m, memory, host.fill);
    this.#nested = new NestedWalk(parts, this.#p2m);
    this.#known = new KnownTables(guest.tables, parts.ids);
    this.#lazy = host.populate === 'lazy' && parts.config.guest.memory === 'cold';
    this.#combined = pwc.semantics === 'combined';
    this.ramGrown(parts.guest.allocator.ram);
  }

  ramGrown(ram: number): void {
    this.#p2m.setRam(ram, !this.#lazy);
  }

  loaded(gfn: number): void {
    this.#fill.loaded(gfn);
  }

  kernelWalks(arena: Arena): KernelWalks {
    this.#known.moveTo(arena);
    const dimensions = this.#combined ? TWO_DIMENSIONS : TLBS_ONLY;
    return { dimensions, known: this.#known, p2m: this.#p2m, plain: () => this.#nested.plain };
  }

  walk(vcpu: Vcpu, hi: number, lo: number, write: boolean): number {
    const { guest, origin, watch } = this.#parts;
    const c = origin.counters;
    const { tables } = guest;
    const { pwc, cache } = vcpu;
    const { observer } = watch;
    const combined = this.#combined;
    const first = startWalk(vcpu, guest.current[vcpu.id]!.root, guest.levels);
    if (observer !== null && first < guest.levels) observer.cached?.('pwc', first + 1);
    const { outcome } = pwc;
    let { table, writable } = pwc;
    let translated = first < guest.levels && combined;
    for (let level = first; ; level--) {
      if (!translated) {
        observer?.translating(level);
        const host = this.#hostWalk(vcpu, table, WALKER_WRITES, observer);
        if (host < 0) {
          c.guestWalks.add(outcome, first, level + 1);
          return this.#hostFault(vcpu, table, host, WALKER_WRITES, NPF_WALK);
        }
        // A combined entry exists once it is known where the next table is in host memory.
        if (combined && level < guest.levels) pwc.insert(vcpu.space, vcpu.page, level + 1, table, writable);
      }
      translated = false;
      const index = tableIndex(hi, lo, level);
      const slot = this.#known.slot(vcpu.page, table, level);
      const flags = tables.flagsAt(slot, index);
      const frame = tables.frameAt(slot, index);
      if (cache.enabled) cache.read(table + MFN_OFFSET, index, c);
      observer?.reference('guest', level, table, index, (flags & PTE_P) === 0 ? null : frame);
      if ((flags & PTE_P) === 0) {
        c.guestWalks.add(outcome, first, level);
        return GUEST_FAULT;
      }
      writable &&= (flags & PTE_RW) !== 0;
      if (level === 1 || (level <= 3 && (flags & PTE_PS) !== 0)) {
        c.guestWalks.add(outcome, first, level);
        if (write && !writable) return GUEST_FAULT;
        const gfn = frame + pageOffset(hi, lo, level - 1);
        observer?.translating(0);
        const host = this.#hostWalk(vcpu, gfn, write, observer);
        if (host < 0) return this.#hostFault(vcpu, gfn, host, write, 0);
        const marked = flags | PTE_A | (write ? PTE_D : 0);
        if (marked !== flags) {
          tables.setFlagsAt(slot, index, marked);
          c.adUpdates += 1;
        }
        return this.#filled(gfn, level - 1, host, writable && (marked & PTE_D) !== 0, (flags & PTE_G) !== 0);
      }
      if ((flags & PTE_A) === 0) {
        tables.setFlagsAt(slot, index, flags | PTE_A);
        c.adUpdates += 1;
      }
      if (!combined) pwc.insert(vcpu.space, vcpu.page, level, frame, writable);
      table = frame;
    }
  }

  #hostWalk(vcpu: Vcpu, gfn: number, write: boolean, observer: WalkObserver | null): number {
    return observer === null
      ? this.#nested.walk(vcpu, gfn, write)
      : this.#nested.watchedWalk(vcpu, gfn, write, observer);
  }

  /** @param host what the nested walk of `gfn` said; the TLB entry covers min(guest leaf, host leaf) */
  #filled(gfn: number, size: number, host: number, writable: boolean, global: boolean): number {
    const { translation } = this.#parts;
    translation.size = Math.min(size, host & ~READ_ONLY);
    translation.flags = (writable && host < READ_ONLY ? TLB_W : 0) | (global ? TLB_G : 0);
    translation.gfn = gfn;
    translation.mfn = this.#p2m.mfn(gfn);
    return FILLED;
  }

  /**
   * EPT violation / NPF: RAM is mapped, or made writable; anything else is a device access.
   * @param walk NPF_WALK if `gfn` is a guest table, 0 if it is what the guest accesses
   */
  #hostFault(vcpu: Vcpu, gfn: number, why: number, write: boolean, walk: number): number {
    const { counters, watch } = this.#parts;
    counters.exits += 1;
    // An EPT violation drops the guest-physical mappings of that gPA (SDM 28.3.3.1).
    vcpu.npwc.invalidate(gfn);
    if (why === NOT_RAM) {
      counters.exitMmio += 1;
      watch.observer?.note('VMEXIT mmio: the gfn is not RAM, the access is emulated');
      watch.exits?.exit('mmio', 0, 0, 0, null);
      return EMULATED;
    }
    counters.exitNpf += 1;
    watch.exits?.exit('npf', 0, gfn, (why === NOT_WRITABLE ? 1 : 0) | (write ? 2 : 0) | walk, null);
    if (this.#fill.fill(gfn, write)) watch.observer?.note('VMEXIT npf: the p2m entry is filled');
    else {
      watch.observer?.note('VMEXIT npf: the host copies the page, what the p2m said of it is dropped');
      if (why === NOT_WRITABLE) this.#flushAll();
    }
    return RETRY;
  }

  /** As after the deletion of a memory slot (Linux kvm_arch_flush_shadow_memslot): what was mapped faults again. */
  dropTranslations(): void {
    this.#p2m.clear();
    this.#flushAll();
  }

  /** Whatever the hardware may have kept of p2m entries that are gone (Linux kvm_flush_remote_tlbs). */
  #flushAll(): void {
    for (const vcpu of this.#parts.vcpus) {
      vcpu.tlb.flushAll();
      vcpu.pwc.flush();
      vcpu.npwc.flush();
      vcpu.ntlb?.flush();
    }
  }

  cr3(vcpu: Vcpu, _space: AddressSpace, flush: Cr3Flush): void {
    flushForCr3(vcpu, flush);
  }

  invlpg(vcpu: Vcpu, hi: number, lo: number): void {
    flushForInvlpg(vcpu, this.#parts.ids, hi, lo);
  }

  event(vcpu: Vcpu, event: MachineEvent): string | null {
    const { guest, counters, ids, watch } = this.#parts;
    controlExits(this.#parts, event);
    switch (event.kind) {
      case 'flushall':
        counters.fullFlushes += 1;
        vcpu.tlb.flushAll();
        vcpu.pwc.flush();
        return null;
      case 'invpcid':
        return invpcid(vcpu, ids, guest, event);
      case 'mmio':
        if (event.device === 'direct') return null;
        counters.exits += 1;
        counters.exitMmio += 1;
        watch.exits?.exit('mmio', 0, 0, 0, null);
        return null;
      case 'cr0wp':
        return event.on ? null : 'CR0.WP=0 needs privilege levels, which traces do not carry';
      case 'pgmode':
        return event.levels === guest.levels ? null : 'the guest cannot change its paging mode';
      default:
        return null;
    }
  }

  memory(memory: TableMemory): void {
    addP2mMemory(this.#p2m, memory);
    memory['pool.pages'] = hapPoolPages(this.#parts.config.vcpus, this.#parts.guest.allocator.ram);
    // Users of the pool: the p2m and one monitor page per vcpu (hap_make_monitor_table).
    memory['pool.free.pages'] = Math.max(
      0,
      memory['pool.pages'] - this.#p2m.total - this.#parts.config.vcpus,
    );
  }
}

export function addP2mMemory(p2m: P2m, memory: TableMemory): void {
  memory['p2m.pages'] = p2m.total;
  memory['p2m.pages.peak'] = p2m.peak;
  memory['p2m.l1.pages'] = p2m.pages[1]!;
  memory['p2m.l2.pages'] = p2m.pages[2]!;
  memory['p2m.l3.pages'] = p2m.pages[3]!;
  memory['p2m.l4.pages'] = p2m.pages[4]!;
  memory['p2m.l5.pages'] = p2m.pages[5]!;
}

function describe(config: MachineConfig): string {
  const { guest, host } = config;
  const walk = `${guest.levels}-level guest x ${host.levels}-level ${config.vendor === 'amd' ? 'NPT' : 'EPT'}`;
  return `hap, ${walk}, guest leaves ${guest.pageSize}, host leaves up to ${host.pageSize}, p2m ${host.populate}`;
}

export const hap = {
  name: 'hap',
  summary: 'hardware-assisted paging (EPT/NPT): two-dimensional walks, almost no exits',
  describe,
  create: (parts) => new HapBackend(parts),
} satisfies BackendPlugin;
