/**
 * Valgrind lackey: the text that `valgrind --tool=lackey --trace-mem=yes` writes.
 *
 * One record a line: `I  04015fe0,3` (instruction fetch), ` L 1ffeffe7e0,8` (load), ` S ...`
 * (store), ` M ...` (modify); addresses are hexadecimal without `0x`, sizes decimal bytes. Lines of
 * valgrind itself begin with `==pid==` and may come anywhere. Source: Valgrind manual, "Lackey: an
 * example tool"; samples made with Valgrind 3.19.0.
 * Not in the format: threads, the kernel, page tables, system calls.
 */
import { isCanonical, parseHex, addBytes, canonicalShift } from '../../arch/address.js';
import type { TraceChunk } from '../access.js';
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { BadRecords, badRecord, quoted } from '../bad-records.js';
import * as byte from '../bytes.js';
import { ChunkBuilder } from '../chunk-builder.js';
import { EMPTY_HEADER } from '../event.js';
import type { ByteSource, TraceFormat, TraceStream } from '../format.js';
import { decodeLines, LineBuffer } from '../line-buffer.js';

const LACKS = ['page-table edits', 'context switches', 'accesses of the kernel', 'threads'] as const;

/** Lackey runs user programs: 48-bit addresses. */
const LEVELS = 4;
const CANONICAL_SHIFT = canonicalShift(LEVELS);

class LackeyReader {
  readonly bad: BadRecords;
  readonly #file: string;
  readonly #lines: LineBuffer;
  readonly #out: ChunkBuilder;
  readonly #modifyAsTwo: boolean;

  constructor(file: string, lines: LineBuffer, out: ChunkBuilder, options: ReaderOptions) {
    this.#file = file;
    this.#lines = lines;
    this.#out = out;
    this.#modifyAsTwo = options.modifyAsTwo;
    this.bad = new BadRecords(options);
  }

  /** Consumes complete lines until none is left or the chunk is full. */
  decode(): void {
    const lines = this.#lines;
    while (!lines.drained && !this.#out.full) {
      this.#scan();
      if (!lines.drained && !this.#out.full) this.#odd();
    }
  }

  /** The fast path: well-formed records, up to the first line that is anything else. */
  #scan(): void {
    const lines = this.#lines;
    const batch = this.#out.accesses;
    const { hi: his, lo: los, op: ops, size: sizes, vcpu: vcpus } = batch;
    const bytes = lines.bytes;
    const end = lines.end;
    // A modify may need two places.
    const capacity = los.length - 1;
    let start = lines.start;
    let n = batch.n;
    const before = n;
    let doubled = 0;
    while (start < end && n < capacity) {
      const op = opAt(bytes, start);
      let p = start + 3;
      let hi = 0;
      let lo = 0;
      let digit: number;
      while ((digit = byte.HEX_VALUE[bytes[p]!]!) < 16) {
        hi = (hi << 4) | (lo >>> 28);
        lo = (lo << 4) | digit;
        p++;
      }
      const digits = p - start - 3;
      if (op < 0 || digits === 0 || digits > 16 || bytes[p] !== byte.COMMA) break;
      const sizeStart = ++p;
      let size = 0;
      while ((digit = bytes[p]! - byte.ZERO) >= 0 && digit <= 9) {
        size = size * 10 + digit;
        p++;
      }
      if (bytes[p] !== byte.LF || p - sizeStart > 7 || size === 0 || size > byte.MAX_ACCESS_BYTES) break;
      const sign = hi >> CANONICAL_SHIFT;
      if ((sign !== 0 && sign !== -1) || (lo >>> 0) + size > 0xffffffff) break;
      his[n] = hi;
      los[n] = lo;
      ops[n] = op;
      sizes[n] = size;
      vcpus[n] = 0;
      n++;
      if (op === OP_MODIFY && this.#modifyAsTwo) {
        ops[n - 1] = OP_READ;
        his[n] = hi;
        los[n] = lo;
        ops[n] = OP_WRITE;
        sizes[n] = size;
        vcpus[n] = 0;
        n++;
        doubled++;
      }
      start = p + 1;
    }
    lines.line += n - before - doubled;
    lines.start = start;
    batch.n = n;
  }

