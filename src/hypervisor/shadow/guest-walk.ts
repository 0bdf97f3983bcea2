/**
 * GuestWalk: the hypervisor's software walk of the guest's tables (Xen mm/guest_walk.c, Linux FNAME(walk_addr)).
 */
import { pageOffset, tableIndex } from '../../arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW, PTE_US } from '../../arch/pte.js';
import { ConfigError } from '../../errors.js';
import type { ShadowDomain, ShadowVcpu } from './domain.js';
import { ALL_RIGHTS, L1, L2, L3, L4, RIGHT_U, RIGHT_W } from './pages.js';

/** Xen hides 1G pages from shadow guests (cpufeatureset.h, PAGE1GB is HAP-only). */
function refuseGiant(): never {
  throw new ConfigError('the guest maps a 1G page, which the modelled shadow pagers do not take', {
    hint: 'use --page-size 2m and --direct-map 2m, or leave the mode shadow out',
  });
}

export class GuestWalk {
  readonly #d: ShadowDomain;
  /** Frame of the guest table at each level, and its entry for the address. */
  readonly table: number[] = [];
  readonly frame: number[] = [];
  readonly flags: number[] = [];
  /** Level of the leaf: 1, or 2 for a superpage. */
  leaf = 1;
  /** The 4 KiB frame that the address maps, with the leaf's flags as an l1 entry. */
  target = 0;
  targetFlags = 0;
  /** Of a walk that failed: every entry was present, a right was missing (the P bit of the guest's fault). */
  forbidden = false;

  constructor(domain: ShadowDomain) {
    this.#d = domain;
  }

  /** Walks, setting A on the path and D for a store; false if the guest's tables forbid the access. */
  run(v: ShadowVcpu, hi: number, lo: number, write: boolean): boolean {
    const d = this.#d;
    const { tables } = d.guest;
    d.counters.shGuestWalks += 1;
    this.forbidden = false;
    let table = d.guest.current[v.id]!.root;
    let writable = true;
    for (let level = L4; ; level--) {
      const index = tableIndex(hi, lo, level);
      const flags = tables.flags(table, index);
      if ((flags & PTE_P) === 0) return false;
      this.table[level] = table;
      this.frame[level] = tables.frame(table, index);
      this.flags[level] = flags;
      writable &&= (flags & PTE_RW) !== 0;
      if (level === L1 || (level <= L3 && (flags & PTE_PS) !== 0)) {
        this.leaf = level;
        if (level === L3) refuseGiant();
        break;
      }
      table = this.frame[level]!;
    }
    if (write && !writable) {
      this.forbidden = true;
      return false;
    }
    this.#mark(hi, lo, write);
    this.#noteTarget(hi, lo);
    return true;
  }

  #mark(hi: number, lo: number, write: boolean): void {
    const { tables } = this.#d.guest;
    for (let level = L4; level >= this.leaf; level--) {
      const marked = this.flags[level]! | PTE_A | (write && level === this.leaf ? PTE_D : 0);
      if (marked !== this.flags[level])
        tables.setFlags(this.table[level]!, tableIndex(hi, lo, level), marked);
      this.flags[level] = marked;
    }
  }

  /** A superpage's piece is shadowed as an l1 entry whose A and D are the superpage's business. */
  #noteTarget(hi: number, lo: number): void {
    const flags = this.flags[this.leaf]!;
    this.target = this.frame[this.leaf]! + pageOffset(hi, lo, this.leaf - 1);
    this.targetFlags = this.leaf === L1 ? flags : (flags & ~PTE_PS) | PTE_A | PTE_D;
  }

  /** True if the guest's L1 entry is not what the walk read (a resync in between). */
  moved(index: number): boolean {
    const { tables } = this.#d.guest;
    return (
      tables.flags(this.table[L1]!, index) !== this.flags[L1] ||
      tables.frame(this.table[L1]!, index) !== this.frame[L1]
    );
  }

  /** What the entries above `level` grant together (Linux pt_access). */
  rightsAbove(level: number): number {
    let rights = ALL_RIGHTS;
    for (let l = L4; l > level; l--) rights &= rightsOf(this.flags[l]!);
    return rights;
  }

  /** What a superpage grants now; one that is clean grants no stores (protect_clean_gpte). */
  superpageRights(): number {
    const flags = this.flags[L2]!;
    const clean = (flags & PTE_D) === 0 ? ~RIGHT_W : ALL_RIGHTS;
    return this.rightsAbove(L2) & rightsOf(flags) & clean;
  }
}

function rightsOf(flags: number): number {
  return ((flags & PTE_RW) !== 0 ? RIGHT_W : 0) | ((flags & PTE_US) !== 0 ? RIGHT_U : 0);
}
