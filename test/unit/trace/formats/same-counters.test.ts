/**
 * The same accesses through every format that can carry them give identical counters, tables and guest. And what the
 * writers from the definitions wrote comes back, record by record.
 */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../../src/api.js';
import { convertTrace } from '../../../../src/trace/convert.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { openTrace } from '../../../../src/trace/open.js';
import { TRACE_WRITERS } from '../../../../src/trace/writers/index.js';
import { TRACE_FORMATS } from '../../../../src/trace/formats/index.js';
import {
  accessesOf,
  champsimRecord,
  cloudsuiteRecord,
  drmemtraceFile,
  type Instruction,
  oracleGeneralFile,
  type PlainAccess,
  textFile,
} from '../../../helpers/foreign-writers.js';
import { decode } from '../../../helpers/traces.js';

/** Numbers below `below`, the same in every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Instructions of a loop over code, stack and a few MiB of data. */
const INSTRUCTIONS: readonly Instruction[] = Array.from({ length: 1500 }, (_, i) => {
  const next = sequence(i + 1);
  const data = (): bigint => 0x7f2c_4000_0000n + BigInt(next(800)) * 4096n + BigInt(next(4096));
  return {
    ip: 0x40_1000n + BigInt(next(40) * 1024),
    loads: Array.from({ length: next(3) }, data),
    stores: Array.from({ length: next(2) }, data),
  };
});
/** One byte each. */
const PROGRAM = INSTRUCTIONS.flatMap(accessesOf);
const DATA = PROGRAM.filter(({ op }) => op !== 'X');
/** Sizes of up to 64 bytes, some over a page border. */
const SIZED = PROGRAM.map((access, i): PlainAccess => ({ ...access, size: 1 + ((i * 7) % 64) }));
const PAGES = DATA.map(({ va }) => va >> 12n);
const OF_PAGES = PAGES.map((page): PlainAccess => ({ op: 'R', va: page << 12n, size: 4096 }));

type Format = readonly [name: string, bytes: Buffer];
const texts = (accesses: readonly PlainAccess[], ...names: Parameters<typeof textFile>[0][]): Format[] =>
  names.map((name) => [name, textFile(name, accesses)]);

const CASES: readonly (readonly [string, readonly PlainAccess[], readonly Format[]])[] = [
  [
    'instructions with their loads and stores, a byte each',
    PROGRAM,
    [
      ...texts(PROGRAM, 'lackey', 'din', 'xdin', 'perf'),
      ['champsim', Buffer.concat(INSTRUCTIONS.map(champsimRecord))],
      ['cloudsuite', Buffer.concat(INSTRUCTIONS.map((one) => cloudsuiteRecord({ ...one, space: 7 })))],
      ['drmemtrace', drmemtraceFile(PROGRAM)],
    ],
  ],
  [
    'loads and stores, a byte each',
    DATA,
    [
      ...texts(DATA, 'lackey', 'din', 'xdin', 'pinatrace', 'rw', 'gem5', 'perf'),
      ['drmemtrace', drmemtraceFile(DATA)],
    ],
  ],
  ['accesses with sizes', SIZED, [...texts(SIZED, 'lackey', 'xdin'), ['drmemtrace', drmemtraceFile(SIZED)]]],
  [
    'reads of pages',
    OF_PAGES,
    [
      ...texts(OF_PAGES, 'lackey', 'xdin', 'gem5'),
      ['drmemtrace', drmemtraceFile(OF_PAGES)],
      ['oraclegeneral', oracleGeneralFile(PAGES)],
    ],
  ],
];

async function counted(bytes: Buffer, mode: string) {
  const { result, error } = await replay({ trace: '-', stdin: Readable.from([bytes]), mode });
  expect(error).toBeNull();
  const { counters, memory, guestDigest } = result;
  return { counters, memory, guestDigest };
}

const open = (bytes: Buffer) => openTrace('-', { stdin: Readable.from([bytes]), read: DEFAULT_READ_OPTIONS });

async function converted(bytes: Buffer, to: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  await convertTrace(await open(bytes), TRACE_WRITERS.get(to), (part) => parts.push(part));
  return Buffer.concat(parts);
}

describe.each(CASES)('%s', (_what, accesses, formats) => {
  const csv = textFile('csv', accesses);

  it.each(formats)('come back from %s as they were written', async (name, bytes) => {
    const stream = await open(bytes);
    expect(stream.format).toBe(name);
    const { records, error } = await decode(async () => stream);
    expect(error).toBeNull();
    expect(records).toEqual(
      accesses.map(({ op, va, size }) => `${op} 0x${va.toString(16).padStart(16, '0')} ${size} 0`),
    );
  });

  it.each(['native', 'hap', 'shadow'])('give the same counters in every format: %s', async (mode) => {
    const expected = await counted(csv, mode);
    for (const [name, bytes] of formats) expect(await counted(bytes, mode), name).toEqual(expected);
    expect(await counted(await converted(csv, 'p2mtrace'), mode), 'p2mtrace').toEqual(expected);
  });
});

describe('every format', () => {
  it('is in one of these comparisons, but for the guest of Xen, which brings its kernel', () => {
    const compared = new Set([
      'csv',
      'p2mtrace',
      ...CASES.flatMap(([, , formats]) => formats.map(([name]) => name)),
    ]);
    expect(TRACE_FORMATS.names().filter((name) => !compared.has(name))).toEqual(['xen-ops']);
  });
});
