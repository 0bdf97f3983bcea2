/**
 * What text formats of one record a line have in common: the byte scanner in front, a reader of lines behind it, and
 * what a record says put into words where it is wrong. A format adds its {@link RowShape} and a {@link LineReader}.
 */
import { addBytes, type AddressHalves, isCanonical, parseHex } from '../arch/address.js';
import { OP_MODIFY, OP_READ, OP_WRITE } from './access.js';
import type { ReaderOptions } from './bad-records.js';
import { BadRecords, badRecord, notAllCanonical, notCanonical, quoted } from './bad-records.js';
import { MAX_ACCESS_BYTES } from './bytes.js';
import { ChunkBuilder } from './chunk-builder.js';
import { EMPTY_HEADER, type TraceHeader } from './event.js';
import type { ByteSource, TraceStream } from './format.js';
import { decodeLines, LineBuffer } from './line-buffer.js';
import { PassedOverCounts } from './passed-over.js';
import { TextScanner } from './text-scan.js';
import type { RowShape } from './text-shape.js';

/** These formats are of programs: 48-bit addresses. */
export const LEVELS = 4;

/** Who reads records; `reference` reads every line as text. Both give the same records. */
export type TextEngine = 'scanner' | 'reference';

/** Reads any line, plain rows included: adds what it says to the chunk, passes over it, or reports it. */
export type LineReader = (text: string, line: number) => void;

/** A part of a line. */
export interface Field {
  readonly text: string;
  /** First character in the line, from 1. */
  readonly column: number;
}

export interface TextFormat {
  /** Plain rows; null: every line goes to the reader. */
  readonly shape: RowShape | null;
  readonly lines: (records: TextRecords) => LineReader;
  /** Adds what comes before the first line, as much as fits; true once that is all. Called after `lines`. */
  readonly before?: () => boolean;
  readonly header?: TraceHeader;
  readonly virtual: boolean;
  readonly lacks: readonly string[];
  readonly eventless: boolean;
  readonly assumes?: readonly string[];
}

/** Where a reader of lines puts what it has read. */
export class TextRecords {
  readonly bad: BadRecords;
  readonly passed = new PassedOverCounts();
  readonly out: ChunkBuilder;
  readonly #file: string;
  readonly #modifyAsTwo: boolean;
  #line = 0;
  #text = '';

  constructor(file: string, out: ChunkBuilder, options: ReaderOptions) {
    this.#file = file;
    this.out = out;
    this.#modifyAsTwo = options.modifyAsTwo;
    this.bad = new BadRecords(options);
  }

  /** The line that is read next. */
  at(line: number, text: string): void {
    this.#line = line;
    this.#text = text;
  }

  get line(): number {
    return this.#line;
  }

  /** One access, whose address is canonical; `size` is in range. */
  access(op: number, { hi, lo }: AddressHalves, size: number, vcpu: number = 0): void {
    if (op === OP_MODIFY && this.#modifyAsTwo) {
      this.out.access(OP_READ, hi, lo, size, vcpu);
      this.out.access(OP_WRITE, hi, lo, size, vcpu);
    } else this.out.access(op, hi, lo, size, vcpu);
  }

  /** The address of `size` bytes in hexadecimal, or null once it has been reported. `digits`: what was expected. */
  address(
    field: Field,
    size: number,
    prefix: 'with 0x' | 'with or without 0x' | 'without 0x',
  ): AddressHalves | null {
    const hex = /^0x/i.test(field.text);
    const va = parseHex(field.text);
    if (va === null || (hex && prefix === 'without 0x') || (!hex && prefix === 'with 0x')) {
      return this.report(
        field,
        `${quoted(field.text)} is not a hexadecimal address (1 to 16 digits ${prefix})`,
      );
    }
    return this.canonical(field, va, size);
  }

