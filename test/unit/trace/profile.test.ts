import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createBatch } from '../../../src/trace/access.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { missRatioCurve } from '../../../src/trace/mrc/measure.js';
import { openTrace } from '../../../src/trace/open.js';
import { profileTrace } from '../../../src/trace/profile.js';
import { ReuseMeter } from '../../../src/trace/reuse.js';

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

  const opened = async (rows: readonly string[]) =>
    openTrace('-', { read, stdin: Readable.from([`op,va,size,vcpu,note\n${rows.join('\n')}\n`]) });

  it('has the distinct pages of each window: one that is touched in two windows counts in both', async () => {
    const pages = [1, 1, 2, 1, 3, 4, 1, 1];
    const { workingSet } = await profileTrace(await opened(pages.map((page) => `R,${page}000`)), 3);
    // 1 1 2 | 1 3 4 | 1 1
    expect(workingSet).toEqual({ window: 3, pages: [2, 3, 1] });
    const whole = await profileTrace(await opened(pages.slice(0, 6).map((page) => `R,${page}000`)), 3);
    expect(whole.workingSet.pages).toEqual([2, 3]);
    // How a page was touched is kept over windows.
    const touched = await profileTrace(await opened(['R,1000', 'W,1000', 'X,1000']), 1);
    expect(touched.pagesBy).toEqual({ read: 1, written: 1, fetched: 1 });
  });

  it('has the reuse distances by powers of two, on each vcpu for itself', async () => {
    // Vcpu 0: 1 2 3 4 5 first, 1 after 4 others, 1 after 0, 5 after 1, 2 after 1, 5, 4, 3; vcpu 1: 1 first, then after 0.
    const rows = [1, 2, 3, 4, 5, 1, 1, 5, 2].map((page) => `R,${page}000,1,0`);
    const { reuse } = await profileTrace(await opened([...rows, 'R,1000,1,1', 'R,1000,1,1']));
    expect(reuse).toEqual({
      classes: [
        { from: 0, to: 0, accesses: 2 },
        { from: 1, to: 1, accesses: 1 },
        { from: 2, to: 3, accesses: 0 },
        { from: 4, to: 7, accesses: 2 },
      ],
      first: 6,
    });
  });

  it('agrees with trace mrc: misses of a TLB of 64 entries are the distances from 64 on, and first accesses', async () => {
    const spec = 'gen:zipf,footprint=2MiB,accesses=50k';
    const { reuse } = await profileTrace(await openTrace(spec, { read }));
    const far = reuse!.classes
      .filter(({ from }) => from >= 64)
      .reduce((sum, { accesses }) => sum + accesses, 0);
    const { points } = await missRatioCurve(await openTrace(spec, { read }), {
      pageSize: '4k',
      kinds: 'all',
      at: [],
      sample: null,
    });
    expect(far + reuse!.first).toBe(points.find(({ size }) => size === 64)!.misses);
    expect(far).toBeGreaterThan(1000);
  });

  it('knows no reuse distances beyond 2^20 regions of 2 MiB', () => {
    const [meter, regions] = [new ReuseMeter(), 2 ** 20 + 1];
    const accesses = createBatch(regions);
    for (let i = 0; i < regions; i++)
      [accesses.hi[i], accesses.lo[i], accesses.size[i]] = [i >>> 11, i << 21, 1];
    accesses.n = regions;
    meter.chunk({ accesses, events: [], eventAt: [], rawBytes: 0 });
    expect(meter.result()).toBeNull();
  });

  it('counts the events that edit tables', async () => {
    const rows = ['R,1000', 'MAP,2000,4096', 'MARK,,,,x', 'CLEARA,1000,4096', 'INVLPG,1000', 'FORK,,,,kid'];
    expect((await profileTrace(await opened(rows))).tableEdits).toBe(3);
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
