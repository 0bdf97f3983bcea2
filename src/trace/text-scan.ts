/**
 * TextScanner: the fast way through plain text traces of one record a line, without an allocation.
 *
 * A {@link RowShape} says what the columns are; rows that are plain accesses go straight into the batch. At the first
 * line that is anything else (comment, event, quote, mistake) it stops: the format's own reader takes that line. That
 * reader gives the same records for plain rows, so that messages and records do not depend on who reads a line.
 *
 * Rows that begin with an operation, an address and perhaps a size take 18 ns (lackey; one loop per format, digit by
 * digit, took 36); rows of six columns 75 (bench, rows scan.lackey and scan.csv).
 */
import { canonicalShift } from '../arch/address.js';
import { OP_MODIFY, OP_READ, OP_WRITE } from './access.js';
import type { ChunkBuilder } from './chunk-builder.js';
import type { LineBuffer } from './line-buffer.js';
import { ScanKernel } from './scan-kernel.js';
import { CellReader } from './text-cells.js';
import * as shape from './text-shape.js';

/**
 * Rows taken in one go. V8 compiles a long loop before it has seen what follows it, and then falls back to the
 * interpreter at the end of each call: 62 ns a row against 20.
 */
const SLICE = 1024;

const LF = 10;
const CR = 13;
const SPACE = 32;
const HASH = 35;

export class TextScanner {
  readonly #lines: LineBuffer;
  readonly #out: ChunkBuilder;
  readonly #shape: shape.RowShape;
  readonly #cells: CellReader;
  readonly #roles: Uint8Array;
  readonly #ends: Int32Array;
  /** Columns in front that are, in this order, an operation, an address and perhaps a size; 0: none. */
  readonly #leading: number;
  /** -1: none. */
  readonly #vcpuColumn: number;
  /** Right shift of the upper half that leaves 0 or -1 of a canonical address. */
  readonly #canonical: number;
  /** The operation that is two accesses, or -1. */
  readonly #doubled: number;
  /** The same in WebAssembly, where there is any. */
  readonly #kernel: ScanKernel | null;
  /** The row at hand has an address. */
  #hasAddress = false;

  /** @param kernel null: in TypeScript */
  constructor(
    lines: LineBuffer,
    out: ChunkBuilder,
    row: shape.RowShape,
    kernel: ScanKernel | null = ScanKernel.start(lines, out.accesses, row),
  ) {
    this.#lines = lines;
    this.#out = out;
    this.#shape = row;
    this.#cells = new CellReader(row);
    this.#roles = Uint8Array.from(row.roles);
    this.#ends = shape.endsOf(row);
    this.#leading = shape.leadingColumns(row.roles);
    this.#vcpuColumn = row.roles.indexOf(shape.ROLE_VCPU);
    this.#canonical = canonicalShift(row.levels);
    this.#doubled = row.modifyAsTwo ? OP_MODIFY : -1;
    this.#kernel = kernel;
  }

