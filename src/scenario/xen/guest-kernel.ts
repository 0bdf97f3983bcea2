/**
 * XenGuestKernel: the very small operating system that was measured on Xen: frames, tables, address spaces,
 * and what it does on a page fault.
 *
 * It makes no decision of its own: workloads say what is mapped and which fault policy holds. Everything
 * that it does to memory goes through {@link GuestOps}, loads of table entries included.
 */
import { ENTRIES, pageHi, pageLo, tableIndex } from '../../arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US, TABLE_FLAGS } from '../../arch/pte.js';
import { ConfigError, InternalError } from '../../errors.js';
import type { GuestOps, TableEntry } from '../guest-ops.js';
import {
  BOOT_ROOT,
  CODE_PAGE,
  DATA1,
  DIRECT_PAGE,
  FIRST_TABLE,
  KERNEL_SLOTS,
  LARGE,
  SPAN,
} from './layout.js';

/** Where a missing table comes from: boot-zeroed frames, or as an OS does it: a freed one first, zeroed. */
type TableSource = 'fresh' | 'recycled';

/** What the guest does on a page fault; pages outside [first, end) must not fault. */
interface FaultPolicy {
  /** Absent pages get a frame; `mix`: and present read-only ones are made writable. */
  readonly absent: boolean;
  /** Write to a present read-only page: the page is copied, or made writable in place. */
  readonly readOnly: 'copy' | 'reuse' | null;
  readonly first: number;
  readonly end: number;
  /** Pages that one fault maps: the aligned block around it. */
  readonly faultAround: number;
  /** New entries get A (and D if the fault was a write), or neither. */
  readonly accessed: boolean;
  readonly writable: boolean;
}

const NO_FAULTS: FaultPolicy = {
  absent: false,
  readOnly: null,
  first: 0,
  end: 0,
  faultAround: 1,
  accessed: true,
  writable: true,
};

/** An entry's place as one number: frame of the table * 512 + index. */
export type Place = number;

export class XenGuestKernel {
  readonly ops: GuestOps;
  #policy: FaultPolicy = NO_FAULTS;
  /** Root in CR3. */
  #root = BOOT_ROOT;
  #nextTable: number;
  #nextData = DATA1;
  /** Freed table frames; the last one freed is taken first. */
  readonly #free: number[] = [];
  /** Roots made in this experiment. */
  readonly #made: number[] = [];

  /** @param firstTable where the bump allocator of table frames stands */
  constructor(ops: GuestOps, firstTable = FIRST_TABLE) {
    this.ops = ops;
    this.#nextTable = firstTable;
    ops.onPageFault((page, present, write) => this.#pageFault(page, present, write));
  }

  // --- Frames -----------------------------------------------------------------------------------

  /** A frame that was zeroed at boot. */
  freshTable(): number {
    if (this.#nextTable >= DATA1) {
      throw new ConfigError('the guest is out of frames for page tables (it has 45,056)', {
        hint: 'run fewer scenarios in one guest, or smaller ones',
      });
    }
    return this.#nextTable++;
  }

  freeTable(gfn: number): void {
    this.#free.push(gfn);
  }

  /** Forgets freed tables: the next ones are fresh. */
  forgetFreed(): void {
    this.#free.length = 0;
  }

  /** The next data frame is `gfn`. */
  dataFrom(gfn: number): void {
    this.#nextData = gfn;
  }

  #recycledTable(): number {
    const gfn = this.#free.pop() ?? this.freshTable();
    this.ops.zeroFrame(gfn);
    return gfn;
  }

  #dataFrame(): number {
    const gfn = this.#nextData++;
    if (this.#nextData === LARGE) this.#nextData = DATA1;
    return gfn;
  }

  // --- Tables -----------------------------------------------------------------------------------

  /** Place of the `level` entry of `page`, or null if a table above it is missing. */
  find(root: number, page: number, level: number): Place | null {
    let table = root;
    for (let l = 4; l > level; l--) {
      const entry = this.load(place(table, page, l));
      if ((entry.flags & PTE_P) === 0) return null;
      table = entry.frame;
    }
    return place(table, page, level);
  }

  /** Place of an entry whose tables exist. */
  entry(root: number, page: number, level: number): Place {
    const found = this.find(root, page, level);
    if (found !== null) return found;
    throw new InternalError(`the guest has no table for page 0x${page.toString(16)} at level ${level}`);
  }

  /** Place of the `level` entry of `page`; missing tables above it are made. */
  entryMade(root: number, page: number, level: number, source: TableSource = 'fresh'): Place {
    let table = root;
    for (let l = 4; l > level; l--) {
      const at = place(table, page, l);
      const entry = this.load(at);
      if ((entry.flags & PTE_P) !== 0) table = entry.frame;
      else {
        table = source === 'fresh' ? this.freshTable() : this.#recycledTable();
        this.store(at, table, TABLE_FLAGS, l, page);
      }
    }
    return place(table, page, level);
  }

