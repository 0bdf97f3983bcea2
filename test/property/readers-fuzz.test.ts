/**
 * Readers against damaged traces: samples with bytes changed, put in, left out, repeated and cut off, and bytes that were never
 * a trace. Whatever comes: no crash, no hang, memory in proportion, and no silent loss: every byte is decoded or reported.
 *
 * `P2MSIM_FUZZ` is the number of cases for each reader; `npm run test:fuzz` takes 20,000.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { TraceError } from '../../src/errors.js';
import type { ByteSource, PassedOver, ReadOptions, TraceStream } from '../../src/trace/format.js';
import { DEFAULT_READ_OPTIONS } from '../../src/trace/format.js';
import { TRACE_FORMATS } from '../../src/trace/formats/index.js';
import { xenOperations } from '../../src/trace/formats/xen-ops.js';
import { openSource } from '../../src/trace/source.js';
import { openText } from '../../src/trace/text-format.js';
import { bytesSource, decode, type DecodedTrace, shortError } from '../helpers/traces.js';

const CASES = Number(process.env['P2MSIM_FUZZ'] ?? 150);
/** Nothing of a case takes seconds: this is for hangs. */
const TIMEOUT = 60_000 + CASES * 60;

type Bytes = Uint8Array<ArrayBuffer>;
const sample = (path: string, bytes: number = Infinity): Bytes =>
  new Uint8Array(readFileSync(path).subarray(0, bytes));

/** A small trace of each format. */
const SAMPLES: Readonly<Record<string, Bytes>> = {
  csv: sample('traces/examples/fork.csv'),
  lackey: new Uint8Array(
    Buffer.from('==1== Lackey\nI  0401ab70,3\n S 1fff0006e8,8\n L 1ffeffe7e0,8\n M 1ffeffe7e0,4\n'.repeat(4)),
  ),
  p2mtrace: sample('traces/p2mtrace/fork.p2mtrace'),
  din: sample('traces/din/labels.din'),
  xdin: sample('traces/xdin/kinds.xdin'),
  pinatrace: sample('traces/pinatrace/program.pinatrace'),
  rw: sample('traces/rw/memory.rw'),
  gem5: sample('traces/gem5/packets.gem5'),
  champsim: sample('traces/champsim/six.champsim'),
  cloudsuite: sample('traces/cloudsuite/four.cloudsuite'),
  drmemtrace: sample('traces/drmemtrace/thread.drmemtrace'),
  oraclegeneral: sample('traces/oraclegeneral/pages.oracleGeneral.bin'),
  perf: sample('traces/perf/tracepoints.perf', 4000),
  'xen-ops': new Uint8Array(
    Buffer.from(
      'EXP 2 cpuid n=100\nSTART\nCPUID\nEND\nR 0x200000\nTW 0x1001008 4 0x8000000000 0x0 0x0\nTR 0x800000 0\nCR3 0x1000000\n' +
        'DW 0xc000018 0x67\nZ 0xc000000\nC 0xc001000 0xc000000\nFAULT 0x8000001000 2\nIRET\nINVLPG 0x8000001000\nCR4 pge=0\nCR4 pge=1\n',
    ),
  ),
};

