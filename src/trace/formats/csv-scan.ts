/**
 * CsvScanner: the fast way through a plain CSV, byte by byte, without an allocation per access.
 *
 * A table says what each column is; access rows (`R W X RW M`) go straight into the batch. Any
 * other row is split as text; a line with a quote goes to csv-parse (csv-reference.ts) together
 * with some lines after it. About 10 times the rate of csv-parse (bench/).
 */
import { canonicalShift } from '../../arch/address.js';
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../access.js';
import * as byte from '../bytes.js';
import type { ChunkBuilder } from '../chunk-builder.js';
import type { LineBuffer } from '../line-buffer.js';
import type { ColumnTable } from './csv-columns.js';
import { readReference } from './csv-reference.js';
import type { RowReader } from './csv-rows.js';

const ROLE_OTHER = 0;
const ROLE_OP = 1;
const ROLE_VA = 2;
const ROLE_SIZE = 3;
const ROLE_VCPU = 4;
const ROLE_AS = 5;
/** Beyond the last column: the row has more fields than the header. */
const ROLE_NONE = 6;

/** Lines given to csv-parse at once when a quote turns up: enough to make its start-up cheap. */
const REFERENCE_LINES = 256;

export class CsvScanner {
  readonly #lines: LineBuffer;
  readonly #out: ChunkBuilder;
  readonly #rows: RowReader;
  readonly #table: ColumnTable;
  readonly #roles: Uint8Array;
  readonly #delimiter: number;
  readonly #canonicalShift: number;
  /** The cells of the row being scanned. */
  #op = -1;
  #hi = 0;
  #lo = 0;
  #size = 1;
  #vcpu = 0;
  #asStart = 0;
  #asEnd = 0;
  /** What {@link #scanDecimal} read last. */
  #number = 0;

  constructor(lines: LineBuffer, out: ChunkBuilder, rows: RowReader, table: ColumnTable) {
    this.#lines = lines;
    this.#out = out;
    this.#rows = rows;
    this.#table = table;
    this.#delimiter = table.delimiter.charCodeAt(0);
    this.#canonicalShift = canonicalShift(rows.levels);
    this.#roles = rolesOf(table);
  }

  /** Consumes complete lines until none is left or the chunk is full. */
  decode(): void {
    const lines = this.#lines;
    while (!lines.drained && !this.#out.full) {
      this.#accesses();
      if (!lines.drained && !this.#out.full) this.#other();
    }
  }

  /** Access rows, up to the first line that is anything else. */
  #accesses(): void {
    const lines = this.#lines;
    const batch = this.#out.accesses;
    const capacity = batch.lo.length;
    const end = lines.end;
    let start = lines.start;
    let n = batch.n;
    const before = n;
    while (start < end && n < capacity) {
      const next = this.#access(start);
      if (next < 0) break;
      batch.op[n] = this.#op;
      batch.hi[n] = this.#hi;
      batch.lo[n] = this.#lo;
      batch.size[n] = this.#size;
      batch.vcpu[n] = this.#vcpu;
      n++;
      start = next;
    }
    lines.line += n - before;
    lines.start = start;
    batch.n = n;
  }

