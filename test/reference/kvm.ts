/** Shadow paging, policies `kvm` (Linux 6.1) and `kvm-6.12`: walk, faults, stores, exits (rule 9). */
import { indexAt, sizeOfLevel } from './entry.js';
import { HostPages } from './host-pages.js';
import { Filler } from './kvm-fill.js';
import { type KvmPage, KvmPages, type KvmVcpu } from './kvm-pages.js';
import { invalidatePage, syncBelow } from './kvm-sync.js';
import { type KvmGuestWalk, walkForKvm } from './kvm-walk.js';
import { countReference, exit, flushAllOf, flushPageOf } from './machine.js';
import type { AddressSpace, Backend, Machine, PageAccess, Vcpu, WalkResult } from './machine.js';

/** Emulated stores in a row that make a table an ordinary page again (detect_write_flooding). */
const FLOOD = 3;

export class KvmShadow implements Backend {
  readonly pages: KvmPages;
  #m: Machine;
  #filler: Filler;

  constructor(machine: Machine, root: number) {
    this.#m = machine;
    this.pages = new KvmPages(machine, new HostPages(machine.config, machine.p2m));
    this.#filler = new Filler(this.pages);
    for (const hardware of machine.vcpus) this.pages.addVcpu(hardware, root);
    machine.counts.reset();
  }

