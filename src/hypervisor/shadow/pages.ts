/**
 * Shadow pages: what they hold, who refers to them, which guest frames they shadow.
 *
 * Real tables, not counts: 512 entries a page, a hash (gfn, type) -> page, reference counts that free whole
 * trees, up-pointers, a pin list in order of last load (Xen private.h sh_get_ref, sh_put_ref, sh_pin;
 * common.c shadow_alloc, shadow_promote, shadow_demote). What the entries should say is decided elsewhere.
 */
import { ENTRIES } from '../../arch/paging.js';
import { FrameCounts } from '../../util/frame-map.js';
import type { ShadowPolicy } from './policy.js';
import { ReverseMap } from './reverse-map.js';
import { TableFrames } from './table-frames.js';

/** Types of shadow pages; l1..l4 are also the level. */
export const FL1 = 0;
export const L1 = 1;
export const L2 = 2;
export const L3 = 3;
export const L4 = 4;
const FREE = -1;

/** Entry bits: l1/fl1 and large entries hold `gfn << 3`, upper levels `page << 3`. 0 is empty. */
export const SH_P = 1;
export const SH_RW = 2;
/** l1/fl1: not present, but not empty either: the guest's A bit is clear. Stops prefetch. */
export const SH_WITHHELD = 4;
/** L2, with SH_P: a 2 MiB leaf; the entry holds its first gfn. */
export const SH_LARGE = 4;

/** What a shadow page may grant at most (part of its identity where the policy says so). */
export const RIGHT_W = 1;
export const RIGHT_U = 2;
export const ALL_RIGHTS = RIGHT_W | RIGHT_U;

export interface PageCounters {
  shAlloc: number;
  shFree: number;
}

export interface PageHooks {
  /** The last shadow of an out-of-sync frame has gone. */
  demoted(gfn: number): void;
  /** A page has become free: nobody may remember it. */
  freed(page: number): void;
}

export class ShadowPages {
  /** Entries by page: 512 each. */
  readonly entries: Int32Array[] = [];
  /** Type, and the guest table's gfn (fl1: first gfn of the superpage), by page. */
  readonly type: number[] = [];
  readonly back: number[] = [];
  /** RIGHT_W, RIGHT_U by page. */
  readonly rights: number[] = [];
  readonly #refs: number[] = [];
  /** First parent entry that linked the page: parent * 512 + index, or -1. */
  readonly #up: number[] = [];
  /** Pinned pages, least recently loaded first. */
  readonly pinned = new Set<number>();
  readonly #hash = new Map<number, number>();
  /** Present RW entries of l1/fl1 shadows that map a frame. */
  readonly #writable = new FrameCounts();
  /** Entries that link a page, by page; only where pages live until they are zapped. */
  readonly #parents: Set<number>[] = [];
  /** Pages in order of creation; likewise. */
  readonly order = new Set<number>();
  readonly frames = new TableFrames();
  readonly #counters: PageCounters;
  readonly #lifetime: 'referenced' | 'zapped';
  readonly #reverse: ReverseMap | null;
  readonly #hooks: PageHooks;
  readonly live = [0, 0, 0, 0, 0];
  total = 0;
  peak = 0;
  pinL3: boolean;
  #lowestFree = 0;

  constructor(policy: ShadowPolicy, counters: PageCounters, hooks: PageHooks) {
    this.#counters = counters;
    this.#lifetime = policy.lifetime;
    this.#reverse = policy.reverseMap ? new ReverseMap() : null;
    this.pinL3 = policy.pinL3;
    this.#hooks = hooks;
  }

  writable(gfn: number): number {
    return this.#writable.get(gfn);
  }

  // --- Pages ------------------------------------------------------------------------------------

  /** The shadow of (gfn, type) with these rights, or -1. */
  find(gfn: number, type: number, rights = ALL_RIGHTS): number {
    return this.#hash.get(keyOf(gfn, type, rights)) ?? -1;
  }

  /** Every shadow of `gfn` as a table, lowest level first. */
  shadowsOf(gfn: number): number[] {
    const found: number[] = [];
    for (let type = L1; type <= L4; type++) {
      if (!this.frames.hasType(gfn, type)) continue;
      for (let rights = 0; rights <= ALL_RIGHTS; rights++) {
        const page = this.find(gfn, type, rights);
        if (page >= 0) found.push(page);
      }
    }
    return found;
  }

  /** Makes an empty shadow of `gfn`; the caller has seen to the pool and to write protection. */
  make(gfn: number, type: number, rights = ALL_RIGHTS): number {
    const page = this.#takeNumber();
    this.type[page] = type;
    this.back[page] = gfn;
    this.rights[page] = rights;
    this.#refs[page] = 0;
    this.#up[page] = -1;
    this.#hash.set(keyOf(gfn, type, rights), page);
    if (type !== FL1) this.frames.promote(gfn, type);
    if (this.#lifetime === 'zapped') {
      this.#parents[page] = new Set();
      this.order.add(page);
    }
    this.#counters.shAlloc += 1;
    this.live[type] = this.live[type]! + 1;
    this.total += 1;
    if (this.total > this.peak) this.peak = this.total;
    return page;
  }