  /** Scans the access row at `start`; the start of the next line, or -1 if it is not a plain one. */
  #access(start: number): number {
    const bytes = this.#lines.bytes;
    const delimiter = this.#delimiter;
    // A comment, or a blank or other oddity that might hide one.
    const first = bytes[start]!;
    if (first === byte.HASH || first <= byte.SPACE || first >= 0x80) return -1;
    this.#op = -1;
    this.#size = 1;
    this.#vcpu = 0;
    this.#asStart = this.#asEnd = 0;
    let hasVa = false;
    let p = start;
    for (let column = 0; ; column++) {
      const cell = p;
      switch (this.#roles[column]) {
        case ROLE_OP:
          p = this.#scanOp(bytes, p);
          break;
        case ROLE_VA:
          p = this.#scanAddress(bytes, p);
          hasVa = true;
          break;
        case ROLE_SIZE:
          p = this.#scanSize(bytes, p);
          break;
        case ROLE_VCPU:
          p = this.#scanVcpu(bytes, p);
          break;
        case ROLE_AS:
          p = skipCell(bytes, p, delimiter);
          this.#asStart = cell;
          this.#asEnd = p;
          break;
        case ROLE_OTHER:
          p = skipCell(bytes, p, delimiter);
          break;
        default:
          return -1;
      }
      if (p < 0) return -1;
      const next = bytes[p]!;
      p++;
      if (next === delimiter) continue;
      if (next === byte.CR && bytes[p] === byte.LF) p++;
      else if (next !== byte.LF) return -1;
      return hasVa && this.#op >= 0 && this.#plain() ? p : -1;
    }
  }

  /** True if nothing about the row needs the row reader: a message, or a context switch. */
  #plain(): boolean {
    const sign = this.#hi >> this.#canonicalShift;
    if (sign !== 0 && sign !== -1) return false;
    if ((this.#lo >>> 0) + this.#size > 0xffffffff || this.#vcpu >= this.#rows.vcpuLimit) return false;
    let length = this.#asEnd - this.#asStart;
    // The last column may end in the CR of a line break.
    if (length > 0 && this.#lines.bytes[this.#asEnd - 1] === byte.CR) length--;
    if (length === 0) return true;
    const current = this.#rows.current[this.#vcpu];
    if (current === null || current === undefined || current.length !== length) return false;
    for (let i = 0; i < length; i++) {
      if (this.#lines.bytes[this.#asStart + i] !== current[i]) return false;
    }
    return true;
  }

  #scanOp(bytes: Uint8Array, p: number): number {
    switch (bytes[p]) {
      case byte.LETTER_R:
        if (bytes[p + 1] === byte.LETTER_W) {
          this.#op = OP_MODIFY;
          return p + 2;
        }
        this.#op = OP_READ;
        return p + 1;
      case byte.LETTER_W:
        this.#op = OP_WRITE;
        return p + 1;
      case byte.LETTER_X:
        this.#op = OP_FETCH;
        return p + 1;
      case byte.LETTER_M:
        this.#op = OP_MODIFY;
        return p + 1;
      default:
        return -1;
    }
  }

  #scanAddress(bytes: Uint8Array, p: number): number {
    if (bytes[p] === byte.ZERO && bytes[p + 1] === byte.LETTER_SMALL_X) p += 2;
    const first = p;
    let hi = 0;
    let lo = 0;
    let digit: number;
    while ((digit = byte.HEX_VALUE[bytes[p]!]!) < 16) {
      hi = (hi << 4) | (lo >>> 28);
      lo = (lo << 4) | digit;
      p++;
    }
    this.#hi = hi;
    this.#lo = lo;
    return p > first && p - first <= 16 ? p : -1;
  }

  #scanSize(bytes: Uint8Array, p: number): number {
    const end = this.#scanDecimal(bytes, p);
    if (end < 0 || this.#number > byte.MAX_ACCESS_BYTES) return -1;
    if (end > p) this.#size = this.#number;
    return this.#size > 0 ? end : -1;
  }

  #scanVcpu(bytes: Uint8Array, p: number): number {
    const end = this.#scanDecimal(bytes, p);
    if (end > p) this.#vcpu = this.#number;
    return end;
  }

  /** Up to seven digits into `#number`; an empty cell is no digits. */
  #scanDecimal(bytes: Uint8Array, p: number): number {
    const first = p;
    let value = 0;
    let digit: number;
    while ((digit = bytes[p]! - byte.ZERO) >= 0 && digit <= 9) {
      value = value * 10 + digit;
      p++;
    }
    this.#number = value;
    return p - first <= 7 ? p : -1;
  }

  /** The line at hand is not a plain access row: blank, comment, event, quoted or wrong. */
  #other(): void {
    const lines = this.#lines;
    const text = lines.peek();
    const shown = text.trim();
    const skipped = shown === '' || shown.startsWith('#');
    if (!skipped && text.includes('"')) {
      readReference(lines, Math.min(REFERENCE_LINES, this.#out.room), this.#table.delimiter, this.#rows);
      return;
    }
    const line = lines.line;
    lines.next();
    if (!skipped) {
      const fields = text.split(this.#table.delimiter).map((field) => field.trim());
      this.#rows.row(fields, line, text);
    }
  }
}

/** End of the cell at `p`, or -1 if it has a quote. */
function skipCell(bytes: Uint8Array, p: number, delimiter: number): number {
  for (;;) {
    const next = bytes[p]!;
    if (next === delimiter || next === byte.LF) return p;
    if (next === byte.QUOTE) return -1;
    p++;
  }
}

function rolesOf(table: ColumnTable): Uint8Array {
  const roles = new Uint8Array(table.names.length + 1);
  const known: Readonly<Record<string, number>> = {
    op: ROLE_OP,
    va: ROLE_VA,
    size: ROLE_SIZE,
    vcpu: ROLE_VCPU,
    as: ROLE_AS,
  };
  for (const [i, name] of table.names.entries()) roles[i] = known[name ?? ''] ?? ROLE_OTHER;
  roles[table.names.length] = ROLE_NONE;
  return roles;
}
