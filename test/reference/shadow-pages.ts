/** Shadow pages: entries, references, pins, pool, removal (rules 6 state, 6.7, 6.9, 6.10). */
import type { Machine, Vcpu } from './machine.js';
import { flushAllOf } from './machine.js';

export type ShadowType = 'l1' | 'fl1' | 'l2' | 'l3' | 'l4';

/** Empty (zero), withheld (not zero, not present), a mapping, or a link to a lower shadow. */
export type ShadowEntry =
  | null
  | 'withheld'
  | { kind: 'map'; gfn: number; rw: boolean }
  | { kind: 'link'; page: ShadowPage; rw: boolean };

export interface ShadowPage {
  number: number;
  type: ShadowType;
  /** Guest table, or first frame of the superpage (fl1). */
  gfn: number;
  entries: ShadowEntry[];
  refs: number;
  pinned: boolean;
  /** The first parent entry that linked it while its type was not pinnable, as long as that one stands. */
  up: { page: ShadowPage; index: number } | null;
}

export function isPresent(entry: ShadowEntry | undefined): entry is Exclude<ShadowEntry, null | 'withheld'> {
  return entry !== null && entry !== undefined && entry !== 'withheld';
}

/** An out-of-sync table in a slot of a vcpu (6.4, 6.5). */
export interface Slot {
  gfn: number;
  snapshot: number[];
  fixups: ({ page: ShadowPage; index: number } | null)[];
  next: number;
  mayWrite: boolean;
}

export interface ShadowVcpu {
  hardware: Vcpu;
  root: ShadowPage;
  slots: (Slot | null)[];
  lastEmulated: { vpn: number; gfn: number; ok: boolean };
  lastUnshadowGfn: number | null;
  /** Number of the page where the last search succeeded. */
  lastWritable: number | null;
}

export class ShadowPages {
  readonly m: Machine;
  readonly vcpus: ShadowVcpu[] = [];
  /** The vcpu whose exit is being handled ("this vcpu" of the rules). */
  acting!: ShadowVcpu;
  /** By page number. */
  pages: (ShadowPage | null)[] = [];
  /** Head first. */
  pinList: ShadowPage[] = [];
  pinL3 = true;
  /** Called when an l1 of an out-of-sync table is linked (set_l2e). */
  onLinkL1: (page: ShadowPage) => void = () => {};

  constructor(machine: Machine) {
    this.m = machine;
  }

  flushAllVcpus(): void {
    for (const vcpu of this.m.vcpus) flushAllOf(this.m, vcpu);
  }

  live(): ShadowPage[] {
    return this.pages.filter((page) => page !== null);
  }

  find(gfn: number, type: ShadowType): ShadowPage | undefined {
    return this.live().find((page) => page.gfn === gfn && page.type === type);
  }

  isTable(gfn: number): boolean {
    return this.live().some((page) => page.type !== 'fl1' && page.gfn === gfn);
  }

  /** Present RW l1/fl1 entries that map the frame. */
  writable(gfn: number): number {
    let n = 0;
    for (const page of this.pages) {
      if (page === null || (page.type !== 'l1' && page.type !== 'fl1')) continue;
      for (const entry of page.entries) {
        if (isPresent(entry) && entry.kind === 'map' && entry.rw && entry.gfn === gfn) n++;
      }
    }
    return n;
  }

  slotOf(gfn: number): Slot | undefined {
    for (const vcpu of this.vcpus) for (const slot of vcpu.slots) if (slot && slot.gfn === gfn) return slot;
    return undefined;
  }

  // 6.10: pool and making pages.

  freePages(): number {
    const { config, p2m } = this.m;
    if (config.shadow.pool === 0) return Infinity;
    const auto = 256 * config.vcpus + (2 * p2m.ram) / 256;
    const total = config.shadow.pool === 'auto' ? auto : config.shadow.pool;
    // Three snapshots and a monitor table a vcpu.
    return total - p2m.tables.length - 4 * config.vcpus - this.live().length;
  }

  prealloc(pages: number): void {
    if (this.freePages() >= pages) return;
    this.m.counts.add('shadow.prealloc1');
    for (const page of [...this.pinList].reverse()) {
      if (page.pinned) this.unpin(page);
      if (this.freePages() >= pages) return;
    }
    this.m.counts.add('shadow.prealloc2');
    for (const vcpu of this.vcpus) {
      for (let i = 0; i < 512; i++) this.setUpper(vcpu.root, i, null);
      if (this.freePages() >= pages) break;
    }
    this.flushAllVcpus();
  }

