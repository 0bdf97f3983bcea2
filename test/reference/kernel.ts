/** The guest kernel's own accesses and its page-fault handler (rules 7.3, 7.5, 8.1). */
import {
  A,
  D,
  NONE,
  P,
  PS,
  RW,
  US,
  gfnOf,
  has,
  indexAt,
  isLeaf,
  leafLevel,
  make,
  minus,
  pagesOf,
  plus,
  sizeOfLevel,
} from './entry.js';
import { type Guest, ZERO_PAGE } from './guest.js';
import type { AddressSpace, Machine, Vcpu, Vma } from './machine.js';

const TABLE = P + RW + US + A + D;

/** One step of a way down the tables. */
export interface Step {
  level: number;
  table: number;
  index: number;
  entry: number;
}

export class Kernel {
  readonly m: Machine;
  readonly guest: Guest;

  constructor(machine: Machine, guest: Guest) {
    this.m = machine;
    this.guest = guest;
  }

  // 7.3: accesses through the direct map.

  #touch(vcpu: Vcpu, gfn: number, index: number, write: boolean, value: number | null): void {
    const vpn = this.guest.directPage(gfn);
    const access = { vpn, write, fetch: false, origin: 'kernel.' as const, index, value };
    this.guest.access(vcpu, access, () => {
      throw new Error(`the kernel faults on frame ${gfn.toString(16)}`);
    });
  }

  read(vcpu: Vcpu, gfn: number, index: number): number {
    this.#touch(vcpu, gfn, index, false, null);
    return this.m.memory.read(gfn, index);
  }

  /** A store to a table entry. */
  store(vcpu: Vcpu, gfn: number, index: number, value: number): void {
    this.m.counts.add('guest.pt.writes');
    this.#touch(vcpu, gfn, index, true, value);
    this.m.memory.write(gfn, index, value);
  }

  zero(vcpu: Vcpu, gfn: number): void {
    this.m.counts.add('guest.frames.zeroed');
    for (let i = 0; i < 512; i++) {
      this.#touch(vcpu, gfn, i, true, 0);
      this.m.memory.write(gfn, i, 0);
    }
  }

  /** Data are not modelled: the copied values are unknown, as for stores of the trace (6.6). */
  copy(vcpu: Vcpu, from: number, to: number): void {
    this.m.counts.add('guest.frames.copied');
    for (let i = 0; i < 512; i++) this.#touch(vcpu, from, i, false, null);
    for (let i = 0; i < 512; i++) this.#touch(vcpu, to, i, true, null);
  }

  // Tables.

  /** From level g down to the first entry that is not present or a leaf; no accesses. */
  path(space: AddressSpace, vpn: number): Step[] {
    const steps: Step[] = [];
    let table = space.root;
    for (let level = this.m.config.guest.levels; ; level--) {
      const index = indexAt(vpn, level);
      const entry = this.m.memory.read(table, index);
      steps.push({ level, table, index, entry });
      if (!has(entry, P) || isLeaf(entry, level)) return steps;
      table = gfnOf(entry);
    }
  }

  /** Missing tables from the top (8.1): frame, zero it, store the entry above. */
  makeTables(vcpu: Vcpu, space: AddressSpace, vpn: number, level: number): number {
    let table = space.root;
    for (let l = this.m.config.guest.levels; l > level; l--) {
      const index = indexAt(vpn, l);
      let entry = this.m.memory.read(table, index);
      if (!has(entry, P)) {
        const next = this.guest.frames.takeTable();
        this.zero(vcpu, next);
        entry = make(next, TABLE);
        this.store(vcpu, table, index, entry);
      }
      table = gfnOf(entry);
    }
    return table;
  }

  /** 8.1: a superpage leaf becomes a table of the level below. */
  split(vcpu: Vcpu, step: Step, vpn: number): void {
    const next = this.guest.frames.takeTable();
    this.zero(vcpu, next);
    const pages = pagesOf(sizeOfLevel(step.level - 1));
    const below = step.level - 1 === 1 ? minus(step.entry, PS) : step.entry;
    for (let i = 0; i < 512; i++) this.store(vcpu, next, i, below + i * pages * 4096);
    this.store(vcpu, step.table, step.index, make(next, TABLE));
    this.flushRange(vcpu, vcpu.space, vpn, vpn);
  }

  // 7.5: flush of a range after table edits; pages first..last were changed.

  flushRange(vcpu: Vcpu, space: AddressSpace, first: number, last: number): void {
    space.generation++;
    const others = this.m.vcpus.filter((v) => v !== vcpu);
    for (const v of [vcpu, ...others].filter((x) => x.space === space)) {
      const slot = v.slots.indexOf(space);
      if (slot >= 0) v.slotGenerations[slot] = space.generation;
      if (last - first + 1 <= this.m.config.guest.flushCeiling) {
        for (let vpn = first; vpn <= last; vpn++) this.guest.invlpg(v, vpn);
      } else {
        this.guest.loadCr3(v, space, space);
      }
    }
  }

  // 8.1: page faults.

  findVma(space: AddressSpace, vpn: number): Vma | undefined {
    return space.vmas.find((vma) => vpn >= vma.start && vpn < vma.end);
  }

  /** Returns false if the access is given up. */
  pageFault(vcpu: Vcpu, vpn: number, write: boolean, fetch: boolean): boolean {
    const { counts } = this.m;
    const { space } = vcpu;
    counts.add('guest.faults');
    for (const step of this.path(space, vpn)) this.read(vcpu, step.table, step.index);
    const last = this.path(space, vpn).at(-1)!;
    const vma = this.findVma(space, vpn);
    const forbidden = vma !== undefined && !vma.read && !vma.write && !vma.exec;
    const none = forbidden || has(last.entry, NONE);
    const marked = !has(last.entry, P) && has(last.entry, NONE);
    if (none || marked || (write && vma !== undefined && !vma.write)) {
      counts.add('guest.faults.bad');
      return false;
    }
    if (has(last.entry, P)) {
      if (!write) return true;
      if (!has(last.entry, RW)) {
        counts.add('guest.faults.cow');
        this.#copyOnWrite(vcpu, space, vpn);
        return true;
      }
      if (this.path(space, vpn).every((step) => has(step.entry, RW))) return true;
      counts.add('guest.faults.bad');
      return false;
    }
    const file = vma === undefined ? fetch : vma.kind === 'file';
    if (file && !write) {
      counts.add('guest.faults.file');
      this.#faultAround(vcpu, space, vpn, vma);
    } else {
      counts.add('guest.faults.demand');
      if (file || vma?.kind === 'file') this.#privateFilePage(vcpu, space, vpn);
      else this.#anonymous(vcpu, space, vpn, write, vma);
    }
    return true;
  }

  #anonymous(vcpu: Vcpu, space: AddressSpace, vpn: number, write: boolean, vma: Vma | undefined): void {
    if (this.#superpage(vcpu, space, vpn, write, vma)) return;
    const table = this.makeTables(vcpu, space, vpn, 1);
    if (!write) {
      this.store(vcpu, table, indexAt(vpn, 1), make(ZERO_PAGE, P + US + A));
      return;
    }
    const frame = this.guest.frames.takeData(space, vpn);
    this.zero(vcpu, frame);
    this.guest.frames.addUsers(frame, 1);
    this.store(vcpu, table, indexAt(vpn, 1), make(frame, TABLE));
  }

  /** Anonymous memory with 2m (1g) leaves, where nothing is mapped and no VMA ends in the range. */
  #superpage(vcpu: Vcpu, space: AddressSpace, vpn: number, write: boolean, vma: Vma | undefined): boolean {
    const { pageSize } = this.m.config.guest;
    if (pageSize === '4k') return false;
    const pages = pagesOf(pageSize);
    const level = leafLevel(pageSize);
    const first = vpn - (vpn % pages);
    const limited = vma
      ? vma.start > first || vma.end < first + pages
      : space.vmas.some((v) => v.start < first + pages && v.end > first);
    const last = this.path(space, vpn).at(-1)!;
    if (limited || last.level < level) return false;
    const table = this.makeTables(vcpu, space, vpn, level);
    const run = this.guest.frames.takeRun(pages);
    for (let i = 0; i < pages; i++) this.zero(vcpu, run + i);
    this.guest.frames.addUsers(run, pages);
    const flags = P + RW + US + A + PS + (write ? D : 0);
    this.store(vcpu, table, indexAt(vpn, level), make(run, flags));
    return true;
  }

  #cacheFrame(space: AddressSpace, vpn: number): number {
    const key = `${space.image} ${vpn}`;
    let frame = this.guest.pageCache.get(key);
    if (frame === undefined) {
      frame = this.guest.frames.takeFrame();
      this.guest.pageCache.set(key, frame);
    }
    return frame;
  }

  #faultAround(vcpu: Vcpu, space: AddressSpace, vpn: number, vma: Vma | undefined): void {
    const table = this.makeTables(vcpu, space, vpn, 1);
    const block = this.m.config.guest.faultAround;
    const first = vpn - (vpn % block);
    for (let page = first; page < first + block; page++) {
      if (vma && (page < vma.start || page >= vma.end)) continue;
      if (has(this.m.memory.read(table, indexAt(page, 1)), P + NONE)) continue;
      const frame = this.#cacheFrame(space, page);
      this.store(vcpu, table, indexAt(page, 1), make(frame, P + US + A));
    }
  }

  /** First touch of a private file page by a write. */
  #privateFilePage(vcpu: Vcpu, space: AddressSpace, vpn: number): void {
    const table = this.makeTables(vcpu, space, vpn, 1);
    const frame = this.guest.frames.takeData(space, vpn);
    this.copy(vcpu, this.#cacheFrame(space, vpn), frame);
    this.guest.frames.addUsers(frame, 1);
    this.store(vcpu, table, indexAt(vpn, 1), make(frame, TABLE));
  }

  #copyOnWrite(vcpu: Vcpu, space: AddressSpace, vpn: number): void {
    let step = this.path(space, vpn).at(-1)!;
    while (step.level > 1) {
      this.split(vcpu, step, vpn);
      step = this.path(space, vpn).at(-1)!;
    }
    const old = gfnOf(step.entry);
    if (old !== ZERO_PAGE && this.guest.frames.users.get(old) === 1 && !this.guest.isPageCache(old)) {
      this.store(vcpu, step.table, step.index, plus(plus(plus(step.entry, RW), A), D));
      return;
    }
    const frame = this.guest.frames.takeData(space, vpn);
    if (old === ZERO_PAGE) this.zero(vcpu, frame);
    else this.copy(vcpu, old, frame);
    this.store(vcpu, step.table, step.index, 0);
    this.flushRange(vcpu, space, vpn, vpn);
    this.store(vcpu, step.table, step.index, make(frame, TABLE));
    this.guest.frames.addUsers(frame, 1);
    this.guest.frames.dropUsers(old, 1);
  }
}
