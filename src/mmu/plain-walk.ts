/**
 * PlainWalk: the two-dimensional walk as it nearly always is, written flat.
 *
 * The walk cache holds the PDE or the PDPTE above the page, both dimensions map it by 4 KiB leaves that allow the access
 * and have their A and D bits set, caches are kept in order of use, and nobody watches. Then a walk changes nothing but
 * caches and counters, and can be carried out without the generality of hap.ts: a third of its time (bench/README.md, row
 * zipf). Everything is looked at before anything is changed; a walk that is not plain is left to hap.ts whole, so that
 * this file holds no rule of its own (docs/model.md 3.2 and 5 are told there). test/property/plain-walk.test.ts holds
 * both to the same counters.
 */
import { SIZE_4K } from '../arch/paging.js';
import { PTE_A, PTE_D, PTE_G, PTE_P, PTE_PS, PTE_RW } from '../arch/pte.js';
import { CACHE_HIT } from '../counters.js';
import type { P2m } from '../hypervisor/p2m.js';
import type { MachineParts, Vcpu } from './backend.js';
import type { KnownTables } from './known-tables.js';
import type { NestedWalk } from './nested-walk.js';
import { KERNEL_SPACE } from './page-ids.js';
import type { SetAssoc } from './set-assoc.js';
import { TLB_G, TLB_W } from './tlb-hierarchy.js';

/** What an entry has to say, and not to say. */
const LINK_BITS = PTE_P | PTE_A | PTE_PS;
const LINK = PTE_P | PTE_A;
const LEAF = PTE_P | PTE_A;

const KEY_MASK = -4;

export class PlainWalk {
  readonly #parts: MachineParts;
  readonly #p2m: P2m;
  readonly #known: KnownTables;
  readonly #nested: NestedWalk;
  /** Walk cache arrays of the PDEs and PDPTEs, and the nested TLB, of the vcpu. */
  readonly #pde: SetAssoc;
  readonly #pdpte: SetAssoc;
  readonly #ntlb: SetAssoc;
  readonly #vcpu: Vcpu;

  /** Null if no walk of this machine's can be plain. */
  static of(
    parts: MachineParts,
    vcpu: Vcpu,
    p2m: P2m,
    known: KnownTables,
    nested: NestedWalk,
  ): PlainWalk | null {
    const { pwc, ntlb, npwc, cache } = vcpu;
    const [, , pde, pdpte] = pwc.arrays;
    const { semantics } = parts.config.pwc;
    if (semantics !== 'combined' || cache.enabled || ntlb === null || !ntlb.enterable || !npwc.enterable)
      return null;
    if (pde == null || pdpte == null || !pde.inOrderWithPayload || !pdpte.inOrderWithPayload) return null;
    return new PlainWalk(parts, vcpu, p2m, known, nested, pde, pdpte, ntlb);
  }

  private constructor(
    parts: MachineParts,
    vcpu: Vcpu,
    p2m: P2m,
    known: KnownTables,
    nested: NestedWalk,
    pde: SetAssoc,
    pdpte: SetAssoc,
    ntlb: SetAssoc,
  ) {
    this.#parts = parts;
    this.#vcpu = vcpu;
    this.#p2m = p2m;
    this.#known = known;
    this.#nested = nested;
    this.#pde = pde;
    this.#pdpte = pdpte;
    this.#ntlb = ntlb;
  }

