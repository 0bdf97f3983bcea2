/**
 * PackKernel: the WebAssembly form of the column maker's loop (kernels/assembly/pack.ts), which takes two thirds of the time
 * where accesses hit and half where they miss (bench/README.md, rows triad and zipf): there it is most of what a record costs.
 *
 * Records are copied in, many blocks at a time, keys and origins out; a region that the kernel has not at hand it asks
 * for.
 */
import { PACK } from '../kernels/binary.js';
import { type Kernel, startKernel } from '../kernels/kernel.js';
import { type AccessBatch, BATCH_CAPACITY } from '../trace/access.js';
import { BLOCK, type Block, type PageColumns } from './page-columns.js';
import type { Packer } from './packer.js';
import type { PageIds } from './page-ids.js';

// Where things are, as in kernels/assembly/pack.ts.
const RESULTS = 1024;
const KEYS = 4096;
const ORIGINS = 8192;
const OP = 16384;
const HI = 32768;
const LO = 98304;
const SIZE = 163840;
const NEAR = 229376;
const NEAR_WORDS = 4 << 13;

export class PackKernel implements Packer {
  readonly #hi: Uint32Array;
  readonly #lo: Uint32Array;
  readonly #size: Uint32Array;
  readonly #op: Uint8Array;
  readonly #keys: Int32Array;
  readonly #origins: Int32Array;
  /** Stores and fetches of the block; keys of the last call, and fetches among them. */
  readonly #results: Int32Array;
  readonly #pack: (...words: number[]) => number;
  readonly #begin: (from: number, to: number) => number;
  readonly forget: () => void;
  #space = 0;
  #marks = 0;
  #setMask = 0;
  /** Records [from, to) of the batch are here. */
  #from = 0;
  #to = 0;
  stores = 0;
  fetches = 0;
  keptFetches = 0;

  /** Null where there is no WebAssembly. */
  static start(ids: PageIds): PackKernel | null {
    let packer: PackKernel | null = null;
    const region = (hi = 0, lo = 0): number => ids.region(packer!.#space, hi, lo);
    const kernel = startKernel(PACK, { pack: { region } });
    if (kernel !== null) packer = new PackKernel(kernel);
    return packer;
  }

  private constructor(kernel: Kernel) {
    const { memory } = kernel;
    this.#hi = new Uint32Array(memory, HI, BATCH_CAPACITY);
    this.#lo = new Uint32Array(memory, LO, BATCH_CAPACITY);
    this.#size = new Uint32Array(memory, SIZE, BATCH_CAPACITY);
    this.#op = new Uint8Array(memory, OP, BATCH_CAPACITY);
    this.#keys = new Int32Array(memory, KEYS, BLOCK);
    this.#origins = new Int32Array(memory, ORIGINS, BLOCK);
    this.#results = new Int32Array(memory, RESULTS, 4);
    new Int32Array(memory, NEAR, NEAR_WORDS).fill(-1);
    this.#pack = kernel.call('pack');
    this.#begin = kernel.call('begin');
    this.forget = kernel.call('forget');
  }

  fresh(): void {
    this.#from = this.#to = 0;
  }

  begin(batch: AccessBatch, block: Block, limit: number, space: number, sets: number): void {
    const { from, to } = block;
    if (from < this.#from || to > this.#to) this.#take(batch, from, Math.min(limit, from + BATCH_CAPACITY));
    this.#space = space;
    this.#marks = sets > 0 ? -1 : 0;
    this.#setMask = Math.max(0, sets - 1);
    this.#begin(from - this.#from, to - this.#from);
    this.stores = this.#results[0]!;
    this.fetches = this.#results[1]!;
    this.keptFetches = 0;
  }

  /** Copies the records [from, to) in. */
  #take(batch: AccessBatch, from: number, to: number): void {
    this.#hi.set(batch.hi.subarray(from, to));
    this.#lo.set(batch.lo.subarray(from, to));
    this.#size.set(batch.size.subarray(from, to));
    this.#op.set(batch.op.subarray(from, to));
    this.#from = from;
    this.#to = to;
  }

  pack(columns: PageColumns, from: number, to: number): number {
    const base = this.#from;
    const end = this.#pack(from - base, to - base, base, this.#space, this.#marks, this.#setMask);
    const kept = this.#results[2]!;
    this.keptFetches += this.#results[3]!;
    columns.keys.set(this.#keys.subarray(0, kept), columns.n);
    columns.origins.set(this.#origins.subarray(0, kept), columns.n);
    columns.n += kept;
    return base + end;
  }
}