  make(gfn: number, type: ShadowType): ShadowPage {
    this.m.counts.add('shadow.alloc');
    let number = this.pages.indexOf(null);
    if (number < 0) number = this.pages.length;
    const entries = Array.from<ShadowEntry>({ length: 512 }).fill(null);
    const page: ShadowPage = { number, type, gfn, entries, refs: 0, pinned: false, up: null };
    this.pages[number] = page;
    if (type === 'l4' && this.pinL3) this.#l3Heuristic();
    return page;
  }

  /** An l4 is made while more than 2 x vcpus l4s are pinned: l3s are unpinned for good. */
  #l3Heuristic(): void {
    const roots = this.pinList.filter((page) => page.type === 'l4').length;
    if (roots <= 2 * this.m.config.vcpus) return;
    this.pinL3 = false;
    for (const page of this.pinList) if (page.type === 'l3') this.unpin(page);
  }

  pin(page: ShadowPage): void {
    if (page.pinned) {
      this.pinList = this.pinList.filter((p) => p !== page);
    } else {
      page.pinned = true;
      page.refs++;
    }
    this.pinList.unshift(page);
  }

  unpin(page: ShadowPage): void {
    if (!page.pinned) return;
    page.pinned = false;
    this.pinList = this.pinList.filter((p) => p !== page);
    this.put(page);
  }

  /** Drops a reference; at 0 the page is freed (6.9). */
  put(page: ShadowPage): void {
    page.refs--;
    if (page.refs > 0) return;
    this.m.counts.add('shadow.free');
    this.pages[page.number] = null;
    for (const vcpu of this.vcpus) {
      vcpu.lastEmulated.ok = false;
      if (vcpu.lastWritable === page.number) vcpu.lastWritable = null;
    }
    for (let i = 0; i < 512; i++) {
      if (page.type === 'l1' || page.type === 'fl1') page.entries[i] = null;
      else this.setUpper(page, i, null);
    }
    if (page.type === 'fl1' || this.isTable(page.gfn)) return;
    for (const vcpu of this.vcpus) {
      vcpu.slots = vcpu.slots.map((slot) => (slot && slot.gfn === page.gfn ? null : slot));
    }
  }

  /**
   * Writes an upper entry: takes the reference of the new child, drops that of the old. Returns
   * true if an entry that was present lost its page or rights (6.6). An unchanged entry is left
   * alone (shadow_set_l*e).
   */
  setUpper(parent: ShadowPage, index: number, entry: ShadowEntry): boolean {
    const old = parent.entries[index]!;
    const wasLink = isPresent(old) && old.kind === 'link' ? old : null;
    const link = isPresent(entry) && entry.kind === 'link' ? entry : null;
    if (wasLink && link && wasLink.page === link.page && wasLink.rw === link.rw) return false;
    if (link) {
      link.page.refs++;
      const pinnable = link.page.type === 'l3' && this.pinL3;
      // What can be pinned has no up-pointer (sh_type_has_up_pointer).
      if (pinnable) this.pin(link.page);
      else if (link.page.up === null) link.page.up = { page: parent, index };
      if (link.page.type === 'l1') this.onLinkL1(link.page);
    }
    parent.entries[index] = entry;
    if (!wasLink) return false;
    const { up } = wasLink.page;
    const same = link !== null && link.page === wasLink.page;
    if (!same && up && up.page === parent && up.index === index) wasLink.page.up = null;
    this.put(wasLink.page);
    return !same || (wasLink.rw && !link.rw);
  }

  /** The shadow entries that translate a page, from the root, as far as they are present. */
  path(root: ShadowPage, vpn: number, indexAt: (vpn: number, level: number) => number): ShadowPage[] {
    const pages = [root];
    for (let level = 4; level > 1; level--) {
      const entry = pages.at(-1)!.entries[indexAt(vpn, level)];
      if (!isPresent(entry) || entry.kind !== 'link') break;
      pages.push(entry.page);
    }
    return pages;
  }

  // 6.9.

  unshadow(gfn: number): void {
    this.m.counts.add('shadow.unshadow');
    for (const type of ['l4', 'l3', 'l2', 'l1'] as const) {
      const page = this.find(gfn, type);
      if (page === undefined) continue;
      if (type === 'l4' || (type === 'l3' && this.pinL3)) this.unpin(page);
      else if (page.up) {
        this.m.counts.add(page.refs === 1 ? 'shadow.unshadow_up' : 'shadow.unshadow_bf');
        this.setUpper(page.up.page, page.up.index, null);
      }
    }
    this.flushAllVcpus();
  }
}
