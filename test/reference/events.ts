/** Trace events as the guest kernel carries them out (rule 8.2). */
import type { Perm, TraceEvent, Word64 } from '../../src/trace/event.js';
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
} from './entry.js';
import { type SizeName } from './entry.js';
import type { Guest } from './guest.js';
import type { Kernel } from './kernel.js';
import { dropLeaf, type Leaf, leavesIn } from './leaves.js';
import { Processes } from './processes.js';
import type { AddressSpace, Machine, Vcpu, Vma } from './machine.js';

function pageOf(va: Word64): number {
  return va.hi * 2 ** 20 + Math.floor(va.lo / 4096);
}

export class Events {
  #m: Machine;
  #guest: Guest;
  #kernel: Kernel;
  #processes: Processes;
  /** An access of the trace, for DEMAND and COW. */
  #touch: (vcpu: number, va: Word64, write: boolean) => void;

  constructor(kernel: Kernel, touch: (vcpu: number, va: Word64, write: boolean) => void) {
    this.#m = kernel.m;
    this.#guest = kernel.guest;
    this.#kernel = kernel;
    this.#processes = new Processes(kernel);
    this.#touch = touch;
  }

  apply(e: TraceEvent): void {
    const vcpu = this.#m.vcpus[e.vcpu]!;
    switch (e.kind) {
      case 'map':
        return this.#map(vcpu, pageOf(e.va), e.bytes / 4096, e.gfn, e.perm, e.how, e.pageSize);
      case 'unmap':
        return this.#unmap(vcpu, pageOf(e.va), e.bytes / 4096);
      case 'protect':
        return this.#protect(vcpu, pageOf(e.va), e.bytes / 4096, e.perm);
      case 'clear':
        return this.#clear(vcpu, pageOf(e.va), e.bytes / 4096, e.bit === 'A' ? A : D);
      case 'demand':
        return this.#touch(e.vcpu, e.va, e.write);
      case 'cow':
        return this.#touch(e.vcpu, e.va, true);
      case 'fork':
        return this.#processes.fork(vcpu, e.child);
      case 'exec':
        return this.#processes.exec(vcpu);
      case 'exit':
        return this.#processes.exit(vcpu, e.as);
      case 'switch':
        return this.#guest.switchTo(vcpu, this.#guest.space(e.as));
      case 'cr3': {
        const space = this.#guest.space(e.as);
        return this.#guest.loadCr3(vcpu, space, e.noflush ? null : space);
      }
      case 'ptw':
        return this.#tableStore(vcpu, e.gfn, e.level, pageOf(e.va), e.value);
      case 'invlpg':
        return this.#guest.invlpg(vcpu, pageOf(e.va));
      case 'flushall':
        this.#m.counts.add('guest.flush.full');
        return this.#guest.backend.flushAll(vcpu);
      case 'ipiflush':
        return this.#ipi(vcpu, e.va);
      case 'cpuid':
        return this.#guest.backend.cpuid();
      case 'ptdying':
        return this.#guest.backend.ptdying();
      case 'syscall':
      case 'mark':
      case 'roi':
      case 'fault':
      case 'sched':
        return;
      default:
        throw new Error(`the reference does not cover the event ${e.kind}`);
    }
  }

  #edited(space: AddressSpace, first: number, pages: number): void {
    for (let vpn = first; vpn < first + pages; vpn++) space.edited.add(this.#guest.region(vpn));
  }

