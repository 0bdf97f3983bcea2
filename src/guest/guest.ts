/**
 * The guest: its memory, page tables and address spaces, and the elementary things its kernel does.
 *
 * Every kernel load, store, INVLPG and CR3 load goes out through {@link GuestPort}, where TLBs and the
 * backend see it like any access of a program; what the kernel decides is in fault.ts, mappings.ts and
 * process.ts. The same trace makes the same guest in every mode (docs/model.md 7).
 */
import { ENTRIES, pageHi, pageLo, pageNumberOf, pagesOf, SIZE_4K, sizeOfName } from '../arch/paging.js';
import { PTE_A, PTE_D, PTE_G, PTE_P, PTE_RW, PTE_US } from '../arch/pte.js';
import type { MachineConfig } from '../config/schema.js';
import { TraceError } from '../errors.js';
import { AddressSpace, OTHER_PROCESS } from './address-space.js';
import { digestOf } from './digest.js';
import { GuestMemory } from './guest-memory.js';
import { PcidSlots } from './pcid-slots.js';
import type { GuestCounters, GuestLayout, GuestPort, PendingStore } from './port.js';

/** The shared zero page: where anonymous pages that were only read are mapped. */
export const ZERO_PAGE = 0x900;
/** Frame of the kernel text's 2M leaf. */
const TEXT_FRAME = 0x800;
const TEXT_HI = 0xffffffff | 0;
const TEXT_LO = 0x81000000;

export class Guest extends GuestMemory {
  readonly vcpus: number;
  readonly port: GuestPort;
  readonly counters: GuestCounters;
  readonly pending: PendingStore = { active: false, gfn: 0, index: 0, frame: 0, flags: 0, applied: false };
  /** Address space loaded on each vcpu. */
  readonly current: AddressSpace[] = [];
  readonly swapper: AddressSpace;
  readonly #spaces = new Map<string, AddressSpace>();
  readonly #slots: PcidSlots[] = [];
  #nextSpaceId = 1;
  #nextImage = 1;
  /** Frames that the direct map covers. */
  #mapped = 0;
  readonly #directHi: number;
  readonly #mapsKernel: boolean;