  #state(vcpu: Vcpu): KvmVcpu {
    return this.pages.vcpus[vcpu.id]!;
  }

  /** After an exit: what the TLBs hold of entries that were changed has to go (9.12). */
  #flushIfTouched(): void {
    if (!this.pages.touched) return;
    this.pages.touched = false;
    for (const vcpu of this.#m.vcpus) flushAllOf(this.#m, vcpu);
  }

  // The hardware's walk. Upper shadow entries forbid nothing; the rights are in the leaf (9.1).

  walk(vcpu: Vcpu, access: PageAccess): WalkResult {
    const { vpn, write, origin } = access;
    const hit = vcpu.guestCache.lookup(origin, vcpu.space.id, vpn);
    let level = hit ? hit.level - 1 : 4;
    let page = hit ? this.pages.pages.find((p) => p.number === hit.table)! : this.#state(vcpu).root;
    for (;;) {
      const index = indexAt(vpn, level);
      countReference(this.#m, vcpu, access, 'shadow', level, 0x30000000 + page.number, index);
      const entry = page.entries[index] ?? null;
      if (entry === null) return this.#fault(vcpu, access, false);
      if (entry.kind === 'map') {
        if (write && !entry.w) return this.#fault(vcpu, access, true);
        return { end: 'ok', size: sizeOfLevel(level), w: entry.w, g: false };
      }
      vcpu.guestCache.enter(vcpu.space.id, vpn, level, entry.page.number, true);
      page = entry.page;
      level -= 1;
    }
  }

  // 9.3: the fault handler.

  #fault(vcpu: Vcpu, access: PageAccess, present: boolean): WalkResult {
    exit(this.#m, 'pf');
    this.#m.counts.add('shadow.fault');
    const result = this.#handle(this.#state(vcpu), access, present);
    this.pages.replaceDeadRoots();
    this.#flushIfTouched();
    return result;
  }

  #handle(state: KvmVcpu, access: PageAccess, present: boolean): WalkResult {
    const { counts, p2m } = this.#m;
    const { vpn, write } = access;
    counts.add('shadow.guest_walks');
    const walk = walkForKvm(this.#m, state.cr3, vpn, write);
    if ('present' in walk) {
      if (walk.present) this.#invalidate(state.root, vpn);
      counts.add('shadow.real');
      counts.add('vmexit.pf.guest');
      return { end: 'fault' };
    }
    if (!p2m.isRam(walk.target)) {
      counts.add('shadow.mmio');
      counts.add('vmexit.pf.mmio');
      return { end: 'done' };
    }
    if (present && write && this.pages.isTracked(walk.target)) {
      for (const step of this.#path(state.root, vpn)) step.page.floods = 0;
      return this.#emulate(walk.target, access);
    }
    if (this.#hostCopies(walk, write)) return this.#fixed('fixup');
    this.pages.makeAvailable();
    const filled = this.#filler.fill(state, walk, vpn, write);
    if (filled === 'protected') return this.#emulate(walk.target, access);
    return this.#fixed(filled === 'unsynced' ? 'unsync' : 'fixup');
  }

  #fixed(kind: 'fixup' | 'unsync'): WalkResult {
    this.#m.counts.add('shadow.fixed');
    this.#m.counts.add(`vmexit.pf.${kind}`);
    return { end: 'retry' };
  }

  /** 9.14: kvm_faultin_pfn. True if the host put a copy in place of the zero page: the fault is retried. */
  #hostCopies(walk: KvmGuestWalk, write: boolean): boolean {
    const { host } = this.pages;
    const backing = host.of(walk.target);
    if (backing === 'absent') host.bring(walk.target, write);
    if (backing !== 'zero' || !write) return false;
    this.pages.unmapFrames(host.copy(walk.target));
    return true;
  }

  /** 9.9: the store is made, and what the table's shadows say of the entry is forgotten. */
  #emulate(gfn: number, access: PageAccess): WalkResult {
    const { memory, counts } = this.#m;
    counts.add('shadow.emulate');
    counts.add('vmexit.pf.emulate');
    const { host } = this.pages;
    if (host.of(gfn) === 'zero') this.pages.unmapFrames(host.copy(gfn));
    memory.write(gfn, access.index, access.value ?? memory.read(gfn, access.index));
    for (const page of this.pages.tablesOf(gfn)) {
      if (page.level > 1) page.floods++;
      if (page.floods < FLOOD) {
        this.pages.drop(page, access.index);
        continue;
      }
      counts.add('shadow.early_unshadow');
      this.pages.zap(page);
    }
    return { end: 'done' };
  }

  /** The pages that translate a page, as far as they are linked, with the index used in each. */
  #path(root: KvmPage, vpn: number): { page: KvmPage; index: number }[] {
    const steps = [];
    let page = root;
    for (let level = 4; ; level--) {
      const index = indexAt(vpn, level);
      steps.push({ page, index });
      const entry = page.entries[index];
      if (entry?.kind !== 'link') return steps;
      page = entry.page;
    }
  }

  #invalidate(root: KvmPage, vpn: number): void {
    invalidatePage(this.pages, this.#path(root, vpn));
  }

  // 9.7, 9.8: what the guest does besides accesses.

  loadCr3(vcpu: Vcpu, victim: AddressSpace | null): void {
    exit(this.#m, 'cr3_write');
    if (this.#m.config.guest.pcid && victim === null) {
      throw new Error('the reference does not cover CR3 loads that keep translations under kvm');
    }
    const state = this.#state(vcpu);
    if (vcpu.space.root !== state.cr3) this.pages.switchRoot(state, vcpu.space.root);
    syncBelow(this.pages, state.root);
    flushAllOf(this.#m, vcpu);
    this.#flushIfTouched();
  }

  invlpg(vcpu: Vcpu, vpn: number): void {
    exit(this.#m, 'invlpg');
    this.#m.counts.add('shadow.invlpg');
    const state = this.#state(vcpu);
    for (const root of [state.root, ...state.previous]) this.#invalidate(root, vpn);
    flushPageOf(this.#m, vcpu, vpn);
    this.#flushIfTouched();
  }

  /** kvm_vcpu_flush_tlb_guest: the current root is synced, cached ones that need it are dropped. */
  flushAll(vcpu: Vcpu): void {
    if (this.#m.config.vendor === 'amd') exit(this.#m, 'cr4_read');
    exit(this.#m, 'cr4_write');
    exit(this.#m, 'cr4_write');
    const state = this.#state(vcpu);
    syncBelow(this.pages, state.root);
    state.previous = state.previous.filter((root) => this.pages.unsyncBelow(root).length === 0);
    flushAllOf(this.#m, vcpu);
    this.#flushIfTouched();
  }

  cpuid(): void {
    exit(this.#m, 'cpuid');
  }

  ptdying(): void {
    exit(this.#m, 'vmcall');
  }

  /** Pages in use: `l1` to `l4` are shadows of guest tables, `fl1` pieces of superpages. */
  memory(): Record<string, number> {
    const { pages } = this.pages;
    const result: Record<string, number> = {
      'shadow.pages': pages.length,
      'shadow.fl1.pages': pages.filter((page) => page.direct).length,
    };
    for (const level of [1, 2, 3, 4]) {
      const tables = pages.filter((page) => !page.direct && page.level === level);
      result[`shadow.l${level}.pages`] = tables.length;
    }
    return result;
  }

  /** 9.11: the memory slot is deleted and made again. */
  dropTranslations(): void {
    this.pages.zapAll();
    this.#flushIfTouched();
  }
}