  /** `va`, or null once it has been reported as not canonical in all of `size` bytes. */
  canonical(field: Field, va: AddressHalves, size: number): AddressHalves | null {
    if (!isCanonical(va.hi, va.lo, LEVELS)) return this.report(field, notCanonical(quoted(field.text)));
    const last = addBytes(va.hi, va.lo, size - 1);
    // Bit 31 of the upper half: a range that goes on to the other half ends in a canonical address, too.
    if (last !== null && isCanonical(last.hi, last.lo, LEVELS) && last.hi >> 31 === va.hi >> 31) return va;
    return this.report(field, notAllCanonical(size, quoted(field.text)));
  }

  /** Bytes of an access, or null once they have been reported. */
  size(field: Field | null, behind: Field, base: 10 | 16): number | null {
    const name = base === 10 ? 'decimal' : 'hexadecimal';
    const expected = `expected ${name} bytes from 1 to ${MAX_ACCESS_BYTES.toString(base)}`;
    if (field === null) {
      const place = { text: ' ', column: behind.column + behind.text.length };
      return this.report(place, `the size is missing; ${expected}`);
    }
    const digits = base === 10 ? /^\d{1,7}$/ : /^(0x)?[0-9a-f]{1,16}$/i;
    const size = digits.test(field.text) ? parseInt(field.text, base) : 0;
    if (size >= 1 && size <= MAX_ACCESS_BYTES) return size;
    return this.report(field, `${quoted(field.text)} is not a size; ${expected}`);
  }

  /** A bad record at `field` of the line. */
  report({ column, text }: Field, message: string): null {
    const place = { line: this.#line, column, span: text.length, text: this.#text };
    this.bad.report(badRecord(this.#file, place, message));
    return null;
  }

  /** A line that is no record at all; `expected`: what records look like. */
  noRecord(what: string, expected: string): void {
    const text = this.#text.trim();
    const column = this.#text.length - this.#text.trimStart().length + 1;
    this.report({ text, column }, `${quoted(this.#text)} is not ${what}; expected ${expected}`);
  }
}

/** Parts of a line between blanks and tabs. */
export function fieldsOf(text: string): Field[] {
  return [...text.matchAll(/[^ \t]+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));
}

/** Lines of the head that are looked at. */
const SNIFFED_LINES = 8;

/**
 * True if the first line of the head that is not blank is a `row`, and at least half of the next ones: one mistake must
 * not hide what a trace is.
 */
export function looksLike(head: Uint8Array, row: RegExp): boolean {
  const lines = Buffer.from(head).toString('latin1').split('\n');
  // The head may end within a line.
  if (lines.length > 1) lines.pop();
  const shown = lines.map((line) => line.replace(/\r$/, '')).filter((line) => line.trim() !== '');
  const first = shown.slice(0, SNIFFED_LINES);
  const fitting = first.filter((line) => row.test(line));
  return fitting.length > 0 && fitting[0] === first[0] && fitting.length * 2 >= first.length;
}

/** Opens a trace in `format`. */
export function openText(
  source: ByteSource,
  options: ReaderOptions,
  format: TextFormat,
  engine: TextEngine = 'scanner',
): TraceStream {
  const lines = new LineBuffer(source.name);
  const out = new ChunkBuilder(options.batchRecords);
  const records = new TextRecords(source.name, out, options);
  const read = format.lines(records);
  const odd = (): void => {
    const line = lines.line;
    const text = lines.next();
    records.at(line, text);
    read(text, line);
  };
  const { shape } = format;
  const scanner =
    shape === null || engine === 'reference'
      ? null
      : new TextScanner(lines, out, { ...shape, modifyAsTwo: options.modifyAsTwo });
  let begun = format.before === undefined;
  const decode = (): void => {
    begun ||= format.before?.() ?? true;
    if (!begun) return;
    if (scanner !== null) scanner.decode(odd);
    else while (!lines.drained && !out.full) odd();
  };
  return {
    header: format.header ?? EMPTY_HEADER,
    virtual: format.virtual,
    lacks: format.lacks,
    assumes: format.assumes,
    eventless: format.eventless,
    chunks: () => decodeLines(source, source.chunks()[Symbol.asyncIterator](), lines, out, decode),
    get skipped() {
      return records.bad.skipped;
    },
    get decoded() {
      return out.decoded;
    },
    get passedOver() {
      return records.passed.counts;
    },
  };
}
