/**
 * UnpackKernel: the WebAssembly form of the p2mtrace decoder's loop (kernels/assembly/unpack.ts), as fast on the first
 * block as on any later one, which takes V8 some ten million records of the loop in TypeScript.
 */
import { UNPACK } from '../../kernels/binary.js';
import { type Kernel, startKernel } from '../../kernels/kernel.js';
import type { AccessBatch } from '../access.js';
import { BLOCK_RECORDS } from './p2mtrace-layout.js';

// Where things are, as in kernels/assembly/unpack.ts.
const TABLE = 1024;
const TOKENS = 4096;
const OP = 20480;
const HI = 36864;
const LO = 102400;
const SIZE = 167936;
const PAYLOAD = 233472;

/** Words of the table, and bytes of the longest addresses of a block. */
const TABLE_WORDS = 529;
const PAYLOAD_BYTES = 13 * BLOCK_RECORDS;

export class UnpackKernel {
  readonly #table: Int32Array;
  readonly #tokens: Uint8Array;
  readonly #payload: Uint8Array;
  readonly #hi: Uint32Array;
  readonly #lo: Uint32Array;
  readonly #size: Uint32Array;
  readonly #op: Uint8Array;
  readonly #unpack: (count: number) => number;

  /** Null where there is no WebAssembly. */
  static start(): UnpackKernel | null {
    const kernel = startKernel(UNPACK);
    return kernel === null ? null : new UnpackKernel(kernel);
  }

  private constructor(kernel: Kernel) {
    const { memory } = kernel;
    this.#table = new Int32Array(memory, TABLE, TABLE_WORDS);
    this.#tokens = new Uint8Array(memory, TOKENS, BLOCK_RECORDS);
    this.#payload = new Uint8Array(memory, PAYLOAD, PAYLOAD_BYTES);
    this.#hi = new Uint32Array(memory, HI, BLOCK_RECORDS);
    this.#lo = new Uint32Array(memory, LO, BLOCK_RECORDS);
    this.#size = new Uint32Array(memory, SIZE, BLOCK_RECORDS);
    this.#op = new Uint8Array(memory, OP, BLOCK_RECORDS);
    this.#unpack = kernel.call('unpack');
  }

  /**
   * Decodes one access a token into `batch` from `from` on; `table` is that of the decoder, and what the loop leaves in it
   * is there afterwards. Returns how many bytes of the addresses were taken, or -1 for a token that is not defined.
   */
  unpack(
    table: Int32Array,
    tokens: Uint8Array,
    addresses: Uint8Array,
    batch: AccessBatch,
    from: number,
  ): number {
    const n = tokens.length;
    this.#table.set(table);
    this.#tokens.set(tokens);
    this.#payload.set(addresses.subarray(0, PAYLOAD_BYTES));
    const taken = this.#unpack(n);
    table.set(this.#table);
    batch.hi.set(this.#hi.subarray(0, n), from);
    batch.lo.set(this.#lo.subarray(0, n), from);
    batch.size.set(this.#size.subarray(0, n), from);
    batch.op.set(this.#op.subarray(0, n), from);
    return taken;
  }
}
