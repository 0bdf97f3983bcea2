/**
 * Every format as its author writes it, with every kind of record, breaks of both kinds, blank lines, comments and
 * addresses of all lengths: recognised by content, the same in chunks of every size and around the buffers of readers, from
 * gzip, across the borders in containers, and through the formats that hold all of it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { openTrace } from '../../../../src/trace/open.js';
import { openSource } from '../../../../src/trace/source.js';
import { TRACE_FORMATS } from '../../../../src/trace/formats/index.js';
import {
  gzipMembers,
  partsOf,
  xzBlocks,
  zipChunks,
  zstdFrames,
} from '../../../helpers/authors/containers.js';
import type { Said } from '../../../helpers/authors/draw.js';
import {
  authored,
  authoredP2mtrace,
  type AuthoredTrace,
  openFormat,
  writtenAs,
} from '../../../helpers/authors/index.js';
import { LINES, type PlainAccess, textFile } from '../../../helpers/foreign-writers.js';
import { decode, sniffers } from '../../../helpers/traces.js';

const FORMATS = TRACE_FORMATS.names();
/** Around what readers take at a time: windows of 64 KiB, less 24 bytes; all. */
const AROUND_BUFFERS = [65_512, 65_535, 65_536, 65_537, 1 << 24];
/** Records of more than 64 KiB, where 6000 are too few, or more than needed: those of xen-ops stand for 512 stores each. */
const AROUND_RECORDS: Readonly<Record<string, number>> = { p2mtrace: 12_000, 'xen-ops': 2900 };
/** A guest on Xen zeroes tables with 512 stores each. */
const few = (format: string, count: number): number => (format === 'xen-ops' ? count / 4 : count);

const folder = mkdtempSync(join(tmpdir(), 'p2msim-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function traceOf(format: string, seed: number, count: number): Promise<AuthoredTrace> {
  return format === 'p2mtrace' ? authoredP2mtrace(seed, count) : authored(format, seed, count);
}

/** Fails where the reader says something else than the author; `what` says how it was read. */
async function expectSaid(what: string, trace: AuthoredTrace, open: () => ReturnType<typeof openFormat>) {
  const { records, error } = await decode(open);
  expect(error, what).toBeNull();
  // Compared as text: a deep comparison of each of 20,000 records takes seconds.
  const [found, expected] = [records.map(text), trace.says.map(text)];
  const first = expected.findIndex((one, i) => one !== found[i]);
  expect([what, first, found[first], found.length]).toEqual([what, -1, undefined, expected.length]);
}

/** Numbers of lines apart, which not every format has. */
function text(record: Said | object): string {
  return typeof record === 'string'
    ? record
    : JSON.stringify(Object.entries({ ...record, line: 0 }).toSorted());
}

describe.each(FORMATS)('%s as its author writes it', (format) => {
  it('is recognised by its content, under any name', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { bytes } = await traceOf(format, seed, 40);
      expect([seed, sniffers(bytes)]).toEqual([seed, [format]]);
    }
    const path = join(folder, `${format}.unknown`);
    writeFileSync(path, (await traceOf(format, 1, 40)).bytes);
    const trace = await openTrace(path, { read: DEFAULT_READ_OPTIONS });
    expect(trace.format).toBe(format);
    await trace.close();
  });

  it('is the same in chunks of every size from one byte to all of it', async () => {
    const trace = await traceOf(format, 2, few(format, 12));
    for (let size = 1; size <= trace.bytes.length; size++)
      await expectSaid(`chunks of ${size} bytes`, trace, () => openFormat(format, trace.bytes, size));
  });

  it('is the same in batches of every size', async () => {
    const trace = await traceOf(format, 3, few(format, 600));
    const read = (batchRecords: number) => ({ ...DEFAULT_READ_OPTIONS, batchRecords });
    for (const records of [1, 2, 3, 65, 513])
      await expectSaid(`batches of ${records}`, trace, () =>
        openFormat(format, trace.bytes, 4096, read(records)),
      );
  });

  it('is the same in chunks around the buffers of readers', { timeout: 120_000 }, async () => {
    const trace = await traceOf(format, 4, AROUND_RECORDS[format] ?? 6000);
    expect(trace.bytes.length).toBeGreaterThan(65_536);
    for (const size of AROUND_BUFFERS)
      await expectSaid(`chunks of ${size} bytes`, trace, () => openFormat(format, trace.bytes, size));
  });

  it('is the same from gzip', async () => {
    const trace = await traceOf(format, 5, 60);
    if (format === 'xen-ops') return expectBytes(gzipSync(trace.bytes), trace.bytes, 'gzip');
    const stdin = Readable.from([gzipSync(trace.bytes)]);
    const opened = await openTrace('-', { read: DEFAULT_READ_OPTIONS, stdin });
    expect(opened.format).toBe(format);
    await expectSaid('gzip', trace, async () => opened);
  });

  it('comes back from CSV and from p2mtrace', async () => {
    const trace = await traceOf(format, 6, 60);
    for (const to of ['csv', 'p2mtrace']) {
      const bytes = await writtenAs(to, await openFormat(format, trace.bytes, 4096));
      await expectSaid(`through ${to}`, trace, () => openFormat(to, bytes, 4096));
    }
  });
});

