/** FORK, EXEC and EXIT as the guest kernel carries them out (rule 8.2). */
import { A, gfnOf, has, indexAt, isLeaf, minus, NONE, P, pagesOf, RW, sizeOfLevel } from './entry.js';
import type { Guest } from './guest.js';
import type { Kernel } from './kernel.js';
import { dropLeaf, type Leaf, leavesIn } from './leaves.js';
import type { AddressSpace, Machine, Vcpu } from './machine.js';

export class Processes {
  #m: Machine;
  #guest: Guest;
  #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#m = kernel.m;
    this.#guest = kernel.guest;
    this.#kernel = kernel;
  }

  /** Leaves of the low half that have one of `bits`. */
  #userLeaves(root: number, bits: number): Leaf[] {
    const half = 512 ** this.#m.config.guest.levels / 2;
    return leavesIn(this.#m, root, 0, half, (entry) => has(entry, bits));
  }

  /** A root as FORK makes it: zeroed, with a store of each present high-half entry. */
  #makeRoot(vcpu: Vcpu): number {
    const root = this.#guest.frames.takeTable();
    this.#kernel.zero(vcpu, root);
    for (let i = 256; i < 512; i++) {
      const entry = this.#m.memory.read(vcpu.space.root, i);
      if (has(entry, P)) this.#kernel.store(vcpu, root, i, entry);
    }
    return root;
  }

  fork(vcpu: Vcpu, name: string): void {
    const parent = vcpu.space;
    const child = this.#guest.addSpace(name, this.#makeRoot(vcpu));
    for (const leaf of this.#userLeaves(parent.root, P + NONE)) {
      const entry = this.#kernel.read(vcpu, leaf.table, leaf.index);
      if (this.#guest.isPageCache(gfnOf(entry))) continue;
      if (has(entry, RW)) this.#kernel.store(vcpu, leaf.table, leaf.index, minus(entry, RW));
      const table = this.#kernel.makeTables(vcpu, child, leaf.vpn, leaf.level);
      this.#kernel.store(vcpu, table, indexAt(leaf.vpn, leaf.level), minus(minus(entry, RW), A));
      const pages = pagesOf(sizeOfLevel(leaf.level));
      for (let i = 0; i < pages; i++) {
        if (this.#guest.frames.users.has(gfnOf(entry) + i)) this.#guest.frames.addUsers(gfnOf(entry) + i, 1);
      }
    }
    child.vmas = parent.vmas.map((vma) => ({ ...vma }));
    child.image = parent.image;
    child.edited = new Set(parent.edited);
    this.#kernel.flushRange(vcpu, parent, 0, Infinity);
  }

  exec(vcpu: Vcpu): void {
    const { space } = vcpu;
    const old = { ...space };
    space.root = this.#makeRoot(vcpu);
    // A new address space to TLBs and walk caches: nothing of the old one is found under its tag.
    space.id += '+';
    this.#guest.loadCr3(vcpu, space, space);
    space.image = this.#guest.newImage();
    space.vmas = [];
    space.edited = new Set();
    space.accessed = new Set();
    this.#tearDown(vcpu, old, false);
  }

  exit(vcpu: Vcpu, name: string | null): void {
    const space = name === null ? vcpu.space : this.#guest.space(name);
    const loaded = vcpu.space === space;
    this.#tearDown(vcpu, space, loaded);
    this.#guest.spaces = this.#guest.spaces.filter((s) => s !== space);
    for (const v of this.#m.vcpus) v.slots = v.slots.map((s) => (s === space ? null : s));
  }

  /** 8.2 EXIT: leaves, flush, upper entries, flush, swapper; then frames and tables are freed. */
  #tearDown(vcpu: Vcpu, space: AddressSpace, loaded: boolean): void {
    const leaves = this.#userLeaves(space.root, P + NONE);
    for (const leaf of leaves) this.#kernel.store(vcpu, leaf.table, leaf.index, 0);
    if (loaded) this.#guest.loadCr3(vcpu, space, space);
    const freed: number[] = [];
    const visit = (table: number, level: number): void => {
      for (let index = 0; index < (level === this.#m.config.guest.levels ? 256 : 512); index++) {
        const entry = this.#m.memory.read(table, index);
        if (level === 1 || !has(entry, P) || isLeaf(entry, level)) continue;
        visit(gfnOf(entry), level - 1);
        this.#kernel.store(vcpu, table, index, 0);
        freed.push(gfnOf(entry));
      }
    };
    visit(space.root, this.#m.config.guest.levels);
    if (loaded) {
      this.#guest.loadCr3(vcpu, space, space);
      this.#guest.loadCr3(vcpu, this.#guest.swapper, this.#guest.swapper);
    }
    for (const leaf of leaves) dropLeaf(this.#guest, leaf);
    for (const table of freed) this.#guest.frames.freeTable(table);
    this.#guest.frames.freeTable(space.root);
  }
}