  /** Cuts [start, end) out of the VMAs; returns what was cut out. */
  #cut(space: AddressSpace, start: number, end: number): Vma[] {
    const kept: Vma[] = [];
    const out: Vma[] = [];
    for (const vma of space.vmas) {
      const from = Math.max(vma.start, start);
      const to = Math.min(vma.end, end);
      if (from >= to) {
        kept.push(vma);
        continue;
      }
      if (vma.start < from) kept.push({ ...vma, end: from });
      if (to < vma.end) kept.push({ ...vma, start: to });
      out.push({ ...vma, start: from, end: to });
    }
    space.vmas = kept;
    return out;
  }

  #map(
    vcpu: Vcpu,
    first: number,
    pages: number,
    gfn: number | null,
    perm: Perm,
    how: Vma['kind'],
    pageSize: SizeName | null,
  ): void {
    const { space } = vcpu;
    this.#unmap(vcpu, first, pages);
    space.vmas.push({ start: first, end: first + pages, ...perm, kind: how });
    if (how !== 'populate' || !(perm.read || perm.write || perm.exec)) return;
    const size = pageSize ?? this.#m.config.guest.pageSize;
    const step = pagesOf(size);
    const level = leafLevel(size);
    const flags = P + US + A + (perm.write ? RW : 0) + (level > 1 ? PS : 0);
    for (let vpn = first; vpn < first + pages; vpn += step) {
      const table = this.#kernel.makeTables(vcpu, space, vpn, level);
      let frame = gfn === null ? -1 : gfn + (vpn - first);
      if (gfn === null) {
        frame = level > 1 ? this.#guest.frames.takeRun(step) : this.#guest.frames.takeData(space, vpn);
        for (let i = 0; i < step; i++) this.#kernel.zero(vcpu, frame + i);
        this.#guest.frames.addUsers(frame, step);
      }
      this.#kernel.store(vcpu, table, indexAt(vpn, level), make(frame, flags));
    }
  }

  /** Splits superpage leaves that [first, end) covers in part. */
  #splitPartial(vcpu: Vcpu, first: number, end: number): void {
    for (const border of [first, end - 1]) {
      for (;;) {
        const step = this.#kernel.path(vcpu.space, border).at(-1)!;
        const pages = 512 ** (step.level - 1);
        const base = border - (border % pages);
        const mapped = has(step.entry, P) || (has(step.entry, NONE) && has(step.entry, PS));
        if (!mapped || step.level === 1) break;
        if (base >= first && base + pages <= end) break;
        this.#kernel.split(vcpu, step, border);
      }
    }
  }

  #unmap(vcpu: Vcpu, first: number, pages: number): void {
    const { space } = vcpu;
    const end = first + pages;
    this.#edited(space, first, pages);
    this.#cut(space, first, end);
    this.#splitPartial(vcpu, first, end);
    const leaves = leavesIn(this.#m, space.root, first, end, (e) => has(e, P) || has(e, NONE));
    for (const leaf of leaves) this.#kernel.store(vcpu, leaf.table, leaf.index, 0);
    const freed = this.#dropEmpty(vcpu, space, first, end);
    if (leaves.length > 0) {
      const last = leaves.at(-1)!;
      this.#kernel.flushRange(vcpu, space, leaves[0]!.vpn, last.vpn + last.pages - 1);
    }
    for (const leaf of leaves) dropLeaf(this.#guest, leaf);
    for (const table of freed) this.#guest.frames.freeTable(table);
  }

  /** Tables over the range that are empty, ascending and children before parents (8.2, UNMAP). */
  #dropEmpty(vcpu: Vcpu, space: AddressSpace, first: number, end: number): number[] {
    const freed: number[] = [];
    const visit = (table: number, level: number, base: number): void => {
      const pages = 512 ** (level - 1);
      for (let index = 0; index < 512; index++) {
        const vpn = base + index * pages;
        if (vpn + pages <= first || vpn >= end) continue;
        const entry = this.#m.memory.read(table, index);
        if (!has(entry, P) || isLeaf(entry, level)) continue;
        const below = gfnOf(entry);
        if (level > 2) visit(below, level - 1, vpn);
        if (this.#m.memory.frame(below).some((e) => has(e, P + NONE))) continue;
        this.#kernel.store(vcpu, table, index, 0);
        freed.push(below);
      }
    };
    visit(space.root, this.#m.config.guest.levels, 0);
    return freed;
  }

  #protect(vcpu: Vcpu, first: number, pages: number, perm: Perm): void {
    const { space } = vcpu;
    const end = first + pages;
    this.#edited(space, first, pages);
    for (const vma of this.#cut(space, first, end)) space.vmas.push({ ...vma, ...perm });
    this.#splitPartial(vcpu, first, end);
    const none = !perm.read && !perm.write && !perm.exec;
    const changed: Leaf[] = [];
    for (const leaf of leavesIn(this.#m, space.root, first, end, (e) => has(e, P) || has(e, NONE))) {
      let entry = leaf.entry;
      if (has(entry, P)) {
        if (none) entry = plus(minus(entry, P), NONE);
        else if (!perm.write) entry = minus(entry, RW);
      } else if (!none) entry = minus(minus(plus(entry, P), RW), NONE);
      if (entry === leaf.entry) continue;
      this.#kernel.store(vcpu, leaf.table, leaf.index, entry);
      changed.push(leaf);
    }
    this.#flushLeaves(vcpu, changed);
  }

  #flushLeaves(vcpu: Vcpu, leaves: Leaf[]): void {
    const last = leaves.at(-1);
    if (!last) return;
    this.#kernel.flushRange(vcpu, vcpu.space, leaves[0]!.vpn, last.vpn + last.pages - 1);
  }

  #clear(vcpu: Vcpu, first: number, pages: number, bit: number): void {
    const leaves = leavesIn(this.#m, vcpu.space.root, first, first + pages, (entry) => has(entry, P));
    for (const leaf of leaves) {
      const entry = this.#m.memory.read(leaf.table, leaf.index);
      this.#kernel.store(vcpu, leaf.table, leaf.index, minus(entry, bit));
    }
    if (bit === D) this.#flushLeaves(vcpu, leaves);
  }

  #tableStore(vcpu: Vcpu, gfn: number, level: number, vpn: number, value: Word64): void {
    const entry = (value.hi % 2 ** 20) * 2 ** 32 + value.lo;
    vcpu.space.edited.add(this.#guest.region(vpn));
    this.#kernel.store(vcpu, gfn, indexAt(vpn, level), entry);
  }

  #ipi(vcpu: Vcpu, va: Word64 | null): void {
    for (const other of this.#m.vcpus) {
      if (other === vcpu) continue;
      if (va !== null) this.#guest.invlpg(other, pageOf(va));
      else this.#guest.loadCr3(other, other.space, other.space);
    }
  }
}