  load(at: Place): TableEntry {
    return this.ops.loadEntry(Math.floor(at / ENTRIES), at % ENTRIES);
  }

  store(at: Place, frame: number, flags: number, level: number, page: number): void {
    this.ops.storeEntry(Math.floor(at / ENTRIES), at % ENTRIES, frame, flags, level, page);
  }

  map(root: number, page: number, frame: number, flags: number): void {
    this.store(this.entryMade(root, page, 1), frame, flags, 1, page);
  }

  /** Maps `n` pages from `page` to frames from `frame`. */
  mapRange(root: number, page: number, frame: number, n: number, flags: number): void {
    for (let i = 0; i < n; i++) this.map(root, page + i, frame + i, flags);
  }

  // --- Address spaces ---------------------------------------------------------------------------

  /** Start of an experiment: back in the base space, no fault expected, one new space. */
  begin(): number {
    this.#policy = NO_FAULTS;
    this.#made.length = 0;
    this.use(BOOT_ROOT);
    return this.newSpace();
  }

  /** A space that shares the kernel window and lasts until the experiment ends. */
  newSpace(): number {
    const root = this.freshTable();
    this.#made.push(root);
    this.#shareKernel(root);
    return root;
  }

  /** A space in a recycled frame: a child of fork, which the workload itself takes down. */
  newChild(): number {
    const root = this.#recycledTable();
    this.#shareKernel(root);
    return root;
  }

  #shareKernel(root: number): void {
    for (const { slot, page } of KERNEL_SLOTS) {
      const { frame, flags } = this.load(BOOT_ROOT * ENTRIES + slot);
      this.store(root * ENTRIES + slot, frame, flags, 4, page);
    }
  }

  /** Loads CR3 without changing spaces: a flush. The next instruction is fetched through the new root. */
  reload(root: number): void {
    this.ops.loadCr3(root);
    this.ops.fetch(CODE_PAGE);
  }

  use(root: number): void {
    this.#root = root;
    this.reload(root);
  }

  /** Touches the kernel window, so that the measured region does not have to. */
  settle(): void {
    this.ops.read(DIRECT_PAGE + BOOT_ROOT);
    this.ops.write(DIRECT_PAGE + DATA1);
    this.ops.read(CODE_PAGE);
  }

  enter(root: number): void {
    this.use(root);
    this.settle();
  }

  /**
   * End of an experiment: back in the base space, then two stores of zero to each root, after which Xen
   * unshadows it and all that hangs below it (hvm.c check_for_early_unshadow): the next one starts clean.
   */
  finish(): void {
    this.#policy = NO_FAULTS;
    this.use(BOOT_ROOT);
    for (const root of this.#made) {
      for (const slot of [1, 2]) this.store(root * ENTRIES + slot, 0, 0, 4, slot * SPAN[4]);
    }
  }

  // --- Page faults ------------------------------------------------------------------------------

  /** From now on faults are handled like this; what is not said is as in {@link NO_FAULTS}. */
  onFault(policy: Partial<FaultPolicy>): void {
    this.#policy = { ...NO_FAULTS, ...policy };
  }

  #pageFault(page: number, present: boolean, write: boolean): void {
    const { absent, readOnly, first, end } = this.#policy;
    if (!present && absent && page >= first && page < end) return this.#mapAround(page, write);
    if (present && write && readOnly !== null) return this.#breakReadOnly(page, readOnly);
    const what = `${write ? 'write to' : 'read of'} ${present ? 'present' : 'absent'}`;
    throw new InternalError(`the guest does not expect a fault: ${what} page 0x${page.toString(16)}`);
  }

  /** Maps the absent pages of the aligned block: new zeroed frames, or frames of the page cache as they are. */
  #mapAround(page: number, write: boolean): void {
    const { first, end, faultAround, accessed, writable } = this.#policy;
    const block = page - (page % faultAround);
    for (let at = block; at < block + faultAround; at++) {
      if (at < first || at >= end) continue;
      const entry = this.entryMade(this.#root, at, 1, 'recycled');
      if ((this.load(entry).flags & PTE_P) !== 0) continue;
      const frame = this.#dataFrame();
      if (faultAround === 1) this.ops.zeroFrame(frame);
      const used = accessed ? PTE_A | (write && at === page ? PTE_D : 0) : 0;
      this.store(entry, frame, PTE_P | PTE_US | (writable ? PTE_RW : 0) | used, 1, at);
    }
  }

  #breakReadOnly(page: number, how: 'copy' | 'reuse'): void {
    const at = this.entry(this.#root, page, 1);
    const { frame, flags } = this.load(at);
    if (how === 'reuse') this.store(at, frame, flags | PTE_RW | PTE_A | PTE_D, 1, page);
    else {
      const copy = this.#dataFrame();
      this.ops.copyFrame(copy, frame);
      this.store(at, copy, PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D, 1, page);
    }
    this.ops.invlpg(page);
  }
}

function place(table: number, page: number, level: number): Place {
  return table * ENTRIES + tableIndex(pageHi(page), pageLo(page), level);
}
