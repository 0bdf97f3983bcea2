/** Conversion: the same records in every format that can carry them, and the same counters from each. */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../src/api.js';
import type { Conversion } from '../../../src/trace/convert.js';
import { convertTrace } from '../../../src/trace/convert.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';
import { TRACE_WRITERS, writerForName } from '../../../src/trace/writers/index.js';
import { EVERY_EVENT } from '../../helpers/every-event.js';
import { decode } from '../../helpers/traces.js';

async function open(trace: Uint8Array | string) {
  return openTrace('-', { stdin: Readable.from([Buffer.from(trace)]), read: DEFAULT_READ_OPTIONS });
}

async function convert(trace: Uint8Array | string, to: string): Promise<Conversion & { bytes: Buffer }> {
  const parts: Uint8Array[] = [];
  const done = await convertTrace(await open(trace), TRACE_WRITERS.get(to), (part) => parts.push(part));
  return { ...done, bytes: Buffer.concat(parts) };
}

async function counters(trace: Uint8Array, mode: string) {
  const { result, error } = await replay({ trace: '-', stdin: Readable.from([trace]), mode });
  expect(error).toBeNull();
  const { counters: counts, memory, guestDigest } = result;
  return { counts, memory, guestDigest };
}

const SORT = gunzipSync(readFileSync('traces/lackey/sort.lackey.gz'));
/** 20,000 lines: a block and a part of one. */
const LACKEY = SORT.subarray(0, SORT.indexOf('\n', 300_000) + 1);
const FORK = readFileSync('traces/examples/fork.csv');

describe('a converted trace', () => {
  it.each(['native', 'hap', 'shadow'])(
    'gives the same counters in every format: %s',
    async (mode) => {
      for (const original of [LACKEY, FORK]) {
        const { bytes: csv } = await convert(original, 'csv');
        const { bytes: p2mtrace } = await convert(original, 'p2mtrace');
        const expected = await counters(original, mode);
        expect(await counters(csv, mode)).toEqual(expected);
        expect(await counters(p2mtrace, mode)).toEqual(expected);
      }
    },
    60_000,
  );

  it('comes back from p2mtrace as the CSV that it was', async () => {
    const { bytes: csv } = await convert(EVERY_EVENT, 'csv');
    const { bytes: p2mtrace } = await convert(csv, 'p2mtrace');
    const back = await convert(p2mtrace, 'csv');
    expect(back.bytes.toString()).toBe(csv.toString());
    expect(back.written).toEqual({ accesses: back.accesses, events: back.events });
    expect((await convert(p2mtrace, 'p2mtrace')).bytes.equals(p2mtrace)).toBe(true);
  });

  it('keeps what the first format could not say, and its name', async () => {
    const lackey = await open(LACKEY);
    const once = (await convert(LACKEY, 'p2mtrace')).bytes;
    for (const bytes of [once, (await convert(once, 'p2mtrace')).bytes]) {
      const { lacks, eventless, source } = await open(bytes);
      expect([lacks, eventless, source]).toEqual([lackey.lacks, true, 'lackey']);
    }
    expect((await convert(once, 'csv')).bytes.toString().split('\n').slice(0, 3)).toEqual([
      '# Made-from: lackey',
      '# Cannot-say: page-table edits',
      '# Cannot-say: context switches',
    ]);
  });

  it('has what came before an error, counts it, and says that it is incomplete', async () => {
    const bad = 'op,va\nR,1000\nR,2000\nR,zz\nR,3000\n';
    const csv = await convert(bad, 'csv');
    expect([csv.accesses, csv.events, csv.error?.place.line]).toEqual([2, 0, 4]);
    expect(csv.bytes.toString()).toMatch(
      /\n# Incomplete: what this was made from ended early, by an error\n$/,
    );
    const p2mtrace = await convert(bad, 'p2mtrace');
    const { records, error } = await decode(() => open(p2mtrace.bytes));
    expect(records).toEqual(['R 0x0000000000001000 1 0', 'R 0x0000000000002000 1 0']);
    expect(error?.message).toBe('what the trace was made from ended early, by an error');
  });
});

describe('a text format of other tools', () => {
  const MIXED = 'op,va,size,vcpu\nR,1000,1,0\nW,2000,8,1\nX,401000,3,0\nM,3000,4,0\nINVLPG,1000\n';

  it.each([
    ['lackey', ' L 00001000,1\n S 00002000,8\nI  00401000,3\n M 00003000,4\n', { vcpus: 1, events: 1 }],
    ['din', '0 1000\n1 2000\n2 401000\n0 3000\n1 3000\n', { modifies: 1, sizes: 3, vcpus: 1, events: 1 }],
    ['xdin', 'r 1000 1\nw 2000 8\ni 401000 3\nr 3000 4\nw 3000 4\n', { modifies: 1, vcpus: 1, events: 1 }],
    [
      'rw',
      '0x1000 R\n0x2000 W\n0x3000 R\n0x3000 W\n',
      { fetches: 1, modifies: 1, sizes: 2, vcpus: 1, events: 1 },
    ],
  ])('%s has what it has words for, and the rest is counted as lost', async (to, text, lost) => {
    const done = await convert(MIXED, to);
    expect(done.bytes.toString()).toBe(text);
    const names = {
      vcpus: 'vcpus of accesses, other than 0',
      events: 'events',
      modifies: 'modifies, each written as a read and a write',
      sizes: 'access sizes other than 1 byte',
      fetches: 'instruction fetches',
    };
    const expected = Object.entries(names).flatMap(([key, name]) => {
      const count = (lost as Partial<Record<string, number>>)[key];
      return count === undefined ? [] : [[name, count] as const];
    });
    expect(new Map(done.lost)).toEqual(new Map(expected));
    // What was written is read again, by its content, and is what was counted.
    const again = await open(done.bytes);
    expect(again.format).toBe(to);
    const { records } = await decode(async () => again);
    expect(done.written).toEqual({ accesses: records.length, events: 0 });
    expect([done.accesses, done.events]).toEqual([4, 1]);
  });

  it('is written the same however the records are cut into chunks', async () => {
    const once = await convert(LACKEY, 'xdin');
    const parts: Uint8Array[] = [];
    const small = await openTrace('-', {
      stdin: Readable.from([LACKEY]),
      read: { ...DEFAULT_READ_OPTIONS, batchRecords: 7 },
    });
    await convertTrace(small, TRACE_WRITERS.get('xdin'), (part) => parts.push(part));
    expect(Buffer.concat(parts).equals(once.bytes)).toBe(true);
  });
});

describe('the format to write', () => {
  it.each([
    ['a.csv', 'csv'],
    ['a.csv.gz', 'csv'],
    ['a.p2mtrace', 'p2mtrace'],
    ['a.p2mt.gz', 'p2mtrace'],
    ['a.lackey.gz', 'lackey'],
    ['a.din', 'din'],
    ['a.xdin', 'xdin'],
    ['a.rw', 'rw'],
    ['a.pinatrace', undefined],
    ['-', undefined],
  ])('is known by the end of the name %s: %s', (path, name) => {
    expect(writerForName(path)?.name).toBe(name);
  });
});
