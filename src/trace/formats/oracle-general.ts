/**
 * oracleGeneral: the binary traces of libCacheSim, 24 bytes a request, little-endian, no header: time (4 bytes), object
 * (8), size (4), and when the object is asked for next (8; -1: never). Source: traceReader/customizedReader/oracle of
 * libCacheSim.
 *
 * Only traces whose objects are pages make sense here: object N is the page at address N x 4096, a request is a read of
 * it. Requests of size 0 are passed over, as libCacheSim does. Time and next access are not used.
 * Not in the format: writes, fetches, places within a page, processes, threads, page tables.
 */
import { OP_READ } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import type { ChunkBuilder } from '../chunk-builder.js';
import type { ByteSource, TraceFormat } from '../format.js';
import type { PassedOverCounts } from '../passed-over.js';
import { openRecords, type RecordTaker } from '../record-format.js';

const BYTES = 24;
const OBJECT = 4;
const SIZE = 12;
const NEXT = 16;
const PAGE_BYTES = 4096;
const PAGE_SHIFT = 12;
/** Pages of the lower half of a 48-bit space: 2^35. */
const PAGES_HI = 1 << 3;
/** A next access beyond this many requests is none: 2^40. */
const FAR_HI = 1 << 8;

const LACKS = [
  'which requests write (all are reads)',
  'instruction fetches',
  'places within a page',
  'page-table edits',
  'context switches',
  'threads',
] as const;
const ASSUMES = ['an object of the trace is a page: object N is the page at address N x 4096'] as const;

class RequestTaker implements RecordTaker {
  readonly #out: ChunkBuilder;
  readonly #passed: PassedOverCounts;

  constructor(out: ChunkBuilder, passed: PassedOverCounts) {
    this.#out = out;
    this.#passed = passed;
  }

  take(view: DataView, at: number): string | null {
    const hi = view.getUint32(at + OBJECT + 4, true);
    const lo = view.getUint32(at + OBJECT, true);
    const size = view.getUint32(at + SIZE, true);
    if (hi >= PAGES_HI) {
      const object = (BigInt(hi) << 32n) | BigInt(lo);
      return `object ${object} is no page number below 2^35; expected a trace whose objects are pages`;
    }
    if (size > PAGE_BYTES) {
      return `the request has ${size} bytes; expected a page at most (${PAGE_BYTES}), in a trace whose objects are pages`;
    }
    if (size === 0) this.#passed.add('requests of size 0');
    else {
      const high = (hi << PAGE_SHIFT) | (lo >>> (32 - PAGE_SHIFT));
      this.#out.access(OP_READ, high >>> 0, (lo << PAGE_SHIFT) >>> 0, size, 0);
    }
    return null;
  }
}

/** Records without a better sign that are enough to recognise a trace. */
const ENOUGH = 8;

/**
 * True if every whole record of the head has a next access after itself, or none, time does not go back, and there are
 * signs enough: a request without a next one, or one whose next one is in the head, too, for the same object.
 */
function sniff(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const records = Math.floor(head.length / BYTES);
  let signs = 0;
  let time = 0;
  for (let i = 0; i < records; i++) {
    const at = i * BYTES;
    const [low, high] = [view.getUint32(at + NEXT, true), view.getUint32(at + NEXT + 4, true)];
    const never = (high === 0x7fffffff || high === 0xffffffff) && low === 0xffffffff;
    if (!never && (high >= FAR_HI || (high === 0 && low <= i))) return false;
    if (view.getUint32(at, true) < time || view.getUint32(at + SIZE, true) >= 0x80000000) return false;
    time = view.getUint32(at, true);
    if (never || (high === 0 && low < records && isSameObject(view, at, low * BYTES))) signs++;
  }
  return signs > 0 || records >= ENOUGH;
}

function isSameObject(view: DataView, a: number, b: number): boolean {
  const half = (at: number): boolean => view.getUint32(a + at, true) === view.getUint32(b + at, true);
  return half(OBJECT) && half(OBJECT + 4);
}

export const oracleGeneral = {
  name: 'oraclegeneral',
  summary: 'oracleGeneral of libCacheSim, 24 bytes a request, of a trace whose objects are pages',
  addresses: 'virtual',
  lacks: LACKS,
  assumes: ASSUMES,
  priority: 43,
  sniff,
  open: async (source: ByteSource, options: ReaderOptions) =>
    openRecords(source, options, {
      bytes: BYTES,
      accesses: 1,
      taker: (out, passed) => new RequestTaker(out, passed),
      lacks: LACKS,
      assumes: ASSUMES,
      eventless: true,
    }),
} satisfies TraceFormat;
