/** Out-of-sync tables and removal of write access (rules 6.4, 6.5, 6.7, 6.8). */
import { indexAt, MFN_OFFSET } from './entry.js';
import {
  isPresent,
  type ShadowEntry,
  type ShadowPage,
  type ShadowPages,
  type ShadowVcpu,
  type Slot,
} from './shadow-pages.js';

/** First page of the direct map where Xen guesses a writable mapping (policy `classic`, 6.7). */
const CLASSIC_GUESS = Number(0xffff880000000000n >> 12n);

export class OutOfSync {
  #pages: ShadowPages;
  /** Rule 6.3 for a guest entry. */
  #level1: (entry: number, demandWrite: boolean) => ShadowEntry;

  constructor(pages: ShadowPages, level1: (entry: number, demandWrite: boolean) => ShadowEntry) {
    this.#pages = pages;
    this.#level1 = level1;
    pages.onLinkL1 = (page) => {
      if (pages.slotOf(page.gfn)) this.resync(page.gfn);
    };
  }

  #count(key: string, by = 1): void {
    this.#pages.m.counts.add(key, by);
  }

  /** 6.4: writes an l1/fl1 entry, recording a fixup if it maps an out-of-sync table RW. */
  setLevel1(page: ShadowPage, index: number, entry: ShadowEntry): void {
    page.entries[index] = entry;
    if (!isPresent(entry) || entry.kind !== 'map' || !entry.rw) return;
    const slot = this.#pages.slotOf(entry.gfn);
    if (slot) this.#addFixup(slot, page, index);
  }

  #addFixup(slot: Slot, page: ShadowPage, index: number): void {
    this.#count('shadow.fixup_add');
    if (slot.fixups.some((f) => f && f.page === page && f.index === index)) return;
    const old = slot.fixups[slot.next];
    if (old) {
      this.#count('shadow.fixup_evict');
      this.#makeReadOnly(old.page, old.index, slot.gfn);
    }
    slot.fixups[slot.next] = { page, index };
    slot.next = (slot.next + 1) % 2;
  }

  /** Takes RW from one entry if it still maps the frame RW; true if it did. */
  #makeReadOnly(page: ShadowPage, index: number, gfn: number): boolean {
    const entry = page.entries[index];
    if (!isPresent(entry) || entry.kind !== 'map' || !entry.rw || entry.gfn !== gfn) return false;
    page.entries[index] = { ...entry, rw: false };
    return true;
  }

  /** 6.5; true if the table is out of sync now by this call. */
  unsync(vcpu: ShadowVcpu, gfn: number): boolean {
    const { m } = this.#pages;
    const { length } = vcpu.slots;
    if (length === 0 || this.#pages.slotOf(gfn)) return false;
    for (const type of ['l2', 'l3', 'l4'] as const) if (this.#pages.find(gfn, type)) return false;
    const home = (gfn + MFN_OFFSET) % length;
    const occupant = vcpu.slots[home] ?? null;
    const newcomer: Slot = { gfn, snapshot: [], fixups: [null, null], next: 0, mayWrite: true };
    if (occupant && (occupant.gfn + MFN_OFFSET) % length === home) {
      const next = (home + 1) % length;
      this.#crush(vcpu, next);
      vcpu.slots[next] = occupant;
    } else {
      this.#crush(vcpu, home);
    }
    vcpu.slots[home] = newcomer;
    newcomer.snapshot = [...m.memory.frame(gfn)];
    this.#count('shadow.unsync');
    return true;
  }

  /** Resyncs and drops whatever is in a slot that is needed. */
  #crush(vcpu: ShadowVcpu, index: number): void {
    const slot = vcpu.slots[index];
    if (!slot) return;
    this.#resyncSlot(slot);
    this.#count('shadow.unsync_evict');
    vcpu.slots[index] = null;
  }

  // 6.7.

  /** True if there was write access to remove. */
  removeWriteAccess(gfn: number): boolean {
    const pages = this.#pages;
    if (pages.isTable(gfn) && pages.slotOf(gfn)?.mayWrite !== true) return false;
    if (pages.writable(gfn) === 0) return false;
    this.#count('shadow.wr');
    const { acting } = pages;
    const path = pages.path(acting.root, CLASSIC_GUESS + gfn, indexAt);
    const guess = path[3];
    if (guess && this.#makeReadOnly(guess, indexAt(CLASSIC_GUESS + gfn, 1), gfn)) {
      this.#count('shadow.wr_guess');
    }
    if (pages.writable(gfn) === 0) return true;
    // A page number, as Xen's is a frame: whatever l1 or fl1 has it now.
    const last = pages.pages[acting.lastWritable ?? -1];
    if (last && (last.type === 'l1' || last.type === 'fl1')) {
      if (this.#sweep(last, gfn)) this.#count('shadow.wr_last');
      this.#count('shadow.bf_entries', 512);
    }
    if (pages.writable(gfn) === 0) return true;
    this.#count('shadow.wr_bf');
    for (const page of pages.live()) {
      if (page.type !== 'l1' && page.type !== 'fl1') continue;
      if (pages.writable(gfn) === 0) break;
      this.#sweep(page, gfn);
      this.#count('shadow.bf_entries', 512);
    }
    return true;
  }

  /** Takes RW from every entry of one page that maps the frame; true if there was one. */
  #sweep(page: ShadowPage, gfn: number): boolean {
    let any = false;
    for (let i = 0; i < 512; i++) any = this.#makeReadOnly(page, i, gfn) || any;
    if (any) this.#pages.acting.lastWritable = page.number;
    return any;
  }

  // 6.8.

  /** Brings one table back into sync; it leaves its slot. */
  resync(gfn: number): void {
    for (const owner of this.#pages.vcpus) {
      for (let i = 0; i < owner.slots.length; i++) {
        const slot = owner.slots[i];
        if (!slot || slot.gfn !== gfn) continue;
        this.#resyncSlot(slot);
        owner.slots[i] = null;
      }
    }
  }

  #resyncSlot(slot: Slot): void {
    for (const fixup of slot.fixups) if (fixup) this.#makeReadOnly(fixup.page, fixup.index, slot.gfn);
    this.removeWriteAccess(slot.gfn);
    this.#pages.flushAllVcpus();
    slot.mayWrite = false;
    this.#refresh(slot);
    this.#count('shadow.resync');
  }

  /** Present entries of the l1 whose guest entry differs from the snapshot. */
  #refresh(slot: Slot): void {
    const page = this.#pages.find(slot.gfn, 'l1')!;
    for (let i = 0; i < 512; i++) {
      const now = this.#pages.m.memory.read(slot.gfn, i);
      if (!isPresent(page.entries[i]) || slot.snapshot[i] === now) continue;
      this.#count('shadow.resync_entries');
      this.setLevel1(page, i, this.#level1(now, false));
      slot.snapshot[i] = now;
    }
  }

  resyncOwn(vcpu: ShadowVcpu): void {
    for (let i = 0; i < vcpu.slots.length; i++) {
      const slot = vcpu.slots[i];
      if (!slot) continue;
      this.#resyncSlot(slot);
      vcpu.slots[i] = null;
    }
  }

  resyncAll(vcpu: ShadowVcpu): void {
    this.resyncOwn(vcpu);
    for (const other of this.#pages.vcpus) {
      if (other === vcpu) continue;
      for (let i = 0; i < other.slots.length; i++) {
        const slot = other.slots[i];
        if (!slot) continue;
        this.#resyncSlot(slot);
        other.slots[i] = null;
      }
    }
  }

  /** On a CR3 load: tables of other vcpus are made current and stay out of sync. */
  refreshOthers(vcpu: ShadowVcpu): void {
    for (const other of this.#pages.vcpus) {
      if (other === vcpu) continue;
      for (const slot of other.slots) {
        if (slot && !this.#usedUnderOtherRootOnly(vcpu, slot.gfn)) this.#refresh(slot);
      }
    }
  }

  /** Up-pointers from the l1 lead, by only references, to a root that is not this vcpu's. */
  #usedUnderOtherRootOnly(vcpu: ShadowVcpu, gfn: number): boolean {
    let page = this.#pages.find(gfn, 'l1')!;
    while (page.type !== 'l4') {
      if (page.refs !== 1 || page.up === null || page.pinned) return false;
      page = page.up.page;
    }
    return page !== vcpu.root;
  }
}