  /** Consumes complete lines until none is left or the batch is full; `odd` takes the one that is not a plain access. */
  decode(odd: () => void): void {
    while (!this.#lines.drained && !this.#out.full) {
      if (this.#kernel === null || !this.#kernel.take()) while (this.#slice());
      if (!this.#lines.drained && !this.#out.full) odd();
    }
  }

  /** Takes rows; true if there may be more. */
  #slice(): boolean {
    const lines = this.#lines;
    const { bytes, view, end } = lines;
    const batch = this.#out.accesses;
    const { hi: his, lo: los, op: ops, size: sizes, vcpu: vcpus } = batch;
    const cells = this.#cells;
    const leading = this.#leading;
    const canonical = this.#canonical;
    const doubled = this.#doubled;
    const vcpuColumn = this.#vcpuColumn;
    const last = (this.#ends.length - 1) | 0;
    const separator = this.#ends[1]!;
    const lineFeed = LF;
    let start = lines.start;
    let n = batch.n;
    let rows = 0;
    // A modify may need two places.
    const limit = Math.min(n + SLICE, los.length - 1);
    while (start < end && n < limit) {
      let next: number;
      if (leading === 0) next = this.#row(start);
      else {
        let p = cells.opAt(view, start);
        if (p < 0) break;
        p = cells.addressAt(view, p);
        if (p < 0) break;
        let column = 1;
        cells.size = 1;
        if (leading === 3 && bytes[p] === separator) {
          const sizeEnd = cells.shortSizeAt(bytes, (p + 1) | 0);
          if (sizeEnd >= 0) {
            p = sizeEnd;
            column = 2;
          }
        }
        next = column === last && bytes[p] === lineFeed ? (p + 1) | 0 : this.#tail(p, column);
      }
      const { op, hi, lo, size } = cells;
      const sign = hi >> canonical;
      if (next < 0 || (sign !== 0 && sign !== -1) || (lo + size) >>> 0 < lo >>> 0) break;
      his[n] = hi;
      los[n] = lo;
      ops[n] = op;
      sizes[n] = size;
      if (vcpuColumn >= 0) vcpus[n] = cells.vcpu;
      n = (n + 1) | 0;
      if (op === doubled) n = this.#second(n);
      rows = (rows + 1) | 0;
      start = next;
    }
    lines.line += rows;
    lines.start = start;
    batch.n = n;
    return n >= limit && n < los.length - 1 && start < end;
  }

  /** Makes the modify before place `n` a load, and a store like it at `n`; the next place. */
  #second(n: number): number {
    const { hi, lo, op, size, vcpu } = this.#out.accesses;
    op[n - 1] = OP_READ;
    op[n] = OP_WRITE;
    hi[n] = hi[n - 1]!;
    lo[n] = lo[n - 1]!;
    size[n] = size[n - 1]!;
    vcpu[n] = vcpu[n - 1]!;
    return n + 1;
  }

  /** A row of any columns in any order: where the next line begins, or -1 if it is not a plain access. */
  #row(start: number): number {
    const { bytes } = this.#lines;
    const cells = this.#cells;
    // A comment, or a blank or other oddity that might hide one.
    const first = bytes[start]!;
    if (this.#roles[0] !== shape.ROLE_OP && (first <= SPACE || first === HASH || first >= 0x80)) return -1;
    cells.op = -1;
    cells.size = 1;
    cells.vcpu = 0;
    cells.spaceAt = cells.spaceEnd = 0;
    this.#hasAddress = false;
    const p = this.#cell(start, 0);
    const next = p < 0 ? -1 : this.#rest(p, 0);
    return cells.op < 0 || !this.#hasAddress ? -1 : next;
  }

  /** What follows the leading columns, the last of which is `column` and ends at `p`. */
  #tail(p: number, column: number): number {
    this.#cells.vcpu = 0;
    this.#cells.spaceAt = this.#cells.spaceEnd = 0;
    return this.#rest(p, column);
  }

  /** What follows any column: where the next line begins, or -1. */
  #rest(p: number, column: number): number {
    const { bytes } = this.#lines;
    const cells = this.#cells;
    const ends = this.#ends;
    for (;;) {
      const end = ends[column]!;
      if (end !== shape.NO_SEPARATOR) {
        const next = bytes[p]!;
        p++;
        if (next === LF || (next === CR && bytes[p] === LF)) break;
        if (next !== end) return -1;
      }
      column++;
      p = this.#cell(p, column);
      if (p < 0) return -1;
    }
    if (this.#shape.complete && column < ends.length - 1) return -1;
    const { spaces, vcpuLimit } = this.#shape;
    if (cells.vcpu >= vcpuLimit || !cells.isSpace(bytes, spaces[cells.vcpu])) return -1;
    return bytes[p - 1] === LF ? p : p + 1;
  }

  /** Reads one cell: the position behind it, or -1. */
  #cell(p: number, column: number): number {
    const { bytes, view } = this.#lines;
    const cells = this.#cells;
    const end = this.#ends[column]!;
    switch (this.#roles[column]) {
      case shape.ROLE_OP: {
        // The separator is looked at like any other.
        const next = cells.opAt(view, p);
        return next < 0 || end === shape.NO_SEPARATOR ? next : next - 1;
      }
      case shape.ROLE_ADDRESS:
        this.#hasAddress = true;
        return cells.addressAt(view, p);
      case shape.ROLE_SIZE:
        return cells.sizeAt(bytes, p);
      case shape.ROLE_HEX_SIZE:
        return cells.hexSizeAt(view, p);
      case shape.ROLE_CODE:
        return cells.codeAt(view, p);
      case shape.ROLE_VCPU:
        return cells.vcpuAt(bytes, p);
      case shape.ROLE_SPACE:
        return cells.nameAt(bytes, p, end);
      default:
        return cells.textAt(bytes, p, end);
    }
  }
}
