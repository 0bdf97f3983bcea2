/**
 * ScanKernel: the WebAssembly form of the text scanner (kernels/assembly/scan.ts), which takes a third of the time
 * (bench/README.md, row scan.lackey).
 *
 * A window of text goes in, columns come out. Rows with names of address spaces are compared with the names of those
 * selected, which are handed over whenever they change.
 */
import { canonicalShift } from '../arch/address.js';
import { SCAN } from '../kernels/binary.js';
import { type Kernel, startKernel } from '../kernels/kernel.js';
import { type AccessBatch, OP_MODIFY } from './access.js';
import type { LineBuffer } from './line-buffer.js';
import { endsOf, leadingColumns, opTable, ROLE_SPACE, ROLE_VCPU, type RowShape } from './text-shape.js';

// Where things are, as in kernels/assembly/scan.ts.
const ROLES = 1024;
const ENDS = 1152;
const SPACES = 2048;
const OPS = 4096;
const NAMES = 266240;
const HI = 282624;
const LO = 315392;
const SIZE = 348160;
const OP = 380928;
const VCPU = 389120;
const BYTES = 397312;

const MAX_COLUMNS = 32;
const MAX_VCPUS = 256;
const NAME_BYTES = HI - NAMES;
/** Records and bytes of text taken at a time. */
const ROOM = 8192;
const WINDOW = 1 << 16;

const LF = 10;

export class ScanKernel {
  readonly #lines: LineBuffer;
  readonly #batch: AccessBatch;
  readonly #shape: RowShape;
  readonly #text: Uint8Array;
  readonly #hi: Uint32Array;
  readonly #lo: Uint32Array;
  readonly #size: Uint32Array;
  readonly #op: Uint8Array;
  readonly #vcpu: Uint8Array;
  readonly #names: Uint8Array;
  readonly #spaces: Int32Array;
  readonly #scan: (length: number, room: number) => number;
  readonly #consumed: WebAssembly.Global;
  readonly #records: WebAssembly.Global;
  readonly #hasVcpus: boolean;
  /** The names that were handed over last, by vcpu; null: rows have none. */
  readonly #handed: (Uint8Array | null)[] | null;

  /** Null where there is no WebAssembly, or the rows are wider than it is made for. */
  static start(lines: LineBuffer, batch: AccessBatch, shape: RowShape): ScanKernel | null {
    if (shape.roles.length > MAX_COLUMNS || shape.vcpuLimit > MAX_VCPUS) return null;
    const kernel = startKernel(SCAN);
    return kernel === null ? null : new ScanKernel(kernel, lines, batch, shape);
  }

  private constructor(kernel: Kernel, lines: LineBuffer, batch: AccessBatch, shape: RowShape) {
    const { memory } = kernel;
    this.#lines = lines;
    this.#batch = batch;
    this.#shape = shape;
    this.#text = new Uint8Array(memory, BYTES, WINDOW);
    this.#hi = new Uint32Array(memory, HI, ROOM);
    this.#lo = new Uint32Array(memory, LO, ROOM);
    this.#size = new Uint32Array(memory, SIZE, ROOM);
    this.#op = new Uint8Array(memory, OP, ROOM);
    this.#vcpu = new Uint8Array(memory, VCPU, ROOM);
    this.#names = new Uint8Array(memory, NAMES, NAME_BYTES);
    this.#spaces = new Int32Array(memory, SPACES, 2 * MAX_VCPUS);
    this.#scan = kernel.call('scan');
    this.#consumed = kernel.global('consumed');
    this.#records = kernel.global('records');
    this.#hasVcpus = shape.roles.includes(ROLE_VCPU);
    this.#handed = shape.roles.includes(ROLE_SPACE) ? [] : null;
    this.#spaces.fill(-1);
    new Uint8Array(memory, ROLES, MAX_COLUMNS).set(shape.roles);
    new Int32Array(memory, ENDS, MAX_COLUMNS).set(endsOf(shape));
    new Int32Array(memory, OPS, 1 << 16).set(opTable(shape));
    kernel.call('setShape')(
      shape.roles.length,
      leadingColumns(shape.roles),
      canonicalShift(shape.levels),
      shape.modifyAsTwo ? OP_MODIFY : -1,
      Number(shape.complete),
      Number(shape.prefix),
      shape.vcpuLimit,
    );
  }

  /** Takes rows from the lines; false if the first of them is not for it. */
  take(): boolean {
    const lines = this.#lines;
    const length = this.#nextWindow();
    if (length === 0 || !this.#handSpaces()) return false;
    const rows = this.#scan(length, Math.min(ROOM, this.#batch.lo.length - this.#batch.n));
    lines.start += this.#consumed.value;
    lines.line += rows;
    this.#takeColumns(this.#records.value);
    return rows > 0;
  }

  /** Whole lines, as many as go into the window; 0 if not even one does. */
  #nextWindow(): number {
    const { bytes, start, end } = this.#lines;
    let to = end;
    if (end - start > WINDOW - 24) {
      to = bytes.lastIndexOf(LF, start + WINDOW - 25) + 1;
      if (to <= start) return 0;
    }
    this.#text.set(bytes.subarray(start, to));
    return to - start;
  }

  #takeColumns(n: number): void {
    const { hi, lo, op, size, vcpu, n: at } = this.#batch;
    hi.set(this.#hi.subarray(0, n), at);
    lo.set(this.#lo.subarray(0, n), at);
    op.set(this.#op.subarray(0, n), at);
    size.set(this.#size.subarray(0, n), at);
    if (this.#hasVcpus) vcpu.set(this.#vcpu.subarray(0, n), at);
    this.#batch.n = at + n;
  }

  /** Hands over the names of the spaces selected, if they have changed; false if they are too long. */
  #handSpaces(): boolean {
    const handed = this.#handed;
    if (handed === null) return true;
    const { spaces, vcpuLimit } = this.#shape;
    let changed = false;
    for (let vcpu = 0; vcpu < vcpuLimit; vcpu++) {
      const name = spaces[vcpu] ?? null;
      if (handed[vcpu] === name) continue;
      handed[vcpu] = name;
      changed = true;
    }
    return !changed || this.#writeNames(handed);
  }

  #writeNames(names: readonly (Uint8Array | null)[]): boolean {
    let at = 0;
    for (const [vcpu, name] of names.entries()) {
      const length = name?.length ?? 0;
      if (at + length > NAME_BYTES) {
        this.#handed!.length = 0;
        return false;
      }
      if (name !== null) this.#names.set(name, at);
      this.#spaces[2 * vcpu] = name === null ? -1 : length;
      this.#spaces[2 * vcpu + 1] = NAMES + at;
      at += length;
    }
    return true;
  }
}
