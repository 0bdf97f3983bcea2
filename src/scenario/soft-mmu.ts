/**
 * SoftMmu: a scenario's guest on a machine that has only page tables: no TLB, no hypervisor, no counters.
 *
 * It sets A and D as a CPU does (SDM vol. 3, 5.8), delivers the guest's page faults, and tells an
 * {@link OpSink} every operation in order. What it does is what the guest does on any hypervisor, as far
 * as the guest does not look at A and D bits that a hypervisor sets late.
 */
import { ENTRIES, pageHi, pageLo, tableIndex } from '../arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW } from '../arch/pte.js';
import { InternalError } from '../errors.js';
import type { GuestOps, PageFaultHandler, TableEntry } from './guest-ops.js';

export type AccessKind = 'read' | 'write' | 'fetch';
export type Cr3Tag = Parameters<GuestOps['loadCr3']>[1];

/** Told of every operation; units as in {@link GuestOps}. */
export interface OpSink {
  /** A retry after a fault is told again. */
  access(kind: AccessKind, page: number): void;
  /** The guest's tables forbid the access: its handler runs until `faultDone`. */
  fault(page: number, present: boolean, write: boolean): void;
  faultDone(): void;
  loadEntry(gfn: number, index: number): void;
  storeEntry(
    gfn: number,
    index: number,
    frame: number,
    flags: number,
    level: number,
    page: number,
    old: TableEntry,
  ): void;
  storeData(gfn: number, index: number, frame: number, flags: number): void;
  /** `tableBefore`: the frame has been stored to as a table. */
  zeroFrame(gfn: number, tableBefore: boolean): void;
  copyFrame(to: number, from: number): void;
  invlpg(page: number): void;
  loadCr3(root: number, tag: Cr3Tag): void;
  cpuid(): void;
  togglePge(): void;
  dropTranslations(): void;
  mark(phase: string | null): void;
}

/** Contents of a frame that was ever stored to by entries; all other frames are zero. */
interface Page {
  readonly frames: Float64Array;
  readonly flags: Uint8Array;
}

const LEVELS = 4;
/** More faults than this for one access mean that the guest's handler does not cure them. */
const MAX_FAULTS = 64;

export class SoftMmu implements GuestOps {
  readonly #memory = new Map<number, Page>();
  /** Null: operations are carried out in silence. */
  sink: OpSink | null;
  #root: number;
  #handler: PageFaultHandler = () => {
    throw new InternalError('the guest has no page-fault handler');
  };

  /** @param root frame of the root that is loaded at first */
  constructor(root: number, sink: OpSink | null = null) {
    this.#root = root;
    this.sink = sink;
  }

  /** Sets an entry that is in place before the first operation. */
  place(gfn: number, index: number, frame: number, flags: number): void {
    const page = this.#page(gfn);
    page.frames[index] = frame;
    page.flags[index] = flags;
  }

  read(page: number): void {
    this.#access('read', page);
  }

  write(page: number): void {
    this.#access('write', page);
  }

  fetch(page: number): void {
    this.#access('fetch', page);
  }

  loadEntry(gfn: number, index: number): TableEntry {
    this.sink?.loadEntry(gfn, index);
    return this.#entry(gfn, index);
  }

  storeEntry(gfn: number, index: number, frame: number, flags: number, level: number, page: number): void {
    this.sink?.storeEntry(gfn, index, frame, flags, level, page, this.#entry(gfn, index));
    this.place(gfn, index, frame, flags);
  }

  storeData(gfn: number, index: number, frame: number, flags: number): void {
    this.sink?.storeData(gfn, index, frame, flags);
    this.place(gfn, index, frame, flags);
  }

  zeroFrame(gfn: number): void {
    const page = this.#memory.get(gfn);
    this.sink?.zeroFrame(gfn, page !== undefined);
    page?.frames.fill(0);
    page?.flags.fill(0);
  }

  copyFrame(to: number, from: number): void {
    this.sink?.copyFrame(to, from);
    const source = this.#memory.get(from);
    if (source === undefined && !this.#memory.has(to)) return;
    const target = this.#page(to);
    target.frames.set(source?.frames ?? new Float64Array(ENTRIES));
    target.flags.set(source?.flags ?? new Uint8Array(ENTRIES));
  }

  invlpg(page: number): void {
    this.sink?.invlpg(page);
  }

  loadCr3(root: number, tag?: Cr3Tag): void {
    this.sink?.loadCr3(root, tag);
    this.#root = root;
  }

  cpuid(): void {
    this.sink?.cpuid();
  }

  togglePge(): void {
    this.sink?.togglePge();
  }

  dropTranslations(): void {
    this.sink?.dropTranslations();
  }

  onPageFault(handler: PageFaultHandler): void {
    this.#handler = handler;
  }

  mark(phase: string | null): void {
    this.sink?.mark(phase);
  }

  #access(kind: AccessKind, page: number): void {
    const write = kind === 'write';
    for (let faults = 0; faults <= MAX_FAULTS; faults++) {
      this.sink?.access(kind, page);
      const outcome = this.#walk(page, write);
      if (outcome === 'done') return;
      this.sink?.fault(page, outcome === 'protected', write);
      this.#handler(page, outcome === 'protected', write);
      this.sink?.faultDone();
    }
    throw new InternalError(`page 0x${page.toString(16)} faults without an end`);
  }

  /** A walk by the hardware: rights are checked and A is set level by level, D in the leaf of a write. */
  #walk(page: number, write: boolean): 'done' | 'absent' | 'protected' {
    const [hi, lo] = [pageHi(page), pageLo(page)];
    let table = this.#root;
    for (let level = LEVELS; ; level--) {
      const found = this.#memory.get(table);
      const index = tableIndex(hi, lo, level);
      const flags = found?.flags[index] ?? 0;
      if (found === undefined || (flags & PTE_P) === 0) return 'absent';
      if (write && (flags & PTE_RW) === 0) return 'protected';
      const leaf = level === 1 || (flags & PTE_PS) !== 0;
      found.flags[index] = flags | PTE_A | (leaf && write ? PTE_D : 0);
      if (leaf) return 'done';
      table = found.frames[index]!;
    }
  }

  #entry(gfn: number, index: number): TableEntry {
    const page = this.#memory.get(gfn);
    return { frame: page?.frames[index] ?? 0, flags: page?.flags[index] ?? 0 };
  }

  #page(gfn: number): Page {
    let page = this.#memory.get(gfn);
    if (page === undefined) {
      page = { frames: new Float64Array(ENTRIES), flags: new Uint8Array(ENTRIES) };
      this.#memory.set(gfn, page);
    }
    return page;
  }
}