/** One change to bytes: what to do, where (of 1), with what, how often. */
const change = fc.record({
  how: fc.constantFrom('flip', 'set', 'insert', 'remove', 'repeat', 'cut', 'splice'),
  where: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 10, 13, 32, 34, 35, 44, 48, 58, 255)),
  length: fc.integer({ min: 1, max: 70 }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function changed(bytes: Bytes, { how, where, byte, length }: Change): Bytes {
  const at = Math.floor(where * (bytes.length + 1));
  const out = (...parts: readonly Uint8Array[]): Bytes => new Uint8Array(Buffer.concat(parts));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (how) {
    case 'flip': {
      const copy = bytes.slice();
      if (at < copy.length) copy[at] = copy[at]! ^ (1 << (byte & 7));
      return copy;
    }
    case 'set':
      return out(before, Uint8Array.of(byte), after.subarray(1));
    case 'insert':
      return out(before, Uint8Array.of(byte), after);
    case 'remove':
      return out(before, after.subarray(length));
    case 'repeat':
      return out(before, after.subarray(0, length), after);
    case 'cut':
      return before.slice();
    default:
      return out(before, bytes.subarray(Math.floor(bytes.length / (1 + (byte & 7)))), after);
  }
}

function damaged(original: Bytes): fc.Arbitrary<Bytes> {
  const mutated = fc
    .array(change, { minLength: 1, maxLength: 6 })
    .map((changes) => changes.reduce(changed, original).slice(0, 8192));
  return fc.oneof(
    { weight: 12, arbitrary: mutated },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)) },
  );
}

const SKIP: ReadOptions = { ...DEFAULT_READ_OPTIONS, onError: 'skip', maxErrors: Infinity };

/** A source that says whether it was read to its end. */
function watched(bytes: Bytes, chunkBytes: number): { source: ByteSource; state: { atEnd: boolean } } {
  const state = { atEnd: false };
  const inner = bytesSource(bytes, chunkBytes);
  const source: ByteSource = {
    ...inner,
    async *chunks() {
      yield* inner.chunks();
      state.atEnd = true;
    },
  };
  return { source, state };
}

interface Outcome extends DecodedTrace {
  readonly atEnd: boolean;
  readonly skipped: number;
  readonly passed: PassedOver;
}

async function read(
  format: string,
  bytes: Bytes,
  chunkBytes: number,
  options: ReadOptions,
): Promise<Outcome> {
  const { source, state } = watched(bytes, chunkBytes);
  let stream: TraceStream | undefined;
  const decoded = await decode(async () => {
    // Without the boot of the measured guest, which no byte of the trace has a part in.
    stream =
      format === 'xen-ops'
        ? openText(source, options, xenOperations(false))
        : await TRACE_FORMATS.get(format).open(source, options);
    return stream;
  });
  const { atEnd } = state;
  return { ...decoded, atEnd, skipped: stream?.skipped.count ?? 0, passed: stream?.passedOver ?? new Map() };
}

const linesOf = (bytes: Bytes): string[] => Buffer.from(bytes).toString('utf8').split('\n');
const isBlank = (line: string): boolean => /^[ \t]*\r?$/.test(line);
const records = (size: number) => (bytes: Bytes) => Math.ceil(bytes.length / size);

