/**
 * NestedWalk: the host dimension of a two-dimensional walk: gfn -> host leaf, as the hardware finds it.
 *
 * Nested TLB first, then the host walk cache, then the p2m from its root (docs/model.md 3.2, 5). A leaf that is
 * read-only serves reads; a write to it ends the walk, and no cache may hide that.
 */
import { SIZE_1G, SIZE_4K } from '../arch/paging.js';
import { P2M_ABSENT, P2M_LEAF, type P2m } from '../hypervisor/p2m.js';
import type { MachineParts, Vcpu } from './backend.js';
import type { SetAssoc } from './set-assoc.js';
import { countNestedHit, countNestedReference } from './references.js';
import { TLB_W } from './tlb-hierarchy.js';

/** Host walk outcomes besides a leaf size. */
export const NOT_MAPPED = -1;
export const NOT_RAM = -2;
export const NOT_WRITABLE = -3;
/** Added to the leaf size if the leaf is read-only. */
export const READ_ONLY = 4;

export class NestedWalk {
  readonly #parts: MachineParts;
  readonly #p2m: P2m;
  /** Bit per size: a nested TLB entry of it was made at some time. Other sizes need no look-up. */
  #sizes = 0;

  constructor(parts: MachineParts, p2m: P2m) {
    this.#parts = parts;
    this.#p2m = p2m;
  }

  /** gfn -> host leaf size, with READ_ONLY, by nested TLB or host walk; or NOT_MAPPED, NOT_RAM, NOT_WRITABLE. */
  walk(vcpu: Vcpu, gfn: number, write: boolean): number {
    const c = this.#parts.origin.counters;
    let known = false;
    if (vcpu.ntlb !== null) {
      const size = this.#lookUp(vcpu.ntlb, gfn);
      if (size >= 0 && !(write && size >= READ_ONLY)) {
        c.ntlbHit += 1;
        return size;
      }
      c.ntlbMiss += 1;
      known = size >= 0;
    }
    const p2m = this.#p2m;
    let table = 0;
    let level = p2m.levels;
    const hit = vcpu.npwc.present ? vcpu.npwc.lookup(gfn) : -1;
    if (hit >= 0) countNestedHit(c, hit);
    if (hit > 0) {
      table = vcpu.npwc.table;
      level = hit - 1;
    }
    const { observer } = this.#parts.watch;
    for (; ; level--) {
      const index = p2m.index(gfn, level);
      const below = p2m.below(table, gfn, level);
      countNestedReference(c, level);
      vcpu.cache.read(p2m.tableMfn(table), index, c);
      observer?.reference(
        'nested',
        level,
        table,
        index,
        below === P2M_ABSENT ? null : below < 0 ? p2m.mfn(gfn) : below,
      );
      if (below === P2M_ABSENT) return p2m.isRam(gfn) ? NOT_MAPPED : NOT_RAM;
      if (below < 0) {
        const writable = below === P2M_LEAF;
        if (write && !writable) return NOT_WRITABLE;
        if (vcpu.ntlb !== null) {
          this.#enter(vcpu.ntlb, gfn, level - 1, writable ? TLB_W : 0, known);
        }
        return writable ? level - 1 : (level - 1) | READ_ONLY;
      }
      vcpu.npwc.insert(gfn, level, below);
      table = below;
    }
  }

  /** Leaf size by the nested TLB, with READ_ONLY; or -1. */
  #lookUp(ntlb: SetAssoc, gfn: number): number {
    const sizes = this.#sizes;
    for (let size = SIZE_4K; sizes >> size !== 0; size++) {
      if (((sizes >> size) & 1) === 0) continue;
      const flags = ntlb.lookup(setOf(ntlb, gfn, size), keyOf(gfn, size));
      if (flags >= 0) return (flags & TLB_W) !== 0 ? size : size | READ_ONLY;
    }
    return -1;
  }

  /** @param known the look-up found the gfn, only without the right to write */
  #enter(ntlb: SetAssoc, gfn: number, size: number, flags: number, known: boolean): void {
    this.#sizes |= 1 << size;
    if (known) ntlb.fill(setOf(ntlb, gfn, size), keyOf(gfn, size), flags);
    else ntlb.insert(setOf(ntlb, gfn, size), keyOf(gfn, size), flags);
  }
}

/** The page number of `gfn` at `size`, told apart by size: keys stay below 2^30. */
function keyOf(gfn: number, size: number): number {
  return (gfn >>> (9 * size)) + (size === SIZE_4K ? 0 : size === SIZE_1G ? 0x28000000 : 0x20000000);
}

function setOf(ntlb: SetAssoc, gfn: number, size: number): number {
  return (gfn >>> (9 * size)) & (ntlb.sets - 1);
}
