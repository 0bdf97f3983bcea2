/** Native paging (rule 4) and what native and HAP do alike for CR3, INVLPG and flushes (7.4). */
import { A, D, G, RW, P, gfnOf, has, indexAt, isLeaf, pagesOf, plus, sizeOfLevel, smaller } from './entry.js';
import { MFN_OFFSET, type SizeName } from './entry.js';
import { exit, flushAllOf, flushPageOf, countReference } from './machine.js';
import type { AddressSpace, Backend, Machine, PageAccess, Vcpu, WalkResult } from './machine.js';
import type { P2mTable } from './p2m.js';

/** A translated guest frame: the size of the host leaf, or how the walk ends. */
type HostAnswer = { size: SizeName } | { end: 'retry' } | { end: 'done' };

export class HardwareWalker implements Backend {
  #m: Machine;

  constructor(machine: Machine) {
    this.#m = machine;
  }

  /** Rules 4 (native) and 5 (hap: each gPA is translated first). */
  walk(vcpu: Vcpu, access: PageAccess): WalkResult {
    const { memory, counts, config, mode } = this.#m;
    const id = vcpu.space.id;
    const { vpn } = access;
    const combined = config.pwc.semantics === 'combined';
    const hit = vcpu.guestCache.lookup(access.origin, id, vpn);
    let level = hit ? hit.level - 1 : config.guest.levels;
    let table = hit ? hit.table : vcpu.space.root;
    let w = hit ? hit.w : true;
    // Native tables need no translation; a combined hit gives the host address (3.1).
    let known = mode === 'native' || (hit !== undefined && combined);
    for (;;) {
      if (!known) {
        const host = this.#host(vcpu, access, table);
        if ('end' in host) return host;
      }
      const index = indexAt(vpn, level);
      const frame = mode === 'native' ? table : table + MFN_OFFSET;
      countReference(this.#m, vcpu, access, 'guest', level, frame, index);
      const entry = memory.read(table, index);
      if (!has(entry, P)) return { end: 'fault' };
      w = w && has(entry, RW);
      if (isLeaf(entry, level)) return this.#leaf(vcpu, access, table, level, w);
      if (!has(entry, A)) {
        memory.write(table, index, plus(entry, A));
        counts.addFor(access.origin, 'walk.ad_updates');
      }
      const next = gfnOf(entry);
      known = mode === 'native';
      if (mode === 'hap' && combined) {
        const host = this.#host(vcpu, access, next);
        if ('end' in host) return host;
        known = true;
      }
      vcpu.guestCache.enter(id, vpn, level, next, w);
      table = next;
      level -= 1;
    }
  }

  #leaf(vcpu: Vcpu, access: PageAccess, table: number, level: number, w: boolean): WalkResult {
    const { memory, counts, mode } = this.#m;
    const index = indexAt(access.vpn, level);
    const entry = memory.read(table, index);
    let size = sizeOfLevel(level);
    if (access.write && !w) return { end: 'fault' };
    if (mode === 'hap') {
      const host = this.#host(vcpu, access, gfnOf(entry) + (access.vpn % pagesOf(size)));
      if ('end' in host) return host;
      size = smaller(size, host.size);
    }
    let updated = plus(entry, A);
    if (access.write) updated = plus(updated, D);
    if (updated !== entry) {
      memory.write(table, index, updated);
      counts.addFor(access.origin, 'walk.ad_updates');
    }
    return { end: 'ok', size, w: w && has(updated, D), g: has(updated, G) };
  }

  /** host(gfn) of rule 5. */
  #host(vcpu: Vcpu, access: PageAccess, gfn: number): HostAnswer {
    const { p2m } = this.#m;
    const nested = vcpu.nestedTlb.lookup(access.origin, gfn);
    if (nested) return { size: nested };
    const hit = vcpu.hostCache.lookup(access.origin, '', gfn);
    let table: P2mTable = hit ? hit.table : p2m.root;
    for (;;) {
      const index = indexAt(gfn, table.level);
      countReference(this.#m, vcpu, access, 'nested', table.level, 0x20000000 + table.number, index);
      const entry = table.entries.get(index);
      if (entry === 'leaf') break;
      if (entry === undefined) {
        vcpu.hostCache.dropCovering('', gfn);
        return this.#violation(gfn);
      }
      vcpu.hostCache.enter('', gfn, table.level, entry, true);
      table = entry;
    }
    const size = sizeOfLevel(table.level);
    vcpu.nestedTlb.enter(gfn, size);
    return { size };
  }

  #violation(gfn: number): HostAnswer {
    if (this.#m.p2m.isRam(gfn)) {
      exit(this.#m, 'npf');
      this.#m.p2m.populate(gfn);
      return { end: 'retry' };
    }
    exit(this.#m, 'mmio');
    return { end: 'done' };
  }

  /** Rule 7.4: PCID off flushes all non-global entries; on, those of one address space or none. */
  loadCr3(vcpu: Vcpu, victim: AddressSpace | null): void {
    if (!this.#m.config.guest.pcid) {
      this.#m.counts.add('tlb.flush.asid');
      vcpu.tlb.removeIf((t) => !t.g);
      vcpu.guestCache.flush();
      return;
    }
    vcpu.tlb.removeIf((t) => t.space === 'kernel' && !t.g);
    if (victim === null) return;
    this.#m.counts.add('tlb.flush.asid');
    vcpu.tlb.removeIf((t) => !t.g && t.space === victim.id);
    vcpu.guestCache.flush(victim.id);
  }

  invlpg(vcpu: Vcpu, vpn: number): void {
    flushPageOf(this.#m, vcpu, vpn);
  }

  /** 8.2 FLUSHALL: AMD takes 3 exits under HAP, Intel none; native none. */
  flushAll(vcpu: Vcpu): void {
    if (this.#m.mode === 'hap' && this.#m.config.vendor === 'amd') {
      exit(this.#m, 'cr4_read');
      exit(this.#m, 'cr4_write');
      exit(this.#m, 'cr4_write');
    }
    flushAllOf(this.#m, vcpu);
  }

  cpuid(): void {
    if (this.#m.mode === 'hap') exit(this.#m, 'cpuid');
  }

  ptdying(): void {}
}