  #takeNumber(): number {
    let page = this.#lowestFree;
    while (page < this.type.length && this.type[page] !== FREE) page++;
    this.#lowestFree = page + 1;
    if (page === this.entries.length) this.entries.push(new Int32Array(ENTRIES));
    else this.entries[page]!.fill(0);
    return page;
  }

  isPinnable(type: number): boolean {
    return type === L4 || (type === L3 && this.pinL3);
  }

  get count(): number {
    return this.type.length;
  }

  refs(page: number): number {
    return this.#refs[page]!;
  }

  up(page: number): number {
    return this.#up[page]!;
  }

  /** One more reference; `entry` is the parent entry that makes it (parent * 512 + index), or -1. */
  getRef(page: number, entry: number): void {
    this.#refs[page] = this.#refs[page]! + 1;
    if (this.#up[page] === -1 && entry >= 0 && !this.isPinnable(this.type[page]!)) this.#up[page] = entry;
  }

  putRef(page: number, entry: number): void {
    if (entry >= 0 && this.#up[page] === entry) this.#up[page] = -1;
    this.#refs[page] = this.#refs[page]! - 1;
    if (this.#refs[page] === 0) this.#destroy(page);
  }

  /** Pins `page` at the head of the list (moving it there if it is pinned already). */
  pin(page: number): void {
    if (!this.pinned.delete(page)) this.getRef(page, -1);
    this.pinned.add(page);
  }

  unpin(page: number): void {
    if (!this.pinned.delete(page)) return;
    if (this.type[page] === L3) this.#up[page] = -1;
    this.putRef(page, -1);
  }

  /** Sets an entry of an upper-level shadow, keeping references; true if a link was lost or weakened. */
  setUpper(page: number, index: number, value: number): boolean {
    const entries = this.entries[page]!;
    const old = entries[index]!;
    if (old === value) return false;
    const at = page * ENTRIES + index;
    this.#forgetUse(old, at);
    if (isLink(value)) this.#link(value >> 3, at);
    else if ((value & SH_P) !== 0) this.#reverse?.add(value >> 3, at, true);
    if (this.type[page] === L4 && this.pinL3 && isLink(value)) this.pin(value >> 3);
    entries[index] = value;
    if ((old & SH_P) === 0) return false;
    const weakened = (value & SH_P) === 0 || old >> 3 !== value >> 3 || (old & SH_RW & ~value) !== 0;
    // Last: it may free the page that was linked, and all below it.
    if (isLink(old) && this.#lifetime === 'referenced') this.putRef(old >> 3, at);
    return weakened;
  }

  #link(child: number, at: number): void {
    if (this.#lifetime === 'referenced') this.getRef(child, at);
    else this.#parents[child]!.add(at);
  }

  /** Takes the entry at `at` off the lists of what it links or maps. */
  #forgetUse(entry: number, at: number): void {
    if (isLink(entry)) this.#parents[entry >> 3]?.delete(at);
    else if ((entry & SH_P) !== 0) this.#reverse?.remove(entry >> 3, at, true);
  }

  /** Entries that link `page` (page * 512 + index); known only where pages live until they are zapped. */
  parents(page: number): ReadonlySet<number> {
    return this.#parents[page]!;
  }

  /** Every entry that maps `gfn`; null without a reverse map. */
  get reverse(): ReverseMap | null {
    return this.#reverse;
  }

  /** Writes an l1/fl1 entry and keeps the count of writable mappings. */
  setLeaf(page: number, index: number, value: number): void {
    const entries = this.entries[page]!;
    const old = entries[index]!;
    if (old === value) return;
    entries[index] = value;
    if (this.#reverse !== null) {
      if ((old & SH_P) !== 0) this.#reverse.remove(old >> 3, page * ENTRIES + index, false);
      if ((value & SH_P) !== 0) this.#reverse.add(value >> 3, page * ENTRIES + index, false);
    }
    if ((value & 3) === 3) this.#writable.set(value >> 3, this.#writable.get(value >> 3) + 1);
    if ((old & 3) === 3) this.#writable.set(old >> 3, this.#writable.get(old >> 3) - 1);
  }

  /** Frees a page that lives until it is zapped (kvm_mmu_prepare_zap_page): links to it and from it go. */
  zap(page: number): void {
    for (const at of this.#parents[page]!) this.setUpper(Math.floor(at / ENTRIES), at % ENTRIES, 0);
    this.#destroy(page);
  }

  /** The page is referred to by nobody: its own references go, then its number is free. */
  #destroy(page: number): void {
    const type = this.type[page]!;
    const gfn = this.back[page]!;
    this.#hash.delete(keyOf(gfn, type, this.rights[page]!));
    if (type !== FL1) this.#demote(gfn, type);
    const entries = this.entries[page]!;
    if (type <= L1) for (let i = 0; i < ENTRIES; i++) this.setLeaf(page, i, 0);
    else {
      for (let i = 0; i < ENTRIES; i++) {
        const entry = entries[i]!;
        this.#forgetUse(entry, page * ENTRIES + i);
        if (isLink(entry) && this.#lifetime === 'referenced') this.putRef(entry >> 3, page * ENTRIES + i);
      }
    }
    this.type[page] = FREE;
    this.order.delete(page);
    if (page < this.#lowestFree) this.#lowestFree = page;
    this.#counters.shFree += 1;
    this.#hooks.freed(page);
    this.live[type] = this.live[type]! - 1;
    this.total -= 1;
  }

  #demote(gfn: number, type: number): void {
    for (let rights = 0; rights <= ALL_RIGHTS; rights++) if (this.find(gfn, type, rights) >= 0) return;
    if (!this.frames.demote(gfn, type)) return;
    if (this.frames.isOutOfSync(gfn)) this.#hooks.demoted(gfn);
    this.frames.forget(gfn);
  }
}

function keyOf(gfn: number, type: number, rights: number): number {
  return gfn * 32 + type * 4 + rights;
}

/** True if the entry links a lower shadow page. */
export function isLink(entry: number): boolean {
  return (entry & SH_P) !== 0 && (entry & SH_LARGE) === 0;
}
