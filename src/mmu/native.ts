/**
 * Native: no hypervisor. A one-dimensional walk of the guest's own tables (SDM vol. 3, 4.5; docs/model.md 4).
 *
 * The baseline against which every overhead is quoted. gfn = mfn; nothing exits.
 */
import { pageOffset, tableIndex } from '../arch/paging.js';
import { PTE_A, PTE_D, PTE_G, PTE_P, PTE_PS, PTE_RW } from '../arch/pte.js';
import type { Arena } from '../util/arena.js';
import type { AddressSpace } from '../guest/address-space.js';
import type { Cr3Flush } from '../guest/port.js';
import type { TableMemory } from '../counters.js';
import {
  type BackendPlugin,
  FILLED,
  GUEST_FAULT,
  type MachineEvent,
  type MachineParts,
  type MmuBackend,
  type Vcpu,
} from './backend.js';
import { flushForCr3, flushForInvlpg, invpcid } from './flush.js';
import { KnownTables } from './known-tables.js';
import { type KernelWalks, ONE_DIMENSION } from './kernel-walks.js';
import { startWalk } from './walk-start.js';
import { TLB_G, TLB_W } from './tlb-hierarchy.js';

class NativeBackend implements MmuBackend {
  readonly #parts: MachineParts;
  readonly #known: KnownTables;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.#known = new KnownTables(parts.guest.tables, parts.ids);
  }

  kernelWalks(arena: Arena): KernelWalks {
    this.#known.moveTo(arena);
    return { dimensions: ONE_DIMENSION, known: this.#known, p2m: null, plain: () => true };
  }

  walk(vcpu: Vcpu, hi: number, lo: number, write: boolean): number {
    const { guest, origin, watch, translation } = this.#parts;
    const c = origin.counters;
    const { tables } = guest;
    const { pwc, cache } = vcpu;
    const first = startWalk(vcpu, guest.current[vcpu.id]!.root, guest.levels);
    if (watch.observer !== null && first < guest.levels) watch.observer.cached?.('pwc', first + 1);
    let { table, writable } = pwc;
    for (let level = first; ; level--) {
      const index = tableIndex(hi, lo, level);
      const slot = this.#known.slot(vcpu.page, table, level);
      const flags = tables.flagsAt(slot, index);
      const frame = tables.frameAt(slot, index);
      if (cache.enabled) cache.read(table, index, c);
      watch.observer?.reference('guest', level, table, index, (flags & PTE_P) === 0 ? null : frame);
      if ((flags & PTE_P) === 0) {
        c.guestWalks.add(pwc.outcome, first, level);
        return GUEST_FAULT;
      }
      writable &&= (flags & PTE_RW) !== 0;
      if (level === 1 || (level <= 3 && (flags & PTE_PS) !== 0)) {
        c.guestWalks.add(pwc.outcome, first, level);
        if (write && !writable) return GUEST_FAULT;
        const marked = flags | PTE_A | (write ? PTE_D : 0);
        if (marked !== flags) {
          tables.setFlagsAt(slot, index, marked);
          c.adUpdates += 1;
        }
        const size = level - 1;
        translation.size = size;
        translation.flags =
          (writable && (marked & PTE_D) !== 0 ? TLB_W : 0) | ((flags & PTE_G) !== 0 ? TLB_G : 0);
        translation.gfn = frame + pageOffset(hi, lo, size);
        translation.mfn = translation.gfn;
        return FILLED;
      }
      if ((flags & PTE_A) === 0) {
        tables.setFlagsAt(slot, index, flags | PTE_A);
        c.adUpdates += 1;
      }
      pwc.insert(vcpu.space, vcpu.page, level, frame, writable);
      table = frame;
    }
  }

  cr3(vcpu: Vcpu, _space: AddressSpace, flush: Cr3Flush): void {
    flushForCr3(vcpu, flush);
  }

  invlpg(vcpu: Vcpu, hi: number, lo: number): void {
    flushForInvlpg(vcpu, this.#parts.ids, hi, lo);
  }

  ramGrown(): void {}

  event(vcpu: Vcpu, event: MachineEvent): string | null {
    const { guest, counters, ids } = this.#parts;
    switch (event.kind) {
      case 'flushall':
        counters.fullFlushes += 1;
        vcpu.tlb.flushAll();
        vcpu.pwc.flush();
        return null;
      case 'invpcid':
        return invpcid(vcpu, ids, guest, event);
      case 'cr0wp':
        return event.on ? null : 'CR0.WP=0 needs privilege levels, which traces do not carry';
      case 'pgmode':
        return event.levels === guest.levels ? null : 'the guest cannot change its paging mode';
      default:
        return null;
    }
  }

  memory(_memory: TableMemory): void {}
}

export const native = {
  name: 'native',
  summary: 'no hypervisor: a one-dimensional walk, no exits; the baseline',
  describe: (config) => `native, ${config.guest.levels}-level tables`,
  create: (parts) => new NativeBackend(parts),
} satisfies BackendPlugin;
