/** Records of fixed size: what each kind of record becomes, in the formats that the samples do not go through whole. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { drmemtrace } from '../../../../src/trace/formats/drmemtrace.js';
import { openTrace } from '../../../../src/trace/open.js';
import { Readable } from 'node:stream';
import {
  champsimRecord,
  cloudsuiteRecord,
  drmemtraceEntry as entry,
  type Instruction,
  oracleGeneralFile,
} from '../../../helpers/foreign-writers.js';
import { bytesSource, decode, sniffers } from '../../../helpers/traces.js';

const HEADER = entry(25, 0, 7n);
const FOOTER = entry(26, 0, 0n);

async function readEntries(...entries: readonly Buffer[]) {
  const bytes = Buffer.concat([HEADER, ...entries, FOOTER]);
  const stream = await drmemtrace.open(bytesSource(bytes), DEFAULT_READ_OPTIONS);
  const { records, error } = await decode(async () => stream);
  return {
    records,
    error: error?.message ?? null,
    passed: Object.fromEntries(stream.passedOver ?? []),
    lacks: stream.lacks,
  };
}

describe('a record of drmemtrace', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 27, 32, 46])(
    'of type %i is data, or a prefetch that is passed over',
    async (type) => {
      const { records, passed } = await readEntries(entry(type, 8, 0x1000n));
      if (type < 2) expect(records).toEqual([`${'RW'[type]} 0x0000000000001000 8 0`]);
      else expect([records, passed]).toEqual([[], { prefetches: 1 }]);
    },
  );

  it.each([10, 11, 12, 13, 14, 15, 16, 31, 48, 49])('of type %i is a fetch', async (type) => {
    expect((await readEntries(entry(type, 3, 0x1000n))).records).toEqual(['X 0x0000000000001000 3 0']);
  });

  it.each([22, 23, 28, 47])('of type %i says nothing to a machine', async (type) => {
    expect(await readEntries(entry(type, 3, 0x1000n))).toMatchObject({
      records: [],
      error: null,
      passed: {},
    });
  });

  it.each([18, 19, 20, 21])('of type %i is a cache flush, which is passed over', async (type) => {
    expect((await readEntries(entry(type, 0, 0x1000n))).passed).toEqual({ 'cache flushes': 1 });
  });

  it('is a bundle of instructions behind the last one', async () => {
    // Lengths 2, 5 and 1 behind an instruction of 3 bytes at 0x1000; the next bundle goes on from there.
    const { records } = await readEntries(
      entry(10, 3, 0x1000n),
      entry(17, 3, 0x010502n),
      entry(17, 1, 0x04n),
    );
    expect(records).toEqual([
      'X 0x0000000000001000 3 0',
      'X 0x0000000000001003 2 0',
      'X 0x0000000000001005 5 0',
      'X 0x000000000000100a 1 0',
      'X 0x000000000000100b 4 0',
    ]);
  });

  it('is fetched again unless it is where the last instruction was', async () => {
    const maybe = (at: bigint): Buffer => entry(30, 2, at);
    const { records, passed } = await readEntries(
      maybe(0x1000n),
      maybe(0x1000n),
      maybe(0x1002n),
      entry(29, 2, 0x1002n),
    );
    expect(records).toEqual(['X 0x0000000000001000 2 0', 'X 0x0000000000001002 2 0']);
    expect(passed).toEqual({ 'repetitions of an instruction': 2 });
  });

  it.each([
    [0x40n, ['accesses of the kernel']],
    [0x1040n, []],
    [0x44n, ['accesses of the kernel', 'loads and stores']],
    [
      0x80n,
      ['accesses of the kernel', 'accesses that hit in the small cache it was filtered by when it was made'],
    ],
    [
      0x101n,
      ['accesses of the kernel', 'accesses that hit in the small cache it was filtered by when it was made'],
    ],
  ])('says by the file type %i what the trace lacks', async (type, more) => {
    const { lacks } = await readEntries(entry(28, 9, type));
    expect(lacks).toEqual(['page-table edits', 'other threads of the program (a file each)', ...more]);
  });

  it('may come after a footer, where traces were joined', async () => {
    expect((await readEntries(FOOTER, entry(0, 1, 0x1000n))).error).toBeNull();
  });
});

describe('ChampSim and CloudSuite', () => {
  /** Loops of one instruction with as little in it as there can be, and with as much. */
  const programs: readonly (readonly Instruction[])[] = [1, 2, 3, 20].flatMap((n) => [
    Array.from({ length: n }, (_, i) => ({ ip: 0x401000n + BigInt(4 * i), loads: [], stores: [] })),
    Array.from({ length: n }, (_, i) => ({
      ip: 0x401000n + BigInt(4 * i),
      loads: [0x7f0000001000n, 0x7f0000002000n, 0x602000n, 0x603000n],
      stores: [0x7ffe00001000n, 0x604000n],
    })),
  ]);

  it.each(programs.map((program) => [program.length, program] as const))(
    'are told apart by %i instructions',
    (_n, program) => {
      expect(sniffers(Buffer.concat(program.map(champsimRecord)))).toEqual(['champsim']);
      expect(sniffers(Buffer.concat(program.map(cloudsuiteRecord)))).toEqual(['cloudsuite']);
    },
  );

  it('are told apart where every instruction has a load and none a store', () => {
    const program = Array.from({ length: 60 }, (_, i) => {
      return { ip: 0x401000n + BigInt(4 * i), loads: [0x7f0000000000n + BigInt(64 * i)], stores: [] };
    });
    expect(sniffers(Buffer.concat(program.map(champsimRecord)))).toEqual(['champsim']);
    expect(sniffers(Buffer.concat(program.map(cloudsuiteRecord)))).toEqual(['cloudsuite']);
  });

  it('has a context switch where the address space changes, before the accesses', async () => {
    const one = { ip: 0x401000n, loads: [], stores: [] };
    const bytes = Buffer.concat([258, 258, 3, 258].map((space) => cloudsuiteRecord({ ...one, space })));
    const { records } = await decode(() =>
      openTrace('-', { stdin: Readable.from([bytes]), read: DEFAULT_READ_OPTIONS }),
    );
    const fetch = 'X 0x0000000000401000 1 0';
    const to = (as: string) => ({ kind: 'switch', vcpu: 0, line: 0, as, noflush: false });
    expect(records).toEqual([fetch, fetch, to('p3'), fetch, to('0'), fetch]);
  });
});

describe('oracleGeneral', () => {
  it('has pages up to the end of the lower half', async () => {
    const bytes = oracleGeneralFile([0n, (1n << 35n) - 1n]);
    const { records, error } = await decode(() =>
      openTrace('-', { stdin: Readable.from([bytes]), read: DEFAULT_READ_OPTIONS }),
    );
    expect(error).toBeNull();
    expect(records).toEqual(['R 0x0000000000000000 4096 0', 'R 0x00007ffffffff000 4096 0']);
  });

  it('is recognised without an end of any object, by requests that come again', () => {
    // Ten objects in turn: each is asked for again ten requests later.
    const bytes = oracleGeneralFile(Array.from({ length: 40 }, (_, i) => BigInt(i % 10)));
    for (let i = 0; i < 40; i++) bytes.writeBigInt64LE(BigInt(i + 10), 24 * i + 16);
    expect(sniffers(bytes)).toEqual(['oraclegeneral']);
  });
});
