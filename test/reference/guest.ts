/** The guest: frames, initial tables, address spaces, premapping, CR3 loads (rule 7). */
import {
  A,
  D,
  G,
  P,
  PS,
  RW,
  US,
  has,
  indexAt,
  isHigh,
  leafLevel,
  make,
  pagesOf,
  gfnOf,
  isLeaf,
} from './entry.js';
import { Frames } from './frames.js';
import type { AddressSpace, Backend, Machine, PageAccess, Vcpu, WalkResult } from './machine.js';

const TABLE = P + RW + US + A + D;
const KERNEL_LEAF = P + RW + A + D + G;
export const ZERO_PAGE = 0x900;

export class Guest {
  #m: Machine;
  /** Set once the backend exists; nothing is accessed before. */
  backend!: Backend;
  swapper: AddressSpace;
  /** In order of creation. */
  spaces: AddressSpace[] = [];
  frames: Frames;
  /** Page-cache frames by `image vpn`. */
  pageCache = new Map<string, number>();
  #nextImage = 1;
  #nextId = 0;
  /** GiB of RAM that the direct map covers. */
  #mappedGib = 0;
  #directTable = 0;

  constructor(machine: Machine) {
    this.#m = machine;
    const { config, memory } = machine;
    this.frames = new Frames(machine, () => this.#extendDirectMap());
    machine.p2m.grow(config.guest.ram === 'auto' ? 262144 : config.guest.ram * 256);
    const root = this.frames.takeTable();
    this.swapper = this.#newSpace('swapper', root);
    // 7.2: the direct map's L3 (5 levels: below an L4), then its L2s, then the kernel text.
    let top = root;
    for (let level = config.guest.levels; level > 3; level--) {
      const table = this.frames.takeTable();
      memory.write(top, indexAt(this.directPage(0), level), make(table, TABLE));
      top = table;
    }
    this.#directTable = top;
    this.#extendDirectMap();
    const text = Number(0xffffffff81000000n >> 12n);
    const l2 = this.#silentTables(this.swapper, text, 2);
    memory.write(l2, indexAt(text, 2), make(0x800, KERNEL_LEAF + PS));
  }

  /** vpn of a frame in the direct map. */
  directPage(gfn: number): number {
    return (this.#m.config.guest.levels === 5 ? 0xff11000000000 : 0xffff888000000) + gfn;
  }

  #extendDirectMap(): void {
    const { memory, config, p2m } = this.#m;
    const size = config.guest.directMap;
    for (; this.#mappedGib * 262144 < p2m.ram; this.#mappedGib++) {
      const first = this.#mappedGib * 262144;
      const l3index = indexAt(this.directPage(first), 3);
      if (size === '1g') {
        memory.write(this.#directTable, l3index, make(first, KERNEL_LEAF + PS));
        continue;
      }
      const l2 = this.frames.takeTable();
      memory.write(this.#directTable, l3index, make(l2, TABLE));
      for (let i = 0; i < 512 && first + i * 512 < p2m.ram; i++) {
        if (size === '2m') {
          memory.write(l2, i, make(first + i * 512, KERNEL_LEAF + PS));
          continue;
        }
        const l1 = this.frames.takeTable();
        memory.write(l2, i, make(l1, TABLE));
        for (let j = 0; j < 512; j++) memory.write(l1, j, make(first + i * 512 + j, KERNEL_LEAF));
      }
    }
  }

  isPageCache(gfn: number): boolean {
    for (const frame of this.pageCache.values()) if (frame === gfn) return true;
    return false;
  }

  // 7.2: address spaces.

  #newSpace(name: string, root: number): AddressSpace {
    const id = `${name}#${this.#nextId++}`;
    return {
      id,
      name,
      root,
      vmas: [],
      image: this.#nextImage++,
      edited: new Set(),
      accessed: new Set(),
      generation: 0,
    };
  }

  newImage(): number {
    return this.#nextImage++;
  }

  /** The address space of that name, made silently if there is none. */
  space(name: string): AddressSpace {
    const known = this.spaces.find((s) => s.name === name);
    if (known) return known;
    const root = this.frames.takeTable();
    const { memory } = this.#m;
    for (let i = 0; i < 512; i++) memory.write(root, i, i < 256 ? 0 : memory.read(this.swapper.root, i));
    const made = this.#newSpace(name, root);
    this.spaces.push(made);
    return made;
  }

  addSpace(name: string, root: number): AddressSpace {
    const made = this.#newSpace(name, root);
    this.spaces.push(made);
    return made;
  }

  /** Missing tables from the top, silently; returns the table of `level`. */
  #silentTables(space: AddressSpace, vpn: number, level: number): number {
    const { memory, config } = this.#m;
    let table = space.root;
    for (let l = config.guest.levels; l > level; l--) {
      const index = indexAt(vpn, l);
      let entry = memory.read(table, index);
      if (has(entry, P) && isLeaf(entry, l)) return -1;
      if (!has(entry, P)) {
        const next = this.frames.takeTable();
        memory.frame(next).fill(0);
        entry = make(next, TABLE);
        memory.write(table, index, entry);
      }
      table = gfnOf(entry);
    }
    return table;
  }

  /** Premapping region of a page: 2 MiB, or 1 GiB with 1g leaves. */
  region(vpn: number): number {
    return Math.floor(vpn / (this.#m.config.guest.pageSize === '1g' ? 262144 : 512));
  }

  /** Rule 7.6, before the first walk of an access. */
  premap(space: AddressSpace, vpn: number): void {
    const { memory, config } = this.#m;
    const region = this.region(vpn);
    if (config.guest.mode !== 'premapped' || space.edited.has(region) || space.accessed.has(region)) return;
    space.accessed.add(region);
    const level = leafLevel(config.guest.pageSize);
    const table = this.#silentTables(space, vpn, level);
    if (table < 0) return;
    const flags = P + RW + A + D + (isHigh(vpn) ? 0 : US);
    const pages = pagesOf(config.guest.pageSize);
    if (level > 1) {
      if (has(memory.read(table, indexAt(vpn, level)), P)) return;
      const run = this.frames.takeRun(pages);
      this.frames.addUsers(run, pages);
      memory.write(table, indexAt(vpn, level), make(run, flags + PS));
      return;
    }
    const first = vpn - (vpn % 512);
    for (let i = 0; i < 512; i++) {
      if (memory.read(table, i) !== 0) continue;
      const frame = this.frames.takeData(space, first + i);
      this.frames.addUsers(frame, 1);
      memory.write(table, i, make(frame, flags));
    }
  }

  // 1.3: one page access.

  /** Returns false if the access is given up (a bad fault). `onFault` runs the guest kernel. */
  access(vcpu: Vcpu, access: PageAccess, onFault: () => boolean): boolean {
    const { counts } = this.#m;
    const { origin, vpn, write, fetch } = access;
    counts.addFor(origin, 'accesses');
    counts.addFor(origin, fetch ? 'accesses.fetch' : write ? 'accesses.write' : 'accesses.read');
    const answer = vcpu.tlb.lookup(origin, vcpu.space.id, vpn, write, fetch);
    if (answer === 'done') return true;
    if (answer === 'rewalk') counts.addFor(origin, 'walk.rewalk');
    if (origin === '') this.premap(vcpu.space, vpn);
    for (let tries = 0; tries < 100; tries++) {
      counts.addFor(origin, 'walk.count');
      if (tries > 0) counts.addFor(origin, 'walk.retry');
      const result: WalkResult = this.backend.walk(vcpu, access);
      if (result.end === 'ok') {
        vcpu.tlb.fill(origin, vcpu.space.id, vpn, fetch, result.size, result.w, result.g);
        return true;
      }
      counts.addFor(origin, 'walk.fault');
      // SDM 4.10.4.1: a page fault drops what would translate the address.
      vcpu.tlb.flushPage(vcpu.space.id, vpn);
      vcpu.guestCache.dropCovering(vcpu.space.id, vpn);
      if (result.end === 'done') return true;
      if (result.end === 'fault' && !onFault()) return false;
    }
    throw new Error(`access to page ${vpn.toString(16)} never succeeds`);
  }

  // 7.4: CR3.

  /** MOV to CR3 of `space`; `victim` is whose entries go with PCID (null: noflush). */
  loadCr3(vcpu: Vcpu, space: AddressSpace, victim: AddressSpace | null): void {
    this.#m.counts.add('guest.cr3');
    vcpu.space = space;
    this.backend.loadCr3(vcpu, victim);
  }

  /** What Linux does on a context switch. */
  switchTo(vcpu: Vcpu, space: AddressSpace): void {
    if (vcpu.space === space) return;
    const known = vcpu.slots.indexOf(space);
    if (known >= 0) {
      const missed = vcpu.slotGenerations[known] !== space.generation;
      vcpu.slotGenerations[known] = space.generation;
      this.loadCr3(vcpu, space, missed ? space : null);
      return;
    }
    const victim = vcpu.slots[vcpu.nextSlot] ?? null;
    vcpu.slots[vcpu.nextSlot] = space;
    vcpu.slotGenerations[vcpu.nextSlot] = space.generation;
    vcpu.nextSlot = (vcpu.nextSlot + 1) % 6;
    this.loadCr3(vcpu, space, victim);
  }

  invlpg(vcpu: Vcpu, vpn: number): void {
    this.#m.counts.add('guest.invlpg');
    this.backend.invlpg(vcpu, vpn);
  }
}
