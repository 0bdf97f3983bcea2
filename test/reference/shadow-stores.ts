/** Emulated stores to shadowed tables (rule 6.6). */
import { has, P, PS, gfnOf } from './entry.js';
import type { PageAccess } from './machine.js';
import type { OutOfSync } from './shadow-oos.js';
import type { ShadowEntry, ShadowPages, ShadowType, ShadowVcpu } from './shadow-pages.js';
import { level1Entry, upperEntry } from './shadow-walk.js';

/** Type of the shadow of a guest table, by its level. */
export const TYPE: readonly ShadowType[] = ['l1', 'l1', 'l2', 'l3', 'l4'];

export class TableStores {
  #pages: ShadowPages;
  #oos: OutOfSync;

  constructor(pages: ShadowPages, oos: OutOfSync) {
    this.#pages = pages;
    this.#oos = oos;
  }

  emulate(state: ShadowVcpu, gfn: number, access: PageAccess, fast: boolean): void {
    const { memory } = this.#pages.m;
    const before = memory.read(gfn, access.index);
    const after = access.value ?? before;
    memory.write(gfn, access.index, after);
    if (access.value !== null && access.value % 2 ** 32 === 0) {
      if (state.lastUnshadowGfn === gfn && this.#pages.isTable(gfn)) {
        this.#pages.m.counts.add('shadow.early_unshadow');
        this.#pages.unshadow(gfn);
      }
      state.lastUnshadowGfn = gfn;
    } else {
      state.lastUnshadowGfn = null;
    }
    if (has(before, P) || has(after, P)) this.#validate(state, gfn, access.index, after);
    if (this.#pages.isTable(gfn)) {
      if (!fast) state.lastEmulated = { vpn: access.vpn, gfn, ok: true };
    } else if (fast) {
      state.lastEmulated.ok = false;
    }
  }

  /** Recomputes entry i of every shadow of the table. */
  #validate(state: ShadowVcpu, gfn: number, index: number, value: number): void {
    let flush = false;
    for (let level = 1; level <= 4; level++) {
      const page = this.#pages.find(gfn, TYPE[level]!);
      if (!page) continue;
      this.#pages.m.counts.add(`shadow.validate.l${level}`);
      if (level === 1) {
        this.#oos.setLevel1(page, index, level1Entry(this.#pages, value, false));
        const slot = this.#pages.slotOf(gfn);
        if (slot) slot.snapshot[index] = value;
        continue;
      }
      let entry: ShadowEntry = null;
      if (has(value, P)) {
        const superpage = level === 2 && has(value, PS);
        const below = this.#pages.find(gfnOf(value), superpage ? 'fl1' : TYPE[level - 1]!);
        if (below && level >= 3) this.#oos.resyncAll(state);
        if (below) entry = upperEntry(value, level, below);
      }
      flush = this.#pages.setUpper(page, index, entry) || flush;
    }
    if (flush) this.#pages.flushAllVcpus();
  }
}
