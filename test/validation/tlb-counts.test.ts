/**
 * TLB hits and misses on real programs' traces, against counts on which independent simulators agree to the
 * last one (data/README.md names them). The bar is equality.
 *
 * The two traces that the project ships are always checked. P2MSIM_TEST_TRACES=FOLDER checks the others, if
 * FOLDER has them as NAME.lackey.gz, and names those that it does not have.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_READ_OPTIONS,
  missesByWays,
  missRatioCurve,
  openTrace,
  parseAssignment,
  replay,
} from '../../src/index.js';

interface TwoLevels {
  readonly l1_hits: number;
  readonly l1_misses: number;
  readonly l2_hits: number;
  readonly l2_misses: number;
}

interface Counts {
  readonly A: TwoLevels;
  readonly B: TwoLevels;
  readonly C: TwoLevels;
  readonly FIFO: TwoLevels;
  readonly M_as_two: TwoLevels;
  /** Misses of one fully associative LRU TLB, by its entries. */
  readonly single_level_misses: Readonly<Record<string, number>>;
  readonly E?: Readonly<
    Record<'itlb_hits' | 'itlb_misses' | 'dtlb_hits' | 'dtlb_misses' | 'stlb_hits' | 'stlb_misses', number>
  >;
}

const { traces } = JSON.parse(readFileSync(new URL('./data/tlb-counts.json', import.meta.url), 'utf8')) as {
  readonly traces: Readonly<Record<string, Counts>>;
};

const shipped = new URL('../../traces/lackey/', import.meta.url).pathname;
const others = process.env['P2MSIM_TEST_TRACES'] ?? '';

/** Where the trace called `name` is, or null. */
function fileOf(name: string): string | null {
  const files = [shipped, others].map((folder) => join(folder, `${name}.lackey.gz`));
  return files.find((file) => existsSync(file)) ?? null;
}

/** The data records of a trace: everything but the fetches, which A, B, C and the single levels leave out. */
function dataRecords(file: string): Buffer {
  const text = gunzipSync(readFileSync(file)).toString('latin1');
  return Buffer.from(
    text
      .split('\n')
      .filter((line) => !line.startsWith('I'))
      .join('\n'),
    'latin1',
  );
}

/** Counters of a native replay with preset `reference`, tables premapped, and some settings on top. */
async function count(
  data: Buffer | string,
  settings: readonly string[] = [],
  modifyAsTwo = false,
): Promise<Readonly<Record<string, number>>> {
  const source = typeof data === 'string' ? { trace: data } : { trace: '-', stdin: Readable.from([data]) };
  const { result, error } = await replay({
    ...source,
    mode: 'native',
    preset: 'reference',
    settings: ['guest.mode=premapped', ...settings].map((text) => parseAssignment(text, 'test')),
    read: { modifyAsTwo },
  });
  expect(error).toBeNull();
  return result.counters;
}

function twoLevels(counters: Readonly<Record<string, number>>): TwoLevels {
  return {
    l1_hits: counters['tlb.l1d.hit']!,
    l1_misses: counters['tlb.l1d.miss']!,
    l2_hits: counters['tlb.stlb.hit']!,
    l2_misses: counters['tlb.stlb.miss']!,
  };
}

const present = Object.keys(traces).filter((name) => fileOf(name) !== null);
const absent = Object.keys(traces).filter((name) => fileOf(name) === null);

describe.each(present)('%s', (name) => {
  const counts = traces[name]!;
  const file = fileOf(name)!;
  let cached: Buffer | null = null;
  const records = (): Buffer => (cached ??= dataRecords(file));

  it('A: L1 64/4, STLB 1536/12, LRU', async () => {
    expect(twoLevels(await count(records()))).toEqual(counts.A);
  }, 60_000);

  it('B: L1 64/4, STLB 1024/8, LRU', async () => {
    expect(twoLevels(await count(records(), ['stlb.entries=1024', 'stlb.ways=8']))).toEqual(counts.B);
  }, 60_000);

  it('C: L1 64 and STLB 1536, both fully associative, LRU', async () => {
    expect(twoLevels(await count(records(), ['l1d.ways=64', 'stlb.ways=1536']))).toEqual(counts.C);
  }, 300_000);

  it('as A with FIFO replacement in both levels', async () => {
    expect(twoLevels(await count(records(), ['l1d.policy=fifo', 'stlb.policy=fifo']))).toEqual(counts.FIFO);
  }, 60_000);

  it('as A with each modify as a load and a store', async () => {
    expect(twoLevels(await count(records(), [], true))).toEqual(counts.M_as_two);
  }, 60_000);

  it.each(Object.keys(counts.single_level_misses))(
    'one fully associative LRU level of %s entries',
    async (entries) => {
      const settings = [`l1d.entries=${entries}`, `l1d.ways=${entries}`, 'stlb.entries=0'];
      const counters = await count(records(), settings);
      expect(counters['tlb.l1d.miss']).toBe(counts.single_level_misses[entries]);
      // Every miss is a walk, and a walk of four levels without walk caches is four references.
      expect(counters['walk.count']).toBe(counts.single_level_misses[entries]);
      expect(counters['walk.refs']).toBe(4 * counts.single_level_misses[entries]!);
    },
    300_000,
  );

  it('every fully associative LRU level at once, by stack distances', async () => {
    const { source, curve } = await missRatioCurve(await openTrace(file, { read: DEFAULT_READ_OPTIONS }), {
      pageSize: '4k',
      kinds: 'data',
      at: [],
      sample: null,
    });
    expect(source.accesses).toBe(counts.A.l1_hits + counts.A.l1_misses);
    for (const [entries, misses] of Object.entries(counts.single_level_misses)) {
      expect(curve.at(Number(entries))).toBe(misses);
    }
  }, 60_000);

  it('the first level of A and B, 16 sets of 4 ways, from misses by ways', async () => {
    const { misses } = await missesByWays(await openTrace(file, { read: DEFAULT_READ_OPTIONS }), {
      pageSize: '4k',
      kinds: 'data',
      sets: 16,
      ways: 8,
    });
    expect(misses[3]).toBe(counts.A.l1_misses);
  }, 60_000);

  it.skipIf(counts.E === undefined)(
    'E: ITLB and DTLB 64/4 that share one STLB 1536/12',
    async () => {
      const c = await count(file);
      expect({
        itlb_hits: c['tlb.l1i.hit'],
        itlb_misses: c['tlb.l1i.miss'],
        dtlb_hits: c['tlb.l1d.hit'],
        dtlb_misses: c['tlb.l1d.miss'],
        stlb_hits: c['tlb.stlb.hit'],
        stlb_misses: c['tlb.stlb.miss'],
      }).toEqual(counts.E);
    },
    60_000,
  );
});

describe('traces', () => {
  it('sort and cc1-with-instructions come with the project', () => {
    expect(present).toEqual(expect.arrayContaining(['sort', 'cc1-with-instructions']));
  });

  it.skipIf(absent.length > 0)(`the others are there too (missing: ${absent.join(', ') || 'none'})`, () => {
    expect(present).toHaveLength(9);
  });
});
