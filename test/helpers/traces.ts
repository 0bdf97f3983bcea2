/** Helpers for tests of trace readers: bytes in memory, everything a trace says, samples checked all ways. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { expect } from 'vitest';
import { formatAddress } from '../../src/arch/address.js';
import { TraceError } from '../../src/errors.js';
import type { TraceEvent } from '../../src/trace/event.js';
import type { ByteSource, ReadOptions, TraceStream } from '../../src/trace/format.js';
import { DEFAULT_READ_OPTIONS, SNIFF_BYTES } from '../../src/trace/format.js';
import { TRACE_FORMATS } from '../../src/trace/formats/index.js';
import { convertTrace } from '../../src/trace/convert.js';
import { openTrace } from '../../src/trace/open.js';
import { TRACE_WRITERS } from '../../src/trace/writers/index.js';

const OPS = ['R', 'W', 'X', 'M'] as const;

/** A trace as plain values: one line per access, events as they are, in order. */
export interface DecodedTrace {
  readonly records: readonly (string | TraceEvent)[];
  readonly error: TraceError | null;
}

/** Bytes as a {@link ByteSource} that comes in chunks of `chunkBytes`. */
export function bytesSource(
  bytes: Uint8Array,
  chunkBytes: number = 65536,
  name: string = 'test.trace',
): ByteSource {
  return {
    name,
    head: bytes.subarray(0, SNIFF_BYTES),
    totalBytes: bytes.length,
    bytesRead: bytes.length,
    async *chunks() {
      // One piece of memory for all chunks, as the real source does.
      const block = new Uint8Array(chunkBytes);
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        const part = bytes.subarray(at, at + chunkBytes);
        block.set(part);
        yield block.subarray(0, part.length);
        block.fill(0x3f);
      }
    },
  };
}

/** Reads everything; a TraceError ends it and is part of the result. */
export async function decode(open: () => Promise<Pick<TraceStream, 'chunks'>>): Promise<DecodedTrace> {
  const records: (string | TraceEvent)[] = [];
  try {
    const stream = await open();
    for await (const { accesses, events, eventAt } of stream.chunks()) {
      let next = 0;
      for (let i = 0; i <= accesses.n; i++) {
        for (; next < events.length && eventAt[next] === i; next++) records.push({ ...events[next]! });
        if (i === accesses.n) break;
        const va = formatAddress(accesses.hi[i]!, accesses.lo[i]!);
        records.push(`${OPS[accesses.op[i]!]} ${va} ${accesses.size[i]} ${accesses.vcpu[i]}`);
      }
      expect(next).toBe(events.length);
    }
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return { records, error };
  }
  return { records, error: null };
}

/** Like {@link decode}, for text given to the whole of openTrace by way of standard input. */
export async function decodeText(text: string, read: Partial<ReadOptions> = {}): Promise<DecodedTrace> {
  const stdin = Readable.from([Buffer.from(text)]);
  return decode(() => openTrace('-', { stdin, read: { ...DEFAULT_READ_OPTIONS, ...read } }));
}

/** `file:line:column: message`, without the folder. */
export function shortError(error: TraceError | null): string {
  return error === null ? 'no error' : `${error.where.replace(/^.*\//, '')}: ${error.message}`;
}

/** Counts of a sample that is read in every way. */
export interface SampleCounts {
  readonly format: string;
  readonly accesses: Readonly<Record<'R' | 'W' | 'X' | 'M', number>>;
  readonly events: number;
}

/** Chunk sizes every sample is read with; small samples with all from 1 to 64 instead. */
const CHUNK_BYTES = [4093, 65536, 1 << 20];
const SMALL_SAMPLE = 8192;

/**
 * Reads a shipped trace: recognised by content on standard input (where it has no name) and under a name that says
 * nothing, by its own format alone; the same through gzip, for every chunk size, and through every format that holds
 * all of it.
 */
