/** Shadow paging, policies `xen` and `xen-oos-off`: walk, faults, tables, exits (rule 6). */
import type { MachineConfig } from '../../src/config/schema.js';
import { A, D, P, RW, gfnOf, has, indexAt, make } from './entry.js';
import { countReference, exit, flushAllOf, flushPageOf } from './machine.js';
import type { Backend, Machine, PageAccess, Vcpu, WalkResult } from './machine.js';
import {
  isPresent,
  type ShadowEntry,
  type ShadowPage,
  ShadowPages,
  type ShadowVcpu,
} from './shadow-pages.js';
import { type GuestWalk, level1Entry, upperEntry, walkGuest } from './shadow-walk.js';
import { TableStores, TYPE } from './shadow-stores.js';
import { OutOfSync } from './shadow-oos.js';

/** 6.5: out-of-sync tables that a vcpu can have. */
function slotsOf({ policy, oosSlots }: MachineConfig['shadow']): number {
  if (oosSlots !== 'auto') return oosSlots;
  return policy === 'xen-oos-off' ? 0 : 3;
}

export class Shadow implements Backend {
  readonly pages: ShadowPages;
  #m: Machine;
  #oos: OutOfSync;
  #stores: TableStores;

  constructor(machine: Machine, root: number) {
    this.#m = machine;
    this.pages = new ShadowPages(machine);
    this.#oos = new OutOfSync(this.pages, (entry, demandWrite) =>
      level1Entry(this.pages, entry, demandWrite),
    );
    this.#stores = new TableStores(this.pages, this.#oos);
    // 6.10: at the start every vcpu has the first root loaded, without counts.
    const page = this.pages.make(root, 'l4');
    for (const hardware of machine.vcpus) {
      page.refs++;
      this.pages.vcpus.push({
        hardware,
        root: page,
        slots: Array.from({ length: slotsOf(machine.config.shadow) }, () => null),
        lastEmulated: { vpn: 0, gfn: 0, ok: false },
        lastUnshadowGfn: null,
        lastWritable: null,
      });
    }
    this.pages.pin(page);
    machine.counts.reset();
  }

  /** The state of the vcpu that does something now. */
  #state(vcpu: Vcpu): ShadowVcpu {
    this.pages.acting = this.pages.vcpus[vcpu.id]!;
    return this.pages.acting;
  }

  // 6.1: the hardware's walk.

  walk(vcpu: Vcpu, access: PageAccess): WalkResult {
    const { vpn, write, origin } = access;
    const hit = vcpu.guestCache.lookup(origin, vcpu.space.id, vpn);
    let level = hit ? hit.level - 1 : 4;
    let page = hit ? this.pages.pages[hit.table]! : this.#state(vcpu).root;
    let w = hit ? hit.w : true;
    for (;;) {
      const index = indexAt(vpn, level);
      countReference(this.#m, vcpu, access, 'shadow', level, 0x30000000 + page.number, index);
      const entry = page.entries[index];
      if (!isPresent(entry)) return this.#fault(vcpu, access, false);
      w = w && entry.rw;
      if (entry.kind === 'map') break;
      vcpu.guestCache.enter(vcpu.space.id, vpn, level, entry.page.number, w);
      page = entry.page;
      level -= 1;
    }
    if (write && !w) return this.#fault(vcpu, access, true);
    return { end: 'ok', size: '4k', w, g: false };
  }

  // 6.2: the fault handler.

  #fault(vcpu: Vcpu, access: PageAccess, present: boolean): WalkResult {
    const { counts } = this.#m;
    const state = this.#state(vcpu);
    exit(this.#m, 'pf');
    counts.add('shadow.fault');
    // Step 1.
    const last = state.lastEmulated;
    if (last.ok && last.vpn === access.vpn) {
      if (present && access.write && !this.pages.slotOf(last.gfn)) {
        counts.add('shadow.emulate_fast');
        counts.add('vmexit.pf.emulate');
        this.#stores.emulate(state, last.gfn, access, true);
        return { end: 'done' };
      }
      last.ok = false;
    }
    for (;;) {
      const result = this.#slowPath(state, access);
      if (result) return result;
    }
  }

  /** Steps 2 - 12; null: go to step 2 again. */
  #slowPath(state: ShadowVcpu, access: PageAccess): WalkResult | null {
    const { counts } = this.#m;
    const { vpn, write } = access;
    counts.add('shadow.guest_walks');
    const walk = walkGuest(this.#m, state.hardware.space.root, vpn, write);
    if (walk === null) {
      counts.add('shadow.real');
      counts.add('vmexit.pf.guest');
      state.lastUnshadowGfn = null;
      return { end: 'fault' };
    }
    if (!this.#m.p2m.isRam(walk.target)) {
      counts.add('shadow.mmio');
      counts.add('vmexit.pf.mmio');
      state.lastUnshadowGfn = null;
      return { end: 'done' };
    }
    this.pages.prealloc(3);
    if (this.#protectPath(walk)) return null;
    const page = this.#makePath(state, walk, vpn, write);
    // Step 7.
    let unsynced = false;
    if (write && this.pages.isTable(walk.target)) unsynced = this.#oos.unsync(state, walk.target);
    // Step 8 needs no code: nothing above changes guest tables.
    this.#fillAndPrefetch(page, walk, vpn, write);
    if (write && this.pages.isTable(walk.target) && !this.pages.slotOf(walk.target)) {
      counts.add('shadow.emulate');
      counts.add('vmexit.pf.emulate');
      this.#stores.emulate(state, walk.target, access, false);
      return { end: 'done' };
    }
    counts.add('shadow.fixed');
    counts.add(unsynced ? 'vmexit.pf.unsync' : 'vmexit.pf.fixup');
    state.lastUnshadowGfn = null;
    return { end: 'retry' };
  }

  /** Step 5; true: something was resynced, walk again. */
  #protectPath(walk: GuestWalk): boolean {
    let removed = false;
    let resynced = false;
    for (let level = 3; level >= walk.leafLevel; level--) {
      const gfn = walk.tables[level]!;
      const outOfSync = this.pages.slotOf(gfn) !== undefined;
      if (outOfSync && level > 1) {
        this.#oos.resync(gfn);
        resynced = true;
      } else if (!outOfSync) {
        removed = this.#oos.removeWriteAccess(gfn) || removed;
      }
    }
    if (removed) {
      this.#m.counts.add('shadow.flush_rm_write');
      this.pages.flushAllVcpus();
    }
    return resynced;
  }

  /** Step 6: the shadows of the path, linked; returns the l1 or fl1. */
  #makePath(state: ShadowVcpu, walk: GuestWalk, vpn: number, write: boolean): ShadowPage {
    let parent = state.root;
    let linkedUpper = false;
    for (let level = 3; level >= 2; level--) {
      const index = indexAt(vpn, level + 1);
      if (!isPresent(parent.entries[index])) {
        this.pages.setUpper(parent, index, this.#link(walk, level));
        linkedUpper = true;
      }
      parent = this.#child(parent, index);
    }
    const index = indexAt(vpn, 2);
    const old = parent.entries[index];
    const splinter = walk.leafLevel === 2;
    if (!isPresent(old) || (write && splinter && !old.rw)) {
      this.pages.setUpper(parent, index, this.#link(walk, 1));
    }
    if (linkedUpper) this.#oos.resyncAll(state);
    return this.#child(parent, index);
  }

  #child(parent: ShadowPage, index: number): ShadowPage {
    const entry = parent.entries[index];
    if (!isPresent(entry) || entry.kind !== 'link') throw new Error('a link that was just made is missing');
    return entry.page;
  }

  /** The link to the shadow of the path's table of `level` (or to the fl1 of its superpage). */
  #link(walk: GuestWalk, level: number): ShadowEntry {
    const above = walk.entries[level + 1]!;
    const type = level === 1 && walk.leafLevel === 2 ? 'fl1' : TYPE[level]!;
    const gfn = gfnOf(above);
    const page = this.pages.find(gfn, type) ?? this.pages.make(gfn, type);
    return upperEntry(above, level + 1, page);
  }

  /** Steps 9 and 10. */
  #fillAndPrefetch(page: ShadowPage, walk: GuestWalk, vpn: number, write: boolean): void {
    const { memory, counts } = this.#m;
    const index = indexAt(vpn, 1);
    const fl1 = walk.leafLevel === 2;
    const big = walk.entries[2]!;
    // What the guest says about entry i; for an fl1 it is synthesized (6.3).
    const guestEntry = (i: number): number =>
      fl1 ? make(gfnOf(big) + i, P + A + D + (has(big, RW) ? RW : 0)) : memory.read(walk.tables[1]!, i);
    const snapshot = fl1 ? undefined : this.pages.slotOf(walk.tables[1]!)?.snapshot;
    this.#oos.setLevel1(page, index, level1Entry(this.pages, guestEntry(index), write));
    if (snapshot) snapshot[index] = guestEntry(index);
    for (let i = 1; i <= 31 && index + i <= 511; i++) {
      if (page.entries[index + i] !== null) break;
      const entry = guestEntry(index + i);
      if (!fl1 && has(entry, P) && (!has(entry, A) || (has(entry, RW) && !has(entry, D)))) break;
      const said = level1Entry(this.pages, entry, false);
      this.#oos.setLevel1(page, index + i, said);
      if (snapshot) snapshot[index + i] = entry;
      if (isPresent(said)) counts.add('shadow.prefetch');
    }
  }

  // 6.10, 6.11: what the guest does besides accesses.

  loadCr3(vcpu: Vcpu): void {
    exit(this.#m, 'cr3_write');
    const state = this.#state(vcpu);
    const gfn = vcpu.space.root;
    state.lastEmulated.ok = false;
    this.#oos.resyncOwn(state);
    if (this.#oos.removeWriteAccess(gfn)) this.pages.flushAllVcpus();
    let page = this.pages.find(gfn, 'l4');
    if (page === undefined) {
      this.pages.prealloc(1);
      page = this.pages.make(gfn, 'l4');
    }
    page.refs++;
    this.pages.pin(page);
    const old = state.root;
    state.root = page;
    this.pages.put(old);
    this.#oos.refreshOthers(state);
    flushAllOf(this.#m, vcpu);
  }

  invlpg(vcpu: Vcpu, vpn: number): void {
    exit(this.#m, 'invlpg');
    this.#m.counts.add('shadow.invlpg');
    const state = this.#state(vcpu);
    state.lastEmulated.ok = false;
    const path = this.pages.path(state.root, vpn, indexAt);
    const page = path[3];
    if (page === undefined) return;
    if (page.type === 'fl1') {
      flushAllOf(this.#m, vcpu);
      return;
    }
    if (this.pages.slotOf(page.gfn)) page.entries[indexAt(vpn, 1)] = null;
    if (this.#m.config.vendor === 'intel') flushPageOf(this.#m, vcpu, vpn);
    else flushAllOf(this.#m, vcpu);
  }

  flushAll(vcpu: Vcpu): void {
    if (this.#m.config.vendor === 'amd') exit(this.#m, 'cr4_read');
    exit(this.#m, 'cr4_write');
    exit(this.#m, 'cr4_write');
    this.#oos.resyncAll(this.#state(vcpu));
    flushAllOf(this.#m, vcpu);
  }

  cpuid(): void {
    exit(this.#m, 'cpuid');
  }

  ptdying(): void {
    exit(this.#m, 'vmcall');
  }
}
