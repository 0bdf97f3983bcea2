import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { axisOfList, prepareMachines, replay, sweepPoints } from '../../../src/engine.js';
import { TraceDigest } from '../../../src/trace/trace-digest.js';
import { file } from '../../cli/run-cli.js';

const LACKEY = 'traces/lackey/sort.lackey.gz';
const P2MTRACE = 'traces/p2mtrace/sort-start.p2mtrace';

/** 60,000 rows of 14 bytes and a header: 840,006 bytes, four blocks of reading. */
function csv(): string {
  const rows = Array.from({ length: 60_000 }, (_, i) => `R,0x${(0x10000000 + i * 64).toString(16)}\n`);
  return file('rows.csv', `op,va\n${rows.join('')}`);
}

/** Digest in the result of a replay on so many machines; from 4 on, a reader decodes a million records at once. */
async function digestOn(machines: number, trace: string, limit: number): Promise<string> {
  const seeds = ['1', '2', '3', '4', '5', '6'].slice(0, machines);
  const points = sweepPoints(['native'], [axisOfList('seed', seeds, 'test')]);
  const { result } = await (await prepareMachines({ trace, limit }, points)).run();
  const digests = new Set(result.map((run) => run.manifest.trace.sha256));
  expect(digests.size).toBe(1);
  return [...digests].join();
}

describe('the digest of a trace that is not replayed to its end', () => {
  it.each([
    ['lackey', LACKEY, 20_000],
    ['p2mtrace', P2MTRACE, 5000],
    ['csv', csv(), 30_000],
  ])('is the same for 1, 3 and 6 machines: %s', async (_format, trace, limit) => {
    const one = await digestOn(1, trace, limit);
    expect([await digestOn(3, trace, limit), await digestOn(6, trace, limit)]).toEqual([one, one]);
    expect(one).not.toBe(await digestOn(1, trace, Infinity));
  });

  it('is the same for a plain file, a compressed one and a pipe', async () => {
    const plain = csv();
    const text = readFileSync(plain);
    const zipped = `${plain}.gz`;
    writeFileSync(zipped, gzipSync(text));
    const pipe = Readable.from([text.subarray(0, 100_000), text.subarray(100_000)]);
    const piped = await replay({ trace: '-', stdin: pipe, mode: 'native', limit: 30_000 });
    const expected = await digestOn(1, plain, 30_000);
    expect(await digestOn(1, zipped, 30_000)).toBe(expected);
    expect(piped.result.manifest.trace.sha256).toBe(expected);
    // Rows of 14 bytes: record 30,000 ends at byte 420,006, in the block that ends at 32 KiB + 2 x 256 KiB.
    expect(expected).toBe(createHash('sha256').update(text.subarray(0, 557_056)).digest('hex'));
  });

  it('ends with the block in which its last record ends', () => {
    const sum = new TraceDigest();
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    // Records are letters; a reader asks for a block when it has decoded the one before.
    const none = { delivered: 0, records: 0 };
    sum.mark(none);
    sum.update(Buffer.from('abc'));
    sum.mark({ delivered: 0, records: 3 });
    sum.update(Buffer.from('de'));
    sum.mark({ delivered: 0, records: 5 });
    sum.update(Buffer.from('fgh'));
    expect([3, 4, 5, 6].map((records) => sum.of(records))).toEqual(
      ['abc', 'abcde', 'abcde', 'abcdefgh'].map(sha256),
    );
    expect(sum.of()).toBe(sha256('abcdefgh'));
  });

  it('keeps no mark in which no replay can end any more', () => {
    const sum = new TraceDigest();
    sum.update(Buffer.from('abc'));
    sum.mark({ delivered: 0, records: 3 });
    sum.update(Buffer.from('de'));
    // The first four records were delivered and another chunk was asked for: a replay ends at 4 or later.
    sum.mark({ delivered: 4, records: 5 });
    expect(sum.of(2)).toBe(sum.of(5));
  });
});
