/**
 * A backend of one's own: nested paging whose host table is flat.
 *
 * The p2m is one contiguous array with an 8-byte entry per guest frame, indexed by gfn, instead of a radix
 * tree: translating a gPA costs one reference, whatever the number of levels of a real EPT/NPT. So a cold
 * walk of g guest levels makes g * (1 + 1) + 1 references: 9 for g = 4, against 24 under HAP. The idea is
 * that of flat nested page tables (Ahn, Jin, Huh, "Revisiting Hardware-Assisted Page Walks for Virtualized
 * Systems", ISCA 2012).
 *
 * Not modelled: how the hypervisor finds that much contiguous host memory, host leaves larger than 4 KiB,
 * lazy population.
 *
 * @import { BackendPlugin, MachineParts, MmuBackend, Vcpu } from 'p2msim'
 */
// @ts-check
import {
  EMULATED,
  ENTRIES,
  FILLED,
  GUEST_FAULT,
  PTE_A,
  PTE_D,
  PTE_G,
  PTE_P,
  PTE_PS,
  PTE_RW,
  SIZE_4K,
  TLB_G,
  TLB_W,
  countGuestReference,
  countNestedReference,
  flushForCr3,
  flushForInvlpg,
  invpcid,
  pageOffset,
  startWalk,
  tableIndex,
} from 'p2msim';

/** Machine frames: guest RAM begins at the first, the flat table at the second. */
const GUEST_MFN = 0x100000;
const TABLE_MFN = 0x20000000;

/** @implements {MmuBackend} */
class FlatNested {
  /** @param {MachineParts} parts */
  constructor(parts) {
    this.parts = parts;
    this.ram = parts.guest.allocator.ram;
    /** With `combined` walk caches an entry holds the host address of the next table. */
    this.combined = parts.config.pwc.semantics === 'combined';
  }

  /**
   * One hardware walk. Every guest table is found by a gPA, so each level costs a nested reference and a
   * guest reference; the data page costs one more nested reference at the end.
   *
   * @param {Vcpu} vcpu
   * @param {number} hi
   * @param {number} lo
   * @param {boolean} write
   */
  walk(vcpu, hi, lo, write) {
    const { guest, origin, watch, translation } = this.parts;
    const { tables } = guest;
    const c = origin.counters;
    // The guest-dimension walk cache: the deepest entry that covers the address says where to go on.
    let level = startWalk(vcpu, guest.current[vcpu.id].root, guest.levels);
    if (level < guest.levels) watch.observer?.cached?.('pwc', level + 1);
    c.guestWalks.add(vcpu.pwc.outcome, level, level + 1); // nothing read yet
    let { table, writable } = vcpu.pwc;
    let located = level < guest.levels && this.combined;
    for (; ; level--) {
      if (!located) {
        watch.observer?.translating(level);
        if (!this.nested(vcpu, table)) return this.noRam();
        if (this.combined && level < guest.levels)
          vcpu.pwc.fill(vcpu.space, vcpu.page, level + 1, table, writable);
      }
      located = false;
      const index = tableIndex(hi, lo, level);
      const flags = tables.flags(table, index);
      const frame = tables.frame(table, index);
      countGuestReference(c, level);
      vcpu.cache.read(table + GUEST_MFN, index, c);
      watch.observer?.reference('guest', level, table, index, flags & PTE_P ? frame : null);
      if (!(flags & PTE_P)) return GUEST_FAULT;
      writable &&= (flags & PTE_RW) !== 0;
      const leaf = level === 1 || (level <= 3 && (flags & PTE_PS) !== 0);
      if (leaf && write && !writable) return GUEST_FAULT;
      const gfn = frame + (leaf ? pageOffset(hi, lo, level - 1) : 0);
      if (leaf) {
        watch.observer?.translating(0);
        if (!this.nested(vcpu, gfn)) return this.noRam();
      }
      const marked = flags | PTE_A | (leaf && write ? PTE_D : 0);
      if (marked !== flags) {
        tables.setFlags(table, index, marked);
        c.adUpdates += 1;
      }
      if (leaf) {
        // The TLB entry covers min(guest leaf, host leaf): host leaves are 4 KiB here.
        translation.size = SIZE_4K;
        translation.flags = (writable && marked & PTE_D ? TLB_W : 0) | (flags & PTE_G ? TLB_G : 0);
        translation.gfn = gfn;
        translation.mfn = gfn + GUEST_MFN;
        return FILLED;
      }
      if (!this.combined) vcpu.pwc.fill(vcpu.space, vcpu.page, level, frame, writable);
      table = frame;
    }
  }

  /**
   * gfn -> mfn: the nested TLB, or one reference to the flat table. False if the gfn is not RAM.
   *
   * @param {Vcpu} vcpu
   * @param {number} gfn
   */
  nested(vcpu, gfn) {
    const c = this.parts.origin.counters;
    if (vcpu.ntlb !== null) {
      if (vcpu.ntlb.lookup(gfn & (vcpu.ntlb.sets - 1), gfn) >= 0) {
        c.ntlbHit += 1;
        return true;
      }
      c.ntlbMiss += 1;
    }
    const page = Math.floor(gfn / ENTRIES);
    const index = gfn % ENTRIES;
    const isRam = gfn < this.ram;
    countNestedReference(c, 1);
    vcpu.cache.read(TABLE_MFN + page, index, c);
    this.parts.watch.observer?.reference('nested', 1, page, index, isRam ? gfn + GUEST_MFN : null);
    if (isRam) vcpu.ntlb?.fill(gfn & (vcpu.ntlb.sets - 1), gfn, 0);
    return isRam;
  }

  /** Beyond RAM there are only devices: the hypervisor carries the access out. */
  noRam() {
    const { counters, watch } = this.parts;
    counters.exits += 1;
    counters.exitMmio += 1;
    watch.observer?.note('VMEXIT mmio: the gfn is not RAM, the access is emulated');
    return EMULATED;
  }

  /** @type {MmuBackend['cr3']} */
  cr3(vcpu, _space, flush) {
    flushForCr3(vcpu, flush);
  }

  /** @type {MmuBackend['invlpg']} */
  invlpg(vcpu, hi, lo) {
    flushForInvlpg(vcpu, this.parts.ids, hi, lo);
  }

  /** @type {MmuBackend['ramGrown']} */
  ramGrown(ram) {
    this.ram = ram;
  }

  /**
   * Null: done, or nothing to do. A string: why this mode cannot take the event.
   *
   * @type {MmuBackend['event']}
   */
  event(vcpu, event) {
    const { counters, guest, ids } = this.parts;
    switch (event.kind) {
      case 'flushall':
        counters.fullFlushes += 1;
        vcpu.tlb.flushAll();
        vcpu.pwc.flush();
        return null;
      case 'invpcid':
        return invpcid(vcpu, ids, guest, event);
      case 'ptdying':
        return null;
      default:
        return `the flat-nested example does not model ${event.kind}`;
    }
  }

  /** @type {MmuBackend['memory']} */
  memory(memory) {
    const pages = Math.ceil(this.ram / ENTRIES);
    memory['p2m.pages'] = pages;
    memory['p2m.pages.peak'] = pages;
    memory['p2m.l1.pages'] = pages;
  }
}

/** @type {BackendPlugin} */
export const backend = {
  name: 'flat-nested',
  summary: 'nested paging with a flat, one-level host table',
  describe: (config) => `flat-nested, ${config.guest.levels}-level guest x flat host table`,
  create: (parts) => new FlatNested(parts),
};