  constructor(config: MachineConfig, counters: GuestCounters, port: GuestPort, layout?: GuestLayout) {
    super(config.guest, config.seed, (ram) => {
      this.#extendDirectMap();
      port.ramGrown(ram);
    });
    this.vcpus = config.vcpus;
    this.counters = counters;
    this.port = port;
    this.#directHi = layout?.directMapHi ?? (this.levels === 4 ? 0xffff8880 : 0xff110000);
    this.#mapsKernel = layout?.mapsKernel ?? true;
    this.swapper = new AddressSpace(this.#nextSpaceId++, '<kernel>', this.takeTable(), 0);
    this.#extendDirectMap();
    if (this.#mapsKernel) this.#mapText();
    const first = layout?.bootRoot === undefined ? this.space('0') : this.register('0', layout.bootRoot);
    for (let v = 0; v < this.vcpus; v++) {
      this.current.push(first);
      this.#slots.push(new PcidSlots(first));
    }
  }

  /** The kernel is not the modelled one: its tables and its work come from outside. */
  get scripted(): boolean {
    return !this.#mapsKernel;
  }

  /** The address space called `name`; one that the trace names for the first time is made silently. */
  space(name: string): AddressSpace {
    const known = this.#spaces.get(name);
    if (known !== undefined) return known;
    const root = this.takeTable();
    for (let i = ENTRIES / 2; i < ENTRIES; i++) {
      const flags = this.tables.flags(this.swapper.root, i);
      if (flags !== 0) this.tables.set(root, i, this.tables.frame(this.swapper.root, i), flags);
    }
    return this.register(name, root);
  }

  spaces(): readonly AddressSpace[] {
    return [...this.#spaces.values()];
  }

  /** Address spaces made so far, but for the kernel's own and the one that it only switches to. */
  get spacesMade(): number {
    return this.#nextSpaceId - (this.knows(OTHER_PROCESS) ? 3 : 2);
  }

  knows(name: string): boolean {
    return this.#spaces.has(name);
  }

  /** Makes `root` the address space `name`, in the place of any older one of that name. */
  register(name: string, root: number): AddressSpace {
    const space = new AddressSpace(this.#nextSpaceId++, name, root, this.#nextImage++);
    this.#spaces.set(name, space);
    return space;
  }

  forget(space: AddressSpace): void {
    if (this.#spaces.get(space.name) === space) this.#spaces.delete(space.name);
  }

  /** MOV to CR3; `keep` is the no-flush bit (only with PCID). */
  loadCr3(vcpu: number, space: AddressSpace, keep: boolean): void {
    this.counters.cr3Loads += 1;
    this.current[vcpu] = space;
    if (!this.config.pcid) this.port.cr3(vcpu, space, { kind: 'non-global' });
    else this.port.cr3(vcpu, space, keep ? { kind: 'none' } : { kind: 'space', id: space.id });
  }

  /** Linux's switch_mm: nothing if loaded; with PCID six tags per vcpu, round robin (tlb.c). */
  switchTo(vcpu: number, space: AddressSpace): void {
    if (this.current[vcpu] === space) return;
    if (!this.config.pcid) return this.loadCr3(vcpu, space, false);
    this.counters.cr3Loads += 1;
    this.current[vcpu] = space;
    this.port.cr3(vcpu, space, this.#slots[vcpu]!.enter(space));
  }

  invlpg(vcpu: number, page: number): void {
    this.counters.invlpgs += 1;
    this.port.invlpg(vcpu, pageHi(page), pageLo(page));
  }

  /**
   * Flush after table edits in pages [first, last] of `space`: page by page up to the ceiling, else
   * everything, on each vcpu that has the space loaded, `vcpu` first (Linux flush_tlb_mm_range).
   */
  flushRange(vcpu: number, space: AddressSpace, first: number, last: number): void {
    space.generation += 1;
    const order = [vcpu, ...Array.from({ length: this.vcpus }, (_, v) => v).filter((v) => v !== vcpu)];
    for (const v of order) {
      if (this.current[v] !== space) continue;
      this.#slots[v]!.flushed(space);
      if (last - first + 1 > this.config.flushCeiling) this.loadCr3(v, space, false);
      else for (let page = first; page <= last; page++) this.invlpg(v, page);
    }
  }

  // --- Kernel loads and stores through the direct map -------------------------------------------

  readEntry(vcpu: number, gfn: number, index: number): void {
    this.port.access(vcpu, this.directHi(gfn), directLo(gfn, index), false);
  }

  /** Stores {frame, flags} in entry `index` of the table in `gfn`. */
  storeEntry(vcpu: number, gfn: number, index: number, frame: number, flags: number): void {
    this.counters.tableWrites += 1;
    this.tables.slot(gfn);
    this.#store(vcpu, gfn, index, frame, flags);
  }

  /** 512 stores of zero; those that are sure to hit are counted without being replayed. */
  zeroFrame(vcpu: number, gfn: number): void {
    this.counters.framesZeroed += 1;
    for (let i = 0; i < ENTRIES; i++) {
      if (!this.#store(vcpu, gfn, i, 0, 0)) continue;
      this.port.moreHits(vcpu, true, ENTRIES - 1 - i);
      if (this.tables.isTable(gfn))
        for (let rest = i + 1; rest < ENTRIES; rest++) this.tables.set(gfn, rest, 0, 0);
      return;
    }
  }

  /** 512 loads of `from`, then 512 stores to `to`. What is copied is data: tables are never copied. */
  copyFrame(vcpu: number, to: number, from: number): void {
    this.counters.framesCopied += 1;
    this.#sweep(vcpu, from, false);
    this.#sweep(vcpu, to, true);
  }

  directHi(gfn: number): number {
    return (this.#directHi + (gfn >>> 20)) | 0;
  }

  #sweep(vcpu: number, gfn: number, write: boolean): void {
    for (let i = 0; i < ENTRIES; i++) {
      if (!this.port.access(vcpu, this.directHi(gfn), directLo(gfn, i), write)) continue;
      this.port.moreHits(vcpu, write, ENTRIES - 1 - i);
      return;
    }
  }

  /** One store; true if it hit the first-level TLB. */
  #store(vcpu: number, gfn: number, index: number, frame: number, flags: number): boolean {
    const { pending } = this;
    pending.active = true;
    pending.gfn = gfn;
    pending.index = index;
    pending.frame = frame;
    pending.flags = flags;
    pending.applied = false;
    const hit = this.port.access(vcpu, this.directHi(gfn), directLo(gfn, index), true);
    pending.active = false;
    if (!pending.applied && this.tables.isTable(gfn)) this.tables.set(gfn, index, frame, flags);
    return hit;
  }

  // --- Frames -----------------------------------------------------------------------------------

  /** A frame for a table, zeroed by the kernel. */
  newTable(vcpu: number): number {
    const gfn = this.allocator.take();
    this.tables.slot(gfn);
    this.tables.use(1);
    this.zeroFrame(vcpu, gfn);
    return gfn;
  }

  // --- Silent set-up ----------------------------------------------------------------------------

  /**
   * `premapped`: gives the region of `page` all its leaves with A=D=1, unless the trace has edited it.
   * The high half is shared: its tables hang below the swapper root, and every root points to them.
   */
  premap(space: AddressSpace, page: number): void {
    if (space.isEdited(page)) return;
    const size = sizeOfName(this.config.pageSize);
    const kernel = page >= 2 ** 44;
    const root = kernel ? this.swapper.root : space.root;
    const flags = PTE_P | PTE_RW | PTE_A | PTE_D | (kernel ? 0 : PTE_US);
    const first = page - (page % pagesOf(Math.max(size, 1)));
    if (size === SIZE_4K) this.#premapSmall(space, root, first, flags);
    else if (this.isVacant(root, first, size)) {
      // Tables first, then the run they map: frames are taken in the order of docs/model.md 7.6.
      this.tableSilently(root, first, size + 1);
      this.mapSilently(root, first, size, this.takeRun(size), flags);
    }
    if (kernel) this.#shareHighHalf();
  }

  #premapSmall(space: AddressSpace, root: number, first: number, flags: number): void {
    if (this.leafAbove(root, first)) return;
    const table = this.tableSilently(root, first, 1);
    for (let i = 0; i < ENTRIES; i++) {
      if (this.tables.flags(table, i) === 0)
        this.tables.set(table, i, this.takeData(space, first + i), flags);
    }
  }

  #shareHighHalf(): void {
    for (const space of this.#spaces.values()) {
      for (let i = ENTRIES / 2; i < ENTRIES; i++) {
        const flags = this.tables.flags(this.swapper.root, i);
        if (flags !== 0 && this.tables.flags(space.root, i) === 0) {
          this.tables.set(space.root, i, this.tables.frame(this.swapper.root, i), flags);
        }
      }
    }
  }

  /** Gives all RAM its place in the direct map; called again whenever RAM has grown. */
  #extendDirectMap(): void {
    if (!this.#mapsKernel) return;
    const size = sizeOfName(this.config.directMap);
    const flags = PTE_P | PTE_RW | PTE_A | PTE_D | PTE_G;
    const base = pageNumberOf(this.#directHi, 0);
    // The tables this takes cannot make RAM grow again: the half that is new is still free.
    while (this.#mapped < this.allocator.ram) {
      const leaves = Math.ceil((this.allocator.ram - this.#mapped) / pagesOf(size));
      const page = base + this.#mapped;
      const mapped = this.mapRowSilently(this.swapper.root, page, size, this.#mapped, flags, leaves);
      this.#mapped += mapped * pagesOf(size);
    }
  }

  #mapText(): void {
    const flags = PTE_P | PTE_RW | PTE_A | PTE_D | PTE_G;
    this.mapSilently(this.swapper.root, pageNumberOf(TEXT_HI, TEXT_LO), 1, TEXT_FRAME, flags);
  }

  /** A message about the trace at `line`, for events that the guest cannot carry out. */
  fail(line: number, message: string, hint: string): never {
    throw new TraceError({ file: '', line: line > 0 ? line : undefined }, message, { hint });
  }

  /** Every leaf of every address space without A and D (which depend on the mode), one line each. */
  dumpTables(emit: (line: string) => void): void {
    for (const space of this.#spaces.values()) {
      emit(`space ${space.name}`);
      this.dumpTable(space.root, this.levels, 0, emit);
    }
  }

  tablesText(): string {
    const lines: string[] = [];
    this.dumpTables((line) => lines.push(line));
    return lines.join('\n');
  }

  /** SHA-256 of {@link dumpTables}: equal in every mode. */
  digest(): string {
    return digestOf((emit) => this.dumpTables(emit));
  }
}

function directLo(gfn: number, index: number): number {
  return ((gfn & 0xfffff) << 12) | (index << 3);
}
