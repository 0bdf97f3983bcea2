/**
 * Offline trace files of DynamoRIO's drmemtrace (the `trace/` folder of a run, one file a thread): a header, records of 12
 * bytes, a footer; plain, or in gzip or zip.
 *
 * Loads, stores and instruction fetches with their sizes. Process numbers become address spaces: the first is the space
 * that every trace begins in. Prefetches, cache flushes and repetitions of an instruction that are not fetched are
 * passed over and counted; markers, encodings and thread numbers say nothing to a machine.
 * Not in the format: mmap and munmap, page tables. Not read: the raw files from before post-processing.
 */
import { formatAddress } from '../../arch/address.js';
import { OP_FETCH, OP_READ, OP_WRITE } from '../access.js';
import { notAllCanonical, type ReaderOptions } from '../bad-records.js';
import type { ChunkBuilder } from '../chunk-builder.js';
import type { ByteSource, TraceFormat, TraceStream } from '../format.js';
import type { PassedOverCounts } from '../passed-over.js';
import { ProcessSpaces } from '../process-spaces.js';
import { isCanonicalRange, openRecords, type RecordTaker } from '../record-format.js';
import * as entry from './drmemtrace-layout.js';

const LACKS = ['page-table edits', 'other threads of the program (a file each)'] as const;
const KERNEL = 'accesses of the kernel';
const FILTERED = 'accesses that hit in the small cache it was filtered by when it was made';
/** Most instructions of a bundle: bytes of the value. */
const BUNDLE = 8;

class EntryTaker implements RecordTaker {
  readonly #out: ChunkBuilder;
  readonly #passed: PassedOverCounts;
  readonly #spaces = new ProcessSpaces();
  #begun = false;
  /** The last record was a footer. */
  #over = false;
  /** Address of the last instruction and of what follows it; before the first, there is none. */
  #fetched = false;
  #lastHi = 0;
  #lastLo = 0;
  #nextHi = 0;
  #nextLo = 0;

  constructor(out: ChunkBuilder, passed: PassedOverCounts) {
    this.#out = out;
    this.#passed = passed;
  }

  take(view: DataView, at: number): string | null {
    const type = view.getUint16(at, true);
    if (!this.#begun) return this.#begin(view, at, type);
    this.#over = type === entry.FOOTER;
    if (type <= entry.WRITE) return this.#data(view, at, type === entry.READ ? OP_READ : OP_WRITE);
    if (isFetch(type)) return this.#instruction(view, at);
    return this.#other(view, at, type);
  }

  end(records: number): string | null {
    if (this.#over) return null;
    return records === 0 ? null : 'the trace ends early: its last record is no footer';
  }

  #begin(view: DataView, at: number, type: number): string | null {
    this.#begun = true;
    const version = view.getUint32(at + entry.LOW_AT, true);
    const known = version >= entry.FIRST_VERSION && version <= entry.LAST_VERSION;
    if (type !== entry.HEADER)
      return `the first record is of type ${type}; expected the header, type ${entry.HEADER}`;
    if (known && view.getUint32(at + entry.HIGH_AT, true) === 0) return null;
    return `is version ${version} of drmemtrace; expected ${entry.FIRST_VERSION} to ${entry.LAST_VERSION}`;
  }

  #data(view: DataView, at: number, op: number): string | null {
    const size = view.getUint16(at + entry.SIZE_AT, true);
    const lo = view.getUint32(at + entry.LOW_AT, true);
    const hi = view.getUint32(at + entry.HIGH_AT, true);
    if (size === 0) return 'an access of 0 bytes; expected 1 to 65535';
    if (!isCanonicalRange(hi, lo, size)) return notCanonical(hi, lo, size);
    this.#out.access(op, hi, lo, size, 0);
    return null;
  }

