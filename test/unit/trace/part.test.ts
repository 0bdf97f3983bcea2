import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { missRatioCurve } from '../../../src/trace/mrc/measure.js';
import { openTrace } from '../../../src/trace/open.js';
import { partOfTrace, type TracePart } from '../../../src/trace/part.js';
import { profileTrace } from '../../../src/trace/profile.js';

// Accesses 1 to 6, each to the page of its number, and marks a to e around them.
const ROWS = ['MARK,,a', 'R,1000', 'R,2000', 'MARK,,b', 'R,3000', 'R,4000', 'MARK,,c', 'R,5000', 'R,6000'];

/** The part as `a 1 2 b`, read in chunks of so many records. */
async function read(part: TracePart, batchRecords = 1000) {
  const trace = await openTrace('-', {
    read: { ...DEFAULT_READ_OPTIONS, batchRecords },
    stdin: Readable.from([`op,va,note\n${[...ROWS, 'MARK,,d'].join('\n')}\n`]),
  });
  const whole = partOfTrace(trace, part);
  const words: string[] = [];
  for await (const { accesses, events, eventAt } of whole.chunks()) {
    let next = 0;
    for (let i = 0; i <= accesses.n; i++) {
      for (; next < events.length && eventAt[next]! <= i; next++) {
        const event = events[next]!;
        words.push(event.kind === 'mark' ? event.name : event.kind);
      }
      if (i < accesses.n) words.push(String(accesses.lo[i]! / 4096));
    }
  }
  return { words: words.join(' '), part: whole.part };
}

describe('part of a trace by position', () => {
  it.each([2, 3, 1000])('is the same in chunks of %d records', async (chunk) => {
    // Events before the part stay; after its last access nothing is read, not even the event behind it.
    expect(await read({ skip: 1, limit: 3 }, chunk)).toEqual({
      words: 'a 2 b 3 4',
      part: { skipped: 1, cutAfter: 4 },
    });
    expect(await read({ skip: 4, limit: Infinity }, chunk)).toEqual({
      words: 'a b c 5 6 d',
      part: { skipped: 4, cutAfter: null },
    });
    // A limit that the trace does not reach cuts nothing.
    expect(await read({ skip: 0, limit: 7 }, chunk)).toEqual({
      words: 'a 1 2 b 3 4 c 5 6 d',
      part: { skipped: 0, cutAfter: null },
    });
    await expect(read({ skip: 6, limit: 1 }, chunk)).rejects.toThrow(
      'nothing is left: the trace has 6 records, and --skip passes over 6',
    );
  });

  it('says in profile and curve what was read, with the digest of what it took', async () => {
    const open = async (path: string) => openTrace(path, { read: DEFAULT_READ_OPTIONS });
    const path = 'traces/lackey/cc1-with-instructions.lackey.gz';
    const part = { skip: 1000, limit: 2000 };
    const profile = await profileTrace(partOfTrace(await open(path), part));
    expect(profile).toMatchObject({ records: 2000, part: { skipped: 1000, cutAfter: 3000 } });
    const first = await profileTrace(partOfTrace(await open(path), { skip: 0, limit: 3000 }));
    expect(profile.sha256).toBe(first.sha256);
    expect(profile.sha256).not.toBe((await profileTrace(await open(path))).sha256);
    const curve = await missRatioCurve(partOfTrace(await open(path), part), {
      pageSize: '4k',
      kinds: 'all',
      at: [],
      sample: null,
    });
    expect(curve.source).toMatchObject({ records: 2000, sha256: profile.sha256, part: profile.part });
    expect(curve.pages).toBe(profile.footprint.pages4k);
    expect(curve.source.notes).toContain('cut after record 3,000 (--limit): what follows was not read');
  });
});