/** A file comes out of its container byte by byte. */
async function expectBytes(stored: Uint8Array, bytes: Uint8Array, what: string): Promise<void> {
  const path = join(folder, 'stored');
  writeFileSync(path, stored);
  const source = await openSource(path);
  const parts: Buffer[] = [];
  for await (const part of source.chunks()) parts.push(Buffer.from(part));
  expect(Buffer.concat(parts).equals(bytes), what).toBe(true);
}

const CONTAINERS = [
  ['members of gzip', gzipMembers],
  ['frames of zstd', zstdFrames],
  ['blocks of zstd', (parts: readonly Uint8Array[]) => zstdFrames([Buffer.concat(parts)], parts[0]!.length)],
  ['blocks of xz', xzBlocks],
  ['chunks of zip', zipChunks],
] as const;

describe.each(CONTAINERS)('borders between %s', (name, pack) => {
  it('may be anywhere in a record: parts of every length from one byte', { timeout: 120_000 }, async () => {
    const { bytes } = authored('din', 7, 8);
    for (let length = 1; length <= bytes.length; length++)
      await expectBytes(pack(partsOf(bytes, length)), bytes, `${name} of ${length} bytes`);
  });

  it.each(FORMATS.filter((format) => format !== 'xen-ops'))('do not show in a trace: %s', async (format) => {
    const trace = await traceOf(format, 8, 60);
    for (const length of [13, 100, 4095]) {
      const path = join(folder, 'packed');
      writeFileSync(path, pack(partsOf(trace.bytes, length)));
      const opened = await openTrace(path, { read: DEFAULT_READ_OPTIONS });
      expect(opened.format).toBe(format);
      await expectSaid(`${name} of ${length} bytes`, trace, async () => opened);
    }
  });

  it('may be at the blocks of the source: 32 KiB, 64 KiB and more', async () => {
    const { bytes } = authored('lackey', 9, 20_000);
    for (const length of [32_767, 32_768, 65_535, 65_536, 131_072])
      await expectBytes(pack(partsOf(bytes, length)), bytes, `${name} of ${length} bytes`);
  });
});

describe.each(['csv', 'lackey', 'din', 'xdin', 'pinatrace', 'rw'] as const)(
  'a run of plain rows of %s, longer than all buffers of the scanner',
  (format) => {
    /** 30,000 rows of 11 to 40 bytes: no line is for the slow reader, so windows follow each other. */
    const accesses = Array.from({ length: 30_000 }, (_, i): PlainAccess => {
      const va = BigInt((i * 2_654_435_761) % 2 ** 47) >> BigInt(i % 31);
      const size = format === 'din' || format === 'pinatrace' || format === 'rw' ? 1 : 1 + (i % 64);
      return { op: i % 3 === 0 ? 'W' : 'R', va, size };
    });

    it('is read to the last row wherever windows and batches end', { timeout: 120_000 }, async () => {
      expect(LINES[format](accesses[0]!).length).toBeLessThan(40);
      for (const first of [0, 1, 5]) {
        const part = accesses.slice(first);
        const says = part.map(({ op, va, size }) => `${op} 0x${va.toString(16).padStart(16, '0')} ${size} 0`);
        const trace: AuthoredTrace = { bytes: textFile(format, part), says, passes: {}, bad: 0 };
        const chunkBytes = first % 2 === 0 ? 1 << 24 : 65_536;
        await expectSaid(`from row ${first}`, trace, () => openFormat(format, trace.bytes, chunkBytes));
      }
    });
  },
);
