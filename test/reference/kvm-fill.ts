/** KVM: making the path and the entry for one access (rules 9.4, 9.5, FNAME(fetch)). */
import { indexAt } from './entry.js';
import type { KvmPage, KvmPages, KvmVcpu } from './kvm-pages.js';
import { mayBeWrittenAhead, prefetchEntry, syncBelow, syncEntries } from './kvm-sync.js';
import type { KvmGuestWalk } from './kvm-walk.js';

const GROUP = 8;

/** `protected`: a store needs W, and the frame is a table that may not be written. */
export type Filled = 'plain' | 'unsynced' | 'protected';

export class Filler {
  #pages: KvmPages;

  constructor(pages: KvmPages) {
    this.#pages = pages;
  }

  fill(vcpu: KvmVcpu, walk: KvmGuestWalk, vpn: number, write: boolean): Filled {
    let page = vcpu.root;
    page.floods = 0;
    let level = 4;
    for (; level > walk.leafLevel; level--) {
      const index = indexAt(vpn, level);
      page = this.#below(page, index) ?? this.#linkTable(page, index, walk, level - 1);
      page.floods = 0;
    }
    const goal = this.#goal(walk);
    for (; level > goal; level--) {
      page = this.#pieceBelow(page, indexAt(vpn, level), walk, level - 1);
    }
    const result = this.#setEntry(page, indexAt(vpn, level), walk, write);
    if (level === 1) this.#prefetch(page, indexAt(vpn, 1), walk);
    return result;
  }

  #below(page: KvmPage, index: number): KvmPage | null {
    const entry = page.entries[index];
    return entry?.kind === 'link' ? entry.page : null;
  }

  /** The shadow of the path's table of `level`, brought up to date before it is linked. */
  #linkTable(parent: KvmPage, index: number, walk: KvmGuestWalk, level: number): KvmPage {
    const page = this.#pages.get(walk.tables[level]!, level, false, walk.above[level]!);
    if (page.unsync) syncEntries(this.#pages, page);
    syncBelow(this.#pages, page);
    this.#pages.link(parent, index, page);
    return page;
  }

  /** Level of the leaf entry: 2 only if guest and host both have 2 MiB there and no table is inside. */
  #goal(walk: KvmGuestWalk): number {
    if (walk.leafLevel === 1 || !this.#pages.host.isHuge(walk.target)) return 1;
    return this.#pages.holdsTable(walk.target - (walk.target % 512)) ? 1 : 2;
  }

  /** The direct page for a piece of the guest's superpage. */
  #pieceBelow(parent: KvmPage, index: number, walk: KvmGuestWalk, level: number): KvmPage {
    const old = this.#below(parent, index);
    if (old && old.access.w === walk.access.w && old.access.u === walk.access.u) return old;
    this.#pages.drop(parent, index);
    const base = walk.target - (walk.target % 512 ** level);
    const page = this.#pages.get(base, level, true, walk.access);
    this.#pages.link(parent, index, page);
    return page;
  }

  /** mmu_set_spte, make_spte. */
  #setEntry(page: KvmPage, index: number, walk: KvmGuestWalk, write: boolean): Filled {
    const pages = this.#pages;
    const gfn = walk.target - (walk.target % 512 ** (page.level - 1));
    const hostWritable = pages.host.of(walk.target) === 'own';
    const old = page.entries[index]!;
    const kept = old?.kind === 'map' && old.gfn === gfn;
    if (!kept) pages.drop(page, index);
    const wanted = walk.access.w && hostWritable;
    const tracked = wanted && pages.isTracked(gfn);
    const w = wanted && !tracked;
    let unsynced = false;
    for (const table of w ? pages.tablesOf(gfn) : []) {
      if (table.unsync) continue;
      table.unsync = true;
      unsynced = true;
      pages.m.counts.add('shadow.unsync');
    }
    page.entries[index] = { kind: 'map', gfn, w, hostWritable };
    if (tracked && write) return 'protected';
    return unsynced ? 'unsynced' : 'plain';
  }

  #prefetch(page: KvmPage, index: number, walk: KvmGuestWalk): void {
    if (page.direct) this.#prefetchPieces(page, index);
    else this.#prefetchTable(page, index, walk.tables[1]!);
  }

  /** FNAME(pte_prefetch). */
  #prefetchTable(page: KvmPage, index: number, table: number): void {
    const first = index - (index % GROUP);
    for (let i = first; i < first + GROUP; i++) {
      if (i === index || page.entries[i] !== null) continue;
      if (!prefetchEntry(this.#pages, page, i, this.#pages.m.memory.read(table, i))) return;
    }
  }

  /** __direct_pte_prefetch: runs of empty entries; a run that begins at an absent page ends it all. */
  #prefetchPieces(page: KvmPage, index: number): void {
    const first = index - (index % GROUP);
    for (let i = first; i < first + GROUP; i++) {
      if (page.entries[i] !== null) continue;
      let end = i;
      while (end < first + GROUP && page.entries[end] === null) end++;
      if (this.#fillRun(page, i, end) === 0) return;
      i = end;
    }
  }

  /** direct_pte_prefetch_many: up to the first page that the host does not have; returns how many. */
  #fillRun(page: KvmPage, from: number, to: number): number {
    const pages = this.#pages;
    for (let i = from; i < to; i++) {
      const gfn = page.gfn + i;
      if (!pages.m.p2m.isRam(gfn) || pages.host.of(gfn) !== 'own') return i - from;
      const w = page.access.w && mayBeWrittenAhead(pages, gfn);
      page.entries[i] = { kind: 'map', gfn, w, hostWritable: true };
      pages.m.counts.add('shadow.prefetch');
    }
    return to - from;
  }
}
