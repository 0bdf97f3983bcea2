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
    expect((await convert(p2mtrace, 'csv')).bytes.toString()).toBe(csv.toString());
    expect((await convert(p2mtrace, 'p2mtrace')).bytes.equals(p2mtrace)).toBe(true);
  });

  it('keeps what the first format could not say, and its name', async () => {
    const lackey = await open(LACKEY);
    const once = (await convert(LACKEY, 'p2mtrace')).bytes;
    for (const bytes of [once, (await convert(once, 'p2mtrace')).bytes]) {
      const { lacks, eventless, source } = await open(bytes);
      expect([lacks, eventless, source]).toEqual([lackey.lacks, true, 'lackey']);
    }
    const [first] = (await convert(once, 'csv')).bytes.toString().split('\n');
    expect(first).toBe(
      '# Made from lackey, which cannot say: page-table edits, context switches, accesses of the kernel, threads',
    );
  });

  it('has what came before an error, counts it, and says that it is incomplete', async () => {
    const bad = 'op,va\nR,1000\nR,2000\nR,zz\nR,3000\n';
    const csv = await convert(bad, 'csv');
    expect([csv.accesses, csv.events, csv.error?.place.line]).toEqual([2, 0, 4]);
    expect(csv.bytes.toString()).toMatch(/\n# What this was made from ended early, by an error\n$/);
    const p2mtrace = await convert(bad, 'p2mtrace');
    const { records, error } = await decode(() => open(p2mtrace.bytes));
    expect(records).toEqual(['R 0x0000000000001000 1 0', 'R 0x0000000000002000 1 0']);
    expect(error?.message).toBe('what the trace was made from ended early, by an error');
  });
});

describe('the format to write', () => {
  it.each([
    ['a.csv', 'csv'],
    ['a.csv.gz', 'csv'],
    ['a.p2mtrace', 'p2mtrace'],
    ['a.p2mt.gz', 'p2mtrace'],
    ['a.lackey', undefined],
    ['-', undefined],
  ])('is known by the end of the name %s: %s', (path, name) => {
    expect(writerForName(path)?.name).toBe(name);
  });
});
