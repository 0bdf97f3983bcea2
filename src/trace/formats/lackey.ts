/**
 * Valgrind lackey: the text that `valgrind --tool=lackey --trace-mem=yes` writes.
 *
 * One record a line: `I  04015fe0,3` (instruction fetch), ` L 1ffeffe7e0,8` (load), ` S ...`
 * (store), ` M ...` (modify); addresses are hexadecimal without `0x`, sizes decimal bytes. Lines of
 * valgrind itself begin with `==pid==` and may come anywhere. Source: Valgrind manual, "Lackey: an
 * example tool"; samples made with Valgrind 3.19.0.
 * Not in the format: threads, the kernel, page tables, system calls.
 */
import { isCanonical, parseHex, addBytes } from '../../arch/address.js';
import type { TraceChunk } from '../access.js';
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { BadRecords, badRecord, quoted } from '../bad-records.js';
import * as byte from '../bytes.js';
import { ChunkBuilder } from '../chunk-builder.js';
import { EMPTY_HEADER } from '../event.js';
import type { ByteSource, TraceFormat, TraceStream } from '../format.js';
import { decodeLines, LineBuffer } from '../line-buffer.js';
import { TextScanner } from '../text-scan.js';
import { NO_SEPARATOR, PLAIN_ROWS, ROLE_ADDRESS, ROLE_OP, ROLE_SIZE, type RowShape } from '../text-shape.js';

const LACKS = ['page-table edits', 'context switches', 'accesses of the kernel', 'threads'] as const;

/** Lackey runs user programs: 48-bit addresses. */
const LEVELS = 4;

/** Who reads records; `reference` reads every line as text. Both give the same records. */
export type LackeyEngine = 'scanner' | 'reference';

class LackeyReader {
  readonly bad: BadRecords;
  readonly #file: string;
  readonly #lines: LineBuffer;
  readonly #out: ChunkBuilder;
  readonly #modifyAsTwo: boolean;
  readonly #scanner: TextScanner;

  constructor(file: string, lines: LineBuffer, out: ChunkBuilder, options: ReaderOptions) {
    this.#file = file;
    this.#lines = lines;
    this.#out = out;
    this.#modifyAsTwo = options.modifyAsTwo;
    this.bad = new BadRecords(options);
    this.#scanner = new TextScanner(lines, out, { ...SHAPE, modifyAsTwo: options.modifyAsTwo });
  }

  /** Consumes complete lines until none is left or the chunk is full. */
  decode(engine: LackeyEngine): void {
    if (engine === 'scanner') this.#scanner.decode(() => this.#odd());
    else while (!this.#lines.drained && !this.#out.full) this.#odd();
  }

  /** Any line: valgrind's own, blank, wrong, or a record that the scanner has not taken. */
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

/** ` L 1ffeffe7e0,8`. */
const SHAPE: RowShape = {
  ...PLAIN_ROWS,
  roles: [ROLE_OP, ROLE_ADDRESS, ROLE_SIZE],
  separators: [NO_SEPARATOR, byte.COMMA],
  ops: Object.entries(OP_OF_KIND).map(([text, op]) => ({ text, op })),
  prefix: false,
  levels: LEVELS,
};

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

/** Opens a lackey trace with a chosen way of reading records. */
export async function openLackey(
  source: ByteSource,
  options: ReaderOptions,
  engine: LackeyEngine,
): Promise<TraceStream> {
  const lines = new LineBuffer(source.name);
  const out = new ChunkBuilder(options.batchRecords);
  const reader = new LackeyReader(source.name, lines, out, options);
  const chunks = (): AsyncGenerator<TraceChunk> =>
    decodeLines(source, source.chunks()[Symbol.asyncIterator](), lines, out, () => reader.decode(engine));
  return {
    header: EMPTY_HEADER,
    virtual: true,
    lacks: LACKS,
    eventless: true,
    chunks,
    get skipped() {
      return reader.bad.skipped;
    },
    get decoded() {
      return out.decoded;
    },
  };
}

export const lackey = {
  name: 'lackey',
  summary: 'valgrind --tool=lackey --trace-mem=yes (text)',
  priority: 20,
  sniff,
  open: (source: ByteSource, options: ReaderOptions) => openLackey(source, options, 'scanner'),
} satisfies TraceFormat;