  #instruction(view: DataView, at: number): string | null {
    const wrong = this.#data(view, at, OP_FETCH);
    if (wrong === null) this.#remember(view, at);
    return wrong;
  }

  /** Remembers where the instruction is and where the next one would be. */
  #remember(view: DataView, at: number): void {
    this.#fetched = true;
    this.#lastLo = view.getUint32(at + entry.LOW_AT, true);
    this.#lastHi = view.getUint32(at + entry.HIGH_AT, true);
    this.#advance(this.#lastHi, this.#lastLo, view.getUint16(at + entry.SIZE_AT, true));
  }

  #advance(hi: number, lo: number, bytes: number): void {
    const low = lo + bytes;
    this.#nextLo = low >>> 0;
    this.#nextHi = low < 2 ** 32 ? hi : (hi + 1) >>> 0;
  }

  #other(view: DataView, at: number, type: number): string | null {
    if (isPrefetch(type)) this.#passed.add('prefetches');
    else if (type >= entry.FLUSH_FIRST && type <= entry.FLUSH_LAST) this.#passed.add('cache flushes');
    else if (type === entry.INSTR_BUNDLE) return this.#bundle(view, at);
    else if (type === entry.INSTR_NO_FETCH) this.#passed.add('repetitions of an instruction');
    else if (type === entry.INSTR_MAYBE_FETCH) return this.#maybe(view, at);
    else if (type === entry.PID) this.#process(view, at);
    else if (type === entry.HEADER) return 'a second header; expected one at the beginning only';
    else if (type > entry.LAST_TYPE) return `a record of type ${type}; expected 0 to ${entry.LAST_TYPE}`;
    return null;
  }

  #maybe(view: DataView, at: number): string | null {
    const lo = view.getUint32(at + entry.LOW_AT, true);
    const hi = view.getUint32(at + entry.HIGH_AT, true);
    if (!this.#fetched || lo !== this.#lastLo || hi !== this.#lastHi) return this.#instruction(view, at);
    this.#passed.add('repetitions of an instruction');
    return null;
  }

  #bundle(view: DataView, at: number): string | null {
    const count = view.getUint16(at + entry.SIZE_AT, true);
    if (!this.#fetched) return 'a bundle of instructions before the first instruction';
    if (count > BUNDLE) return `a bundle of ${count} instructions; expected ${BUNDLE} at most`;
    for (let i = 0; i < count; i++) {
      if (view.getUint8(at + entry.LOW_AT + i) === 0) return 'an instruction of 0 bytes in a bundle';
    }
    if (!isCanonicalRange(this.#nextHi, this.#nextLo, BUNDLE * 255)) {
      return notCanonical(this.#nextHi, this.#nextLo, BUNDLE * 255);
    }
    for (let i = 0; i < count; i++) {
      const bytes = view.getUint8(at + entry.LOW_AT + i);
      [this.#lastHi, this.#lastLo] = [this.#nextHi, this.#nextLo];
      this.#out.access(OP_FETCH, this.#nextHi, this.#nextLo, bytes, 0);
      this.#advance(this.#nextHi, this.#nextLo, bytes);
    }
    return null;
  }

  #process(view: DataView, at: number): void {
    const high = view.getUint32(at + entry.HIGH_AT, true);
    const event = this.#spaces.switchTo(0, high * 2 ** 32 + view.getUint32(at + entry.LOW_AT, true), 0);
    if (event !== null) this.#out.event(event);
  }
}

function isFetch(type: number): boolean {
  if (type >= entry.INSTR && type <= entry.INSTR_RETURN) return true;
  return (
    type === entry.INSTR_SYSENTER || type === entry.INSTR_TAKEN_JUMP || type === entry.INSTR_UNTAKEN_JUMP
  );
}

function isPrefetch(type: number): boolean {
  const plain = type >= entry.PREFETCH_FIRST && type <= entry.PREFETCH_LAST;
  const more = type >= entry.MORE_PREFETCH_FIRST && type <= entry.MORE_PREFETCH_LAST;
  return plain || more || type === entry.HARDWARE_PREFETCH;
}

function notCanonical(hi: number, lo: number, size: number): string {
  return notAllCanonical(size, formatAddress(hi, lo));
}

/** The value of the file-type marker among the first records; 0 if there is none. */
function fileType(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  for (let at = 0; at + entry.ENTRY_BYTES <= head.length; at += entry.ENTRY_BYTES) {
    const isMarker = view.getUint16(at, true) === entry.MARKER;
    if (isMarker && view.getUint16(at + entry.SIZE_AT, true) === entry.MARKER_FILETYPE)
      return view.getUint32(at + entry.LOW_AT, true);
  }
  return 0;
}

/** True if the first record is a header of a version that there is, and the second one of a type that there is. */
function sniff(head: Uint8Array): boolean {
  if (head.length < entry.ENTRY_BYTES) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (view.getUint16(0, true) !== entry.HEADER || view.getUint16(entry.SIZE_AT, true) !== 0) return false;
  const version = view.getUint32(entry.LOW_AT, true);
  if (version < 1 || version > 255 || view.getUint32(entry.HIGH_AT, true) !== 0) return false;
  return head.length < 2 * entry.ENTRY_BYTES || view.getUint16(entry.ENTRY_BYTES, true) <= entry.LAST_TYPE;
}

async function open(source: ByteSource, options: ReaderOptions): Promise<TraceStream> {
  const type = fileType(source.head);
  const lacks: string[] = [...LACKS];
  if ((type & entry.FILETYPE_KERNEL_SYSCALLS) === 0) lacks.push(KERNEL);
  if ((type & entry.FILETYPE_INSTRUCTIONS_ONLY) !== 0) lacks.push('loads and stores');
  if ((type & entry.FILETYPE_FILTERED) !== 0) lacks.push(FILTERED);
  return openRecords(source, options, {
    bytes: entry.ENTRY_BYTES,
    accesses: BUNDLE,
    taker: (out, passed) => new EntryTaker(out, passed),
    lacks,
    eventless: false,
  });
}

export const drmemtrace = {
  name: 'drmemtrace',
  summary: 'offline trace files of DynamoRIO drmemtrace, a file a thread; plain, gzip or zip',
  addresses: 'virtual',
  lacks: [...LACKS, KERNEL],
  priority: 42,
  sniff,
  open,
} satisfies TraceFormat;