/** How many records the bytes hold, counted without a reader, and which of the accesses are one each. */
const COUNTS: Readonly<Record<string, { readonly held: (bytes: Bytes) => number; readonly ops: string }>> = {
  din: { held: (bytes) => linesOf(bytes).filter((line) => !isBlank(line)).length, ops: 'RWX' },
  xdin: { held: (bytes) => linesOf(bytes).filter((line) => !isBlank(line)).length, ops: 'RWX' },
  rw: { held: (bytes) => linesOf(bytes).filter((line) => !isBlank(line)).length, ops: 'RW' },
  gem5: { held: (bytes) => linesOf(bytes).filter((line) => line.trim() !== '').length, ops: 'RW' },
  pinatrace: {
    held: (bytes) =>
      linesOf(bytes).filter((line) => !isBlank(line) && !/^[ \t]*#eof[ \t]*\r?$/.test(line)).length,
    ops: 'RW',
  },
  lackey: {
    held: (bytes) =>
      linesOf(bytes).filter((line) => line.trim() !== '' && !/^(==|--|\*\*)\d+(==|--|\*\*)/.test(line))
        .length,
    ops: 'RWXM',
  },
  champsim: { held: records(64), ops: 'X' },
  cloudsuite: { held: records(96), ops: 'X' },
  oraclegeneral: { held: records(24), ops: 'R' },
};

function checkCounts(format: string, bytes: Bytes, skipping: Outcome): void {
  const count = COUNTS[format];
  if (count === undefined) return;
  const accesses = skipping.records.filter(
    (record) => typeof record === 'string' && count.ops.includes(record[0]!),
  );
  // Numbers behind an address are part of a record that is counted already.
  const whole = [...skipping.passed].filter(([what]) => !what.startsWith('numbers behind'));
  const passed = whole.reduce((sum, [, n]) => sum + n, 0);
  expect(accesses.length + passed + skipping.skipped).toBe(count.held(bytes));
}

/** Most records that so many bytes can be: a p2mtrace has runs, a zeroed table of xen-ops 512 stores. */
function mostRecords(format: string, bytes: number): number {
  if (format === 'p2mtrace') return 2 * 16_384 * (1 + bytes / 48);
  return (format === 'xen-ops' ? 512 : 1) * (bytes + 1);
}

describe('every format', () => {
  it('is fuzzed', () => {
    expect(Object.keys(SAMPLES).toSorted()).toEqual(TRACE_FORMATS.names().toSorted());
  });
});

describe.each(Object.keys(SAMPLES))('the reader of %s', (format) => {
  it('decodes or reports every byte of whatever it is given', { timeout: TIMEOUT }, async () => {
    await fc.assert(
      fc.asyncProperty(
        damaged(SAMPLES[format]!),
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 400 }),
        async (bytes, chunk, otherChunk) => {
          const strict = await read(format, bytes, chunk, DEFAULT_READ_OPTIONS);
          const skipping = await read(format, bytes, otherChunk, SKIP);
          for (const outcome of [strict, skipping]) {
            expect(outcome.atEnd || outcome.error !== null, 'bytes were left').toBe(true);
            expect(outcome.records.length).toBeLessThanOrEqual(mostRecords(format, bytes.length));
            if (outcome.error !== null)
              expect([outcome.error.hint, outcome.error.exitCode]).toEqual([expect.any(String), 3]);
          }
          // What is read before the first mistake does not depend on what comes of it, nor on chunks.
          expect(skipping.records.slice(0, strict.records.length)).toEqual(strict.records);
          if (strict.error === null)
            expect([skipping.records.length, skipping.skipped]).toEqual([strict.records.length, 0]);
          else expect(skipping.skipped + Number(skipping.error !== null)).toBeGreaterThan(0);
          if (skipping.error === null) checkCounts(format, bytes, skipping);
        },
      ),
      { numRuns: CASES, seed: 20250104 },
    );
  });
});

const folder = mkdtempSync(join(tmpdir(), 'p2msim-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ['gzip', new Uint8Array(gzipSync(SAMPLES['csv']!))],
  ['zstd', sample('traces/containers/two-frames.csv.zst')],
  ['xz', sample('traces/containers/two-streams.csv.xz')],
  ['zip', sample('traces/containers/fork.zip')],
])('the container %s', (name, original) => {
  it('opens or reports whatever it is given', { timeout: TIMEOUT }, async () => {
    const path = join(folder, name);
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        // The magic bytes stay: without them it is another container, or none.
        const body = changes.reduce(changed, original.slice(6));
        writeFileSync(path, Buffer.concat([original.subarray(0, 6), body]));
        let inflated = 0;
        try {
          const source = await openSource(path, undefined, true);
          for await (const part of source.chunks()) inflated += part.length;
        } catch (error) {
          if (!(error instanceof TraceError)) throw error;
          expect(shortError(error)).toMatch(/the (gzip|zstd|xz) data|the zip archive/);
        }
        // 128 KiB from 4 bytes is the most that zstd does; the others inflate a thousandfold.
        expect(inflated).toBeLessThan((body.length + 6) * 32_768 + 1);
      }),
      { numRuns: Math.ceil(CASES / 4), seed: 20250105 },
    );
  });
});
