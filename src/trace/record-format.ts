/**
 * Binary formats whose records all have one size: records in place in the chunks of bytes, the place of a bad one, and
 * a trace that ends within a record. A format adds how a record is taken apart.
 */
import { canonicalShift } from '../arch/address.js';
import { BATCH_CAPACITY } from './access.js';
import type { ReaderOptions } from './bad-records.js';
import { BadRecords, badBytes } from './bad-records.js';
import { ChunkBuilder } from './chunk-builder.js';
import { type Decoding, decodeChunks } from './chunk-loop.js';
import { EMPTY_HEADER } from './event.js';
import type { ByteSource, TraceStream } from './format.js';
import { PassedOverCounts } from './passed-over.js';
import { LEVELS } from './text-format.js';

/** Fewest accesses of a chunk: more than a record of any format makes. */
const LEAST_ROOM = 64;
const CANONICAL = canonicalShift(LEVELS);

/** Takes records apart; one for each opened trace. */
export interface RecordTaker {
  /** Adds the record at `at`; or adds nothing of it and returns what is wrong with it. */
  take(view: DataView, at: number): string | null;
  /** What is wrong with ending here, after whole records, or null. */
  end?(records: number): string | null;
}

export interface RecordFormat {
  readonly bytes: number;
  /** Most accesses of a record. */
  readonly accesses: number;
  readonly taker: (out: ChunkBuilder, passed: PassedOverCounts) => RecordTaker;
  readonly lacks: readonly string[];
  readonly eventless: boolean;
  readonly assumes?: readonly string[] | undefined;
}

/** True if these are the upper 32 bits of a canonical address. */
export function isCanonicalHalf(hi: number): boolean {
  const sign = hi >> CANONICAL;
  return sign === 0 || sign === -1;
}

/** True if `size` bytes from an address are all canonical. */
export function isCanonicalRange(hi: number, lo: number, size: number): boolean {
  if (!isCanonicalHalf(hi)) return false;
  return lo + size <= 2 ** 32 || (hi < 0xffffffff && isCanonicalHalf(hi + 1));
}

class RecordReader implements Decoding {
  readonly out: ChunkBuilder;
  readonly bad: BadRecords;
  readonly passed = new PassedOverCounts();
  readonly #file: string;
  readonly #format: RecordFormat;
  readonly #taker: RecordTaker;
  readonly #input: AsyncIterator<Uint8Array>;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Next record in {@link #bytes}. */
  #at = 0;
  /** A record that came in two chunks, as far as it is there. */
  readonly #split: Uint8Array<ArrayBuffer>;
  readonly #splitView: DataView;
  #held = 0;
  #records = 0;

  constructor(file: string, input: AsyncIterator<Uint8Array>, options: ReaderOptions, format: RecordFormat) {
    this.#file = file;
    this.#input = input;
    this.#format = format;
    this.out = new ChunkBuilder(Math.max(options.batchRecords ?? BATCH_CAPACITY, LEAST_ROOM));
    this.bad = new BadRecords(options);
    this.#split = new Uint8Array(format.bytes);
    this.#splitView = new DataView(this.#split.buffer);
    this.#taker = format.taker(this.out, this.passed);
  }

  get full(): boolean {
    return this.out.full || this.out.room < this.#format.accesses;
  }

  decode(): boolean {
    const { bytes } = this.#format;
    if (this.#held === bytes) {
      if (this.full) return false;
      this.#held = 0;
      this.#take(this.#splitView, 0);
    }
    for (; this.#at + bytes <= this.#bytes.length; this.#at += bytes) {
      if (this.full) return false;
      this.#take(this.#view, this.#at);
    }
    return true;
  }

  async fill(): Promise<boolean> {
    this.#hold(this.#bytes.subarray(this.#at));
    const next = await this.#input.next();
    this.#at = 0;
    this.#bytes = next.done === true ? new Uint8Array(0) : next.value;
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    if (next.done === true) {
      this.#end();
      return false;
    }
    if (this.#held > 0) this.#at = this.#hold(this.#bytes);
    return true;
  }

  /** Adds what fits to the record in two parts; returns how many bytes that are. */
  #hold(part: Uint8Array): number {
    const fitting = part.subarray(0, this.#format.bytes - this.#held);
    this.#split.set(fitting, this.#held);
    this.#held += fitting.length;
    return fitting.length;
  }

  #take(view: DataView, at: number): void {
    const wrong = this.#taker.take(view, at);
    const offset = this.#records * this.#format.bytes;
    this.#records += 1;
    if (wrong !== null) this.bad.report(badBytes(this.#file, offset, wrong));
  }

  #end(): void {
    const { bytes } = this.#format;
    const offset = this.#records * bytes;
    if (this.#held > 0) {
      const there = `${this.#held} of ${bytes} bytes of record ${this.#records + 1} are there`;
      this.bad.report(badBytes(this.#file, offset, `the trace ends within a record: ${there}`));
    }
    const wrong = this.#taker.end?.(this.#records) ?? null;
    if (wrong !== null) this.bad.report(badBytes(this.#file, offset, wrong));
  }
}

/** Opens a trace of records, whose addresses are virtual. */
export function openRecords(source: ByteSource, options: ReaderOptions, format: RecordFormat): TraceStream {
  const input = source.chunks()[Symbol.asyncIterator]();
  const reader = new RecordReader(source.name, input, options, format);
  return {
    header: EMPTY_HEADER,
    virtual: true,
    lacks: format.lacks,
    assumes: format.assumes,
    eventless: format.eventless,
    chunks: () => decodeChunks(source, input, reader),
    get skipped() {
      return reader.bad.skipped;
    },
    get decoded() {
      return reader.out.decoded;
    },
    get passedOver() {
      return reader.passed.counts;
    },
  };
}
