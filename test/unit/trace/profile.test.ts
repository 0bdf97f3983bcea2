import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';
import { profileTrace } from '../../../src/trace/profile.js';

const read = DEFAULT_READ_OPTIONS;

describe('trace info', () => {
  it('counts accesses, crossings, pages and events of a small trace', async () => {
    const text = [
      'op,va,size,vcpu,as,note',
      'R,0x1000,8',
      'W,0x1ffc,8', // crosses into page 2
      'RW,0x200000,4,1', // another 2M page
      'X,0x40000000,1,1', // another 1G page
      'MARK,,,,,x',
      'R,0x1000,8,0,b', // the same page of another address space
      '',
    ].join('\n');
    const trace = await openTrace('-', { read, stdin: Readable.from([Buffer.from(text)]) });
    const profile = await profileTrace(trace);
    expect(profile).toMatchObject({
      format: 'csv',
      records: 5,
      ops: { read: 2, write: 1, fetch: 1, modify: 1 },
      pageCrossing: 1,
      addressSpaces: ['0', 'b'],
      vcpus: [0, 1],
      events: 2, // the mark, and the switch that the `as` column makes
      eventKinds: { mark: 1, switch: 1 },
      // 4K: 1, 2, 0x200, 0x40000 of `0`, 1 of `b`; 2M: 0, 1, 0x200 and 0; 1G: 0, 1 and 0.
      footprint: { pages4k: 5, pages2m: 4, pages1g: 3 },
      // Read: 1, 0x200 (modified), 1 of b; written: 1, 2, 0x200; fetched: 0x40000.
      pagesBy: { read: 3, written: 3, fetched: 1 },
      badRecords: 0,
    });
    // Page 0x40000 is 1 GiB less 2 MiB beyond page 0x200: the same region.
    expect(profile.regions).toEqual([
      { addressSpace: '0', firstPage: 1, lastPage: 0x40000, pages: 4 },
      { addressSpace: 'b', firstPage: 1, lastPage: 1, pages: 1 },
    ]);
  });

  it('profiles a real trace', async () => {
    const profile = await profileTrace(
      await openTrace('traces/lackey/cc1-with-instructions.lackey.gz', { read }),
    );
    expect(profile.records).toBe(275_194 + 216_760 + 8_046 + 1_261_213);
    expect(profile.ops).toEqual({ read: 275_194, write: 216_760, fetch: 1_261_213, modify: 8_046 });
    // `gzip -dc | sha256sum`
    expect(profile.sha256).toBe('963e876c29876d79063871adbc54297db4288772315d2c67af7c850d69147e5d');
    // A script over the text, independent of p2msim: distinct page numbers of first and last bytes.
    expect(profile.footprint.pages4k).toBe(847);
  });
});