  /** Walks for `page`: flags of the 4 KiB entry for the TLBs; -1 if the walk is not plain: nothing has changed. */
  walk(page: number, write: boolean): number {
    const parts = this.#parts;
    if (!this.#nested.plain || parts.watch.observer !== null) return -1;
    const { regions, giants } = parts.ids;
    const region = page >>> 9;
    if (regions.space[region] === KERNEL_SPACE) return -1;
    const pde = this.#pde;
    const number = regions.number[region]! | 0;
    const pdeBase = Math.imul(number & (pde.sets - 1), pde.ways);
    const pdeEnd = pdeBase + pde.ways;
    const pdeEntries = pde.entries;
    const pdePayloads = pde.payloads!;
    const tag = region << 2;
    let pdeSlot = pdeBase;
    while (pdeSlot < pdeEnd && (pdeEntries[pdeSlot]! & KEY_MASK) !== tag) pdeSlot++;
    if (pdeSlot < pdeEnd) return this.#walkLeaf(page, write, pdeSlot, pdePayloads[pdeSlot]!, -1);
    const giant = regions.above[region]!;
    const pdpte = this.#pdpte;
    const pdpteBase = Math.imul(giants.number[giant]! & (pdpte.sets - 1), pdpte.ways);
    const pdpteEnd = pdpteBase + pdpte.ways;
    const pdpteEntries = pdpte.entries;
    const above = giant << 2;
    let slot = pdpteBase;
    while (slot < pdpteEnd && (pdpteEntries[slot]! & KEY_MASK) !== above) slot++;
    if (slot === pdpteEnd) return -1;
    const payload = pdpte.payloads![slot]!;
    const { tables } = parts.guest;
    const table = tables.slot(payload >> 1);
    const flags = tables.flagsAt(table, number & 511);
    const frame = tables.frameAt(table, number & 511);
    if ((flags & LINK_BITS) !== LINK || !this.#p2m.isSmall(frame)) return -1;
    const writable = payload & (flags >> 1) & 1;
    return this.#walkLeaf(page, write, pdeBase, (frame << 1) | writable, slot - pdpteBase);
  }

  /**
   * @param pdeSlot where the walk cache has the PDE, or the first slot of the set in which it belongs
   * @param payload of the PDE: its table, and whether the entries down to it allow writes
   * @param way of the PDPTE's set that was hit, or -1 if the PDE was
   */
  #walkLeaf(page: number, write: boolean, pdeSlot: number, payload: number, way: number): number {
    const parts = this.#parts;
    const region = page >>> 9;
    const table = payload >> 1;
    const { tables } = parts.guest;
    const slot = this.#known.known(region, table);
    if (slot < 0) return -1;
    const flags = tables.flagsAt(slot, page & 511);
    const gfn = tables.frameAt(slot, page & 511);
    const wanted = write ? LEAF | PTE_RW | PTE_D : LEAF;
    if ((flags & wanted) !== wanted || (write && (payload & 1) === 0) || !this.#p2m.isSmall(gfn)) return -1;
    // Plain: from here on everything is done.
    const c = parts.origin.counters;
    const { regions, giants } = parts.ids;
    const pde = this.#pde;
    if (way < 0) {
      pde.use(pdeSlot, Math.imul(regions.number[region]! & (pde.sets - 1), pde.ways));
      c.guestWalks.add(CACHE_HIT, 1, 1);
    } else {
      const pdpte = this.#pdpte;
      const base = Math.imul(giants.number[regions.above[region]!]! & (pdpte.sets - 1), pdpte.ways);
      pdpte.use(base + way, base);
      c.guestWalks.add(CACHE_HIT, 2, 1);
      this.#translate(table);
      pde.insert(regions.number[region]! & (pde.sets - 1), region, 0, payload);
    }
    this.#translate(gfn);
    const { translation } = parts;
    translation.size = SIZE_4K;
    translation.gfn = gfn;
    translation.mfn = this.#p2m.mfn(gfn);
    const both = payload & (flags >> 1) & (flags >> 6) & 1;
    return (translation.flags = (both !== 0 ? TLB_W : 0) | ((flags & PTE_G) !== 0 ? TLB_G : 0));
  }

  /** The nested TLB, and behind it the host walk of a 4 KiB leaf. */
  #translate(gfn: number): void {
    const c = this.#parts.origin.counters;
    const ntlb = this.#ntlb;
    if (ntlb.enter(gfn & (ntlb.sets - 1), gfn, TLB_W) >= 0) {
      c.ntlbHit += 1;
      return;
    }
    c.ntlbMiss += 1;
    const { npwc } = this.#vcpu;
    const hit = npwc.enter(gfn);
    if (hit > 0) c.nestedWalks.add(CACHE_HIT, hit - 1, 1);
    else c.nestedWalks.add(npwc.missed, this.#p2m.levels, 1);
  }
}