  /** A line that is not a plain record: valgrind's own, blank, ending in CR LF, or wrong. */
  #odd(): void {
    const line = this.#lines.line;
    const text = this.#lines.next();
    if (text.trim() === '' || /^(==|--|\*\*)\d+(==|--|\*\*)/.test(text)) return;
    const match = /^( [LSM] |I {2})([^,]*)(?:,(.*))?$/.exec(text);
    if (match === null) {
      const column = /^ *[LSMI] +/.test(text) ? 1 : text.length - text.trimStart().length + 1;
      this.#bad(
        line,
        text,
        column,
        text.trim().length,
        `${quoted(text)} is not a lackey record; expected ${FORMS}`,
      );
      return;
    }
    this.#record(line, text, match[1] ?? '', match[2] ?? '', match[3]);
  }

  #record(line: number, text: string, kind: string, address: string, sizeText: string | undefined): void {
    const va = parseHex(address);
    if (va === null || address.startsWith('0x')) {
      const what = 'is not a hexadecimal address (1 to 16 digits without 0x)';
      this.#bad(line, text, 4, address.length, `${quoted(address)} ${what}`);
      return;
    }
    const sizeColumn = 5 + address.length;
    const size = sizeText !== undefined && /^\d{1,7}$/.test(sizeText) ? Number(sizeText) : 0;
    if (size < 1 || size > byte.MAX_ACCESS_BYTES) {
      const found = sizeText === undefined ? 'the size is missing' : `${quoted(sizeText)} is not a size`;
      const expected = `expected decimal bytes from 1 to ${byte.MAX_ACCESS_BYTES}`;
      this.#bad(
        line,
        text,
        sizeText === undefined ? 4 + address.length : sizeColumn,
        sizeText?.length ?? 1,
        `${found}; ${expected}`,
      );
      return;
    }
    const last = addBytes(va.hi, va.lo, size - 1);
    if (last === null || !isCanonical(va.hi, va.lo, LEVELS) || !isCanonical(last.hi, last.lo, LEVELS)) {
      this.#bad(line, text, 4, address.length, `${quoted(address)} is not a canonical 48-bit address`);
      return;
    }
    this.#add(kind, va.hi, va.lo, size);
  }

  #add(kind: string, hi: number, lo: number, size: number): void {
    if (kind === ' M ' && this.#modifyAsTwo) {
      this.#out.access(OP_READ, hi, lo, size, 0);
      this.#out.access(OP_WRITE, hi, lo, size, 0);
      return;
    }
    this.#out.access(OP_OF_KIND[kind] ?? OP_READ, hi, lo, size, 0);
  }

  #bad(line: number, text: string, column: number, span: number, message: string): void {
    this.bad.report(badRecord(this.#file, { line, column, span, text }, message));
  }
}

const FORMS = '" L addr,size", " S addr,size", " M addr,size" or "I  addr,size"';
const OP_OF_KIND: Readonly<Record<string, number>> = {
  ' L ': OP_READ,
  ' S ': OP_WRITE,
  ' M ': OP_MODIFY,
  'I  ': OP_FETCH,
};

/** Operation of the record that starts at `p`, or -1. Reading beyond a short line is harmless. */
function opAt(bytes: Uint8Array, p: number): number {
  if (bytes[p + 2] !== byte.SPACE) return -1;
  if (bytes[p] === byte.LETTER_I) return bytes[p + 1] === byte.SPACE ? OP_FETCH : -1;
  if (bytes[p] !== byte.SPACE) return -1;
  switch (bytes[p + 1]) {
    case byte.LETTER_L:
      return OP_READ;
    case byte.LETTER_S:
      return OP_WRITE;
    case byte.LETTER_M:
      return OP_MODIFY;
    default:
      return -1;
  }
}

/** True if the first line that is not valgrind's looks like a record, or there are only valgrind's. */
function sniff(head: Uint8Array): boolean {
  const lines = Buffer.from(head).toString('latin1').split('\n');
  // The head may end within a line.
  if (lines.length > 1) lines.pop();
  let banners = 0;
  for (const line of lines) {
    if (/^==\d+==/.test(line)) banners++;
    else if (line.trim() !== '') return /^( [LSM] |I {2})[0-9a-f]/i.test(line) || banners >= 2;
  }
  return banners > 0;
}

async function open(source: ByteSource, options: ReaderOptions): Promise<TraceStream> {
  const lines = new LineBuffer(source.name);
  const out = new ChunkBuilder(options.batchRecords);
  const reader = new LackeyReader(source.name, lines, out, options);
  const chunks = (): AsyncGenerator<TraceChunk> =>
    decodeLines(source, source.chunks()[Symbol.asyncIterator](), lines, out, () => reader.decode());
  return {
    header: EMPTY_HEADER,
    virtual: true,
    lacks: LACKS,
    eventless: true,
    chunks,
    get skipped() {
      return reader.bad.skipped;
    },
  };
}

export const lackey = {
  name: 'lackey',
  summary: 'valgrind --tool=lackey --trace-mem=yes (text)',
  priority: 20,
  sniff,
  open,
} satisfies TraceFormat;