export async function checkTraceSample(path: string): Promise<SampleCounts> {
  const stored = readFileSync(path);
  const bytes = stored[0] === 0x1f ? gunzipSync(stored) : stored;
  const read = DEFAULT_READ_OPTIONS;
  const named = await openTrace(path, { read });
  const { digest, ...counts } = await fingerprint(named);
  for (const form of [bytes, gzipSync(bytes)]) {
    const stream = await openTrace('-', { read, stdin: Readable.from([form]) });
    expect(stream.format).toBe(named.format);
    expect((await fingerprint(stream)).digest).toBe(digest);
    expect(stream.digest()).toBe(named.digest());
  }
  const format = TRACE_FORMATS.get(named.format);
  expect(sniffers(bytes)).toEqual([named.format]);
  await checkWrongName(stored, named.format, digest);
  if (bytes.length <= SMALL_SAMPLE) await checkRoundTrip(path);
  const sizes = bytes.length <= SMALL_SAMPLE ? Array.from({ length: 64 }, (_, i) => i + 1) : CHUNK_BYTES;
  for (const size of sizes) {
    const again = await fingerprint(await format.open(bytesSource(bytes, size), read));
    expect(again.digest, `chunks of ${size} bytes`).toBe(digest);
  }
  return { format: named.format, ...counts };
}

/** Names of the formats that take these bytes for theirs. */
export function sniffers(bytes: Uint8Array): string[] {
  const head = bytes.subarray(0, SNIFF_BYTES);
  return TRACE_FORMATS.all()
    .filter((format) => format.sniff(head))
    .map(({ name }) => name);
}

async function checkWrongName(stored: Uint8Array, format: string, digest: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'p2msim-'));
  try {
    const path = join(folder, 'unknown');
    writeFileSync(path, stored);
    const trace = await openTrace(path, { read: DEFAULT_READ_OPTIONS });
    expect(trace.format).toBe(format);
    expect((await fingerprint(trace)).digest).toBe(digest);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The trace through CSV and p2mtrace, record by record (lines of events apart, which CSV numbers anew). */
async function checkRoundTrip(path: string): Promise<void> {
  const read = DEFAULT_READ_OPTIONS;
  const records = async (open: () => ReturnType<typeof openTrace>) =>
    (await decode(open)).records.map((record) =>
      typeof record === 'string' ? record : { ...record, line: 0 },
    );
  const original = await records(() => openTrace(path, { read }));
  for (const to of ['csv', 'p2mtrace']) {
    const parts: Uint8Array[] = [];
    const trace = await openTrace(path, { read });
    await convertTrace(trace, TRACE_WRITERS.get(to), (part) => parts.push(part));
    const converted = await openTrace('-', { read, stdin: Readable.from([Buffer.concat(parts)]) });
    expect(converted.format).toBe(to);
    expect(await records(async () => converted), `through ${to}`).toEqual(original);
    if (to !== 'p2mtrace') continue;
    const { virtual, lacks, source, assumes } = converted;
    expect({ virtual, lacks, source, assumes }).toEqual({
      virtual: trace.virtual,
      lacks: trace.lacks,
      source: trace.source ?? trace.format,
      assumes: trace.assumes,
    });
  }
}

/** Counts, and a digest of all accesses and of all events with their positions. */
async function fingerprint(
  stream: Pick<TraceStream, 'chunks'>,
): Promise<Omit<SampleCounts, 'format'> & { digest: string }> {
  const hashes = Array.from({ length: 6 }, () => createHash('sha256'));
  const accesses = { R: 0, W: 0, X: 0, M: 0 };
  let records = 0;
  let events = 0;
  for await (const chunk of stream.chunks()) {
    const { hi, lo, op, size, vcpu, n } = chunk.accesses;
    for (const [i, column] of [hi, lo, op, size, vcpu].entries()) hashes[i]!.update(column.subarray(0, n));
    for (const [i, event] of chunk.events.entries()) {
      hashes[5]!.update(JSON.stringify([records + chunk.eventAt[i]!, event]));
    }
    for (let i = 0; i < n; i++) accesses[OPS[op[i]!]!] += 1;
    records += n;
    events += chunk.events.length;
  }
  return { accesses, events, digest: hashes.map((hash) => hash.digest('hex')).join(' ') };
}
