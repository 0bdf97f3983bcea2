/**
 * GuestKernel: the small kernel of the measured KVM guest, which the workloads are written against.
 *
 * It owns the allocators, the tables, the fault handler and the loaded address space, and names the
 * workload pages: page i of the workload is at VA 512 GiB + 4096 * stride * i.
 */
import type { GuestOps } from '../guest-ops.js';
import { FaultHandler, type DemandPolicy } from './fault-handler.js';
import { FetchedOps } from './fetched-ops.js';
import { FrameAllocator } from './frames.js';
import { KernelPages } from './kernel-pages.js';
import { BASE_PAGE, BOOT_ROOT } from './layout.js';
import type { KvmParams } from './params.js';
import { GuestTables } from './tables.js';

/** Multiplier of the permuted order, 2^32 / golden ratio: it visits each of N pages once if N is a power of two. */
const PERMUTE = 0x9e3779b1;

export class GuestKernel {
  readonly ops: GuestOps;
  readonly params: KvmParams;
  readonly frames: FrameAllocator;
  readonly tables: GuestTables;
  readonly faults: FaultHandler;
  readonly own: KernelPages;
  #root = BOOT_ROOT;

  constructor(machine: GuestOps, params: KvmParams) {
    const ops = new FetchedOps(machine);
    this.ops = ops;
    this.params = params;
    this.frames = new FrameAllocator(ops, params);
    this.tables = new GuestTables(ops, this.frames);
    this.faults = new FaultHandler(ops, this.frames, this.tables);
    this.own = new KernelPages(ops);
    ops.onPageFault((page, present, write) => this.faults.handle(this.#root, page, present, write));
  }

  /** Root of the loaded address space. */
  get root(): number {
    return this.#root;
  }

  /** Page number of workload page `i`. */
  page(i: number): number {
    return BASE_PAGE + i * this.params.stride;
  }

  /** The workload page that comes `i`-th. */
  nth(i: number): number {
    const { order, n } = this.params;
    return order === 0 ? i : Math.imul(i, PERMUTE) & (n - 1);
  }

  /** Calls `visit` with the number of each workload page, in the order of the experiment. */
  eachPage(visit: (page: number) => void): void {
    for (let i = 0; i < this.params.n; i++) visit(this.page(this.nth(i)));
  }

  readAll(): void {
    this.own.enterLoop();
    this.eachPage((page) => this.ops.read(page));
  }

  writeAll(): void {
    this.own.enterLoop();
    this.eachPage((page) => this.ops.write(page));
  }

  /** Reads or writes all pages, as the experiment says. */
  touchAll(): void {
    if (this.params.op === 0) this.readAll();
    else this.writeAll();
  }

  /** Writes the first `count` pages of the loaded space. */
  writeRow(count: number): void {
    this.own.readGlobals();
    for (let i = 0; i < count; i++) this.ops.write(this.page(i));
  }

  /** Maps all workload pages into the loaded space, in ascending order. */
  build(flags: number): void {
    for (let i = 0; i < this.params.n; i++) {
      const frame = this.params.cold === 0 ? this.frames.data() : this.frames.cold();
      this.tables.map(this.#root, this.page(i), frame, flags);
    }
  }

  /**
   * Writes once to each of `count` frames through the window: a locked OR of nothing, which the measured machine
   * (one processor, emulated) carried out as a read and then a write. Where host memory was not in place, the
   * read found the zero page: that is why these frames were backed by 4 KiB pages even with `thp`.
   */
  warm(first: number, count: number): void {
    for (let frame = first; frame < first + count; frame++) {
      this.ops.read(frame);
      this.ops.write(frame);
    }
  }

  /** Switches to the address space of `root`; the instruction after the load is fetched through it. */
  load(root: number): void {
    this.own.noteRoot();
    this.#root = root;
    this.#loadCr3(0, false);
  }

  /** Loads CR3 with what it holds. */
  reload(): void {
    this.#loadCr3(0, false);
  }

  /** Switches to `root` under a PCID. */
  loadTagged(root: number, pcid: number, noflush: boolean): void {
    this.#root = root;
    this.#loadCr3(pcid, noflush);
  }

  #loadCr3(id: number, noflush: boolean): void {
    if (this.params.pcid === 0) this.ops.loadCr3(this.#root);
    else this.ops.loadCr3(this.#root, { id, noflush });
    this.own.fetch();
  }

  /** Absent pages are filled from now on, each alone unless `change` says more. */
  demand(flags: number, change: Partial<DemandPolicy> = {}): void {
    const zero = this.params.m !== 0;
    this.faults.policy = { kind: 'demand', flags, zero, around: 1, low: 0, high: 0, ...change };
  }
}
