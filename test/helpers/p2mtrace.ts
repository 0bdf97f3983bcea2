/**
 * p2mtrace for tests: a writer from the specification in docs/formats.md that shares no code with src/, to make files
 * byte by byte and broken ones with sums that are right; and traces to p2mtrace and back.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { createBatch } from '../../src/trace/access.js';
import type { TraceChunk } from '../../src/trace/access.js';
import type { TraceEvent } from '../../src/trace/event.js';
import { EMPTY_HEADER } from '../../src/trace/event.js';
import type { ReadOptions } from '../../src/trace/format.js';
import { DEFAULT_READ_OPTIONS } from '../../src/trace/format.js';
import { p2mtrace } from '../../src/trace/formats/p2mtrace.js';
import { BlockWriter } from '../../src/trace/formats/p2mtrace-blocks.js';
import type { TraceFacts } from '../../src/trace/writers/writer.js';
import type { DecodedTrace } from './traces.js';
import { bytesSource, decode } from './traces.js';

type Part = number | string | Uint8Array;

/** Bytes from numbers (a byte each) and texts (a byte a character); lists for what belongs together. */
export function bytes(...parts: readonly (Part | readonly Part[])[]): Buffer {
  return Buffer.concat(
    parts.flat().map((part) => {
      if (typeof part === 'number') return Buffer.of(part);
      return typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part);
    }),
  );
}

export function u32(value: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value);
  return word;
}

export function u64(value: number): Buffer {
  return bytes(u32(value % 2 ** 32), u32(Math.floor(value / 2 ** 32)));
}

const withSum = (record: Buffer): Buffer => bytes(record, u32(crc32(record)));

export const MAGIC = '\x8fP2MT\r\n\x1a';

export function header(contents: Uint8Array, version: number = 1): Buffer {
  return withSum(bytes(MAGIC, u32(version), u32(contents.length), contents));
}

export interface BlockParts {
  readonly accesses: number;
  readonly events?: number;
  readonly firstAccess?: number;
  readonly firstEvent?: number;
  readonly flags?: number;
  /** What the frame says of the body before deflation. */
  readonly length?: number;
  /** What the frame says of the stored body. */
  readonly stored?: number;
}

export function block(body: Uint8Array, parts: BlockParts): Buffer {
  const { accesses, events = 0, firstAccess = 0, firstEvent = 0, flags = 0 } = parts;
  const lengths = bytes(u32(parts.stored ?? body.length), u32(parts.length ?? body.length));
  const counts = bytes(u32(accesses), u32(events), u64(firstAccess), u64(firstEvent));
  return bytes(withSum(bytes('BLCK', u32(flags), lengths, counts, u32(crc32(body)))), body);
}

/** `hashed`: the header's contents and the bodies before deflation. */
export function end(
  accesses: number,
  events: number,
  hashed: readonly Uint8Array[],
  flags: number = 0,
): Buffer {
  const digest = createHash('sha256').update(Buffer.concat(hashed)).digest();
  return withSum(bytes('END.', u32(flags), u64(accesses), u64(events), digest));
}

/** The note behind the last block. */
export function note(contents: Uint8Array): Buffer {
  return withSum(bytes('NOTE', u32(contents.length), contents));
}

export const NO_FACTS: TraceFacts = {
  header: EMPTY_HEADER,
  virtual: true,
  lacks: [],
  eventless: false,
  source: '',
};

/** What the product's writer makes of chunks. */
export function write(
  chunks: Iterable<TraceChunk>,
  facts: Partial<TraceFacts> = {},
  deflate: boolean = false,
): Buffer {
  const parts: Uint8Array[] = [];
  const writer = new BlockWriter({ ...NO_FACTS, ...facts }, (part) => parts.push(part), { deflate });
  for (const chunk of chunks) writer.chunk(chunk);
  writer.end(true);
  return Buffer.concat(parts);
}

/** Reads with the product's reader; everything, and the error that ended it. */
export function read(
  trace: Uint8Array,
  options: Partial<ReadOptions> = {},
  chunkBytes: number = 65536,
): Promise<DecodedTrace> {
  const all = { ...DEFAULT_READ_OPTIONS, ...options };
  return decode(() => p2mtrace.open(bytesSource(trace, chunkBytes, 't.p2mtrace'), all));
}

export interface PlainAccess {
  readonly op: number;
  readonly va: bigint;
  readonly size: number;
  readonly vcpu: number;
}

export type Item = PlainAccess | TraceEvent;

/** Chunks of at most `length` accesses. */
export function chunksOf(items: readonly Item[], length: number = 1000): TraceChunk[] {
  const chunks: TraceChunk[] = [];
  let chunk = {
    accesses: createBatch(length),
    events: [] as TraceEvent[],
    eventAt: [] as number[],
    rawBytes: 0,
  };
  for (const item of items) {
    if (chunk.accesses.n === length || chunk.events.length === length) {
      chunks.push(chunk);
      chunk = { accesses: createBatch(length), events: [], eventAt: [], rawBytes: 0 };
    }
    const batch = chunk.accesses;
    if ('kind' in item) {
      chunk.events.push(item);
      chunk.eventAt.push(batch.n);
      continue;
    }
    const at = batch.n++;
    batch.hi[at] = Number((item.va >> 32n) & 0xffffffffn);
    batch.lo[at] = Number(item.va & 0xffffffffn);
    batch.op[at] = item.op;
    batch.size[at] = item.size;
    batch.vcpu[at] = item.vcpu;
  }
  return [...chunks, chunk];
}

/** The items as {@link decode} shows them. */
export function shown(items: readonly Item[]): (string | TraceEvent)[] {
  return items.map((item) => {
    if ('kind' in item) return item;
    const va = BigInt.asUintN(64, item.va).toString(16).padStart(16, '0');
    return `${'RWXM'[item.op]} 0x${va} ${item.size} ${item.vcpu}`;
  });
}
