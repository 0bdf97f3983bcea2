import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { TraceError } from '../../../../src/errors.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import {
  type CurveOptions,
  missesByWays,
  missRatioCurve,
  type MissRatioCurve,
} from '../../../../src/trace/mrc/measure.js';
import { type OpenTrace, openTrace } from '../../../../src/trace/open.js';
import { Prng } from '../../../../src/util/prng.js';
import { naiveMisses } from '../../../helpers/stack-distances.js';

const OPTIONS: CurveOptions = { pageSize: '4k', kinds: 'all', at: [], sample: null };

function csv(...lines: readonly string[]): Promise<OpenTrace> {
  const text = `${lines.join('\n')}\n`;
  return openTrace('-', { read: DEFAULT_READ_OPTIONS, stdin: Readable.from([Buffer.from(text)]) });
}

async function curveOf(
  lines: readonly string[],
  options: Partial<CurveOptions> = {},
): Promise<MissRatioCurve> {
  return missRatioCurve(await csv(...lines), { ...OPTIONS, ...options });
}

function steps({ curve }: MissRatioCurve): number[][] {
  return [...curve.sizes].map((size, i) => [size, curve.misses[i]!]);
}

/** Lines of a trace of these pages, 8 bytes at the beginning of each. */
function pagesTrace(pages: readonly number[]): string[] {
  return ['op,va,size', ...pages.map((page) => `R,0x${(page * 4096).toString(16)},8`)];
}

/** `n` pages of `footprint`, the low ones far more often. */
function skewedPages(n: number, footprint: number, seed: number): number[] {
  const prng = new Prng(seed);
  return Array.from({ length: n }, () => prng.below(1 + prng.below(1 + prng.below(footprint))));
}

describe('a miss-ratio curve', () => {
  it('of a small trace is what a stack on paper gives', async () => {
    const result = await curveOf([
      'op,va,size',
      'R,0x1000,8', // A new
      'R,0x2000,8', // B new
      'W,0x3000,8', // C new
      'R,0x1008,8', // A after B C: 2
      'R,0x1010,8', // A: 0
      'RW,0x2000,8', // B after C A: 2
      'X,0x400000,4', // D new
      'W,0x1ffc,8', // A after B D: 2, then B after D A: 2
    ]);
    // 9 accesses, 4 of them first ones; distance 0 hits with 1 entry, the four of distance 2 with 3.
    expect(result.source).toMatchObject({ records: 8, accesses: 9, crossings: 1, vcpus: 1 });
    expect(result.pages).toBe(4);
    expect(steps(result)).toEqual([
      [1, 8],
      [3, 4],
    ]);
    expect([0, 1, 2, 3, 1000].map((size) => result.curve.at(size))).toEqual([9, 8, 8, 4, 4]);
    expect(result.points).toEqual([
      { size: 1, misses: 8, error: 0 },
      { size: 2, misses: 8, error: 0 },
      { size: 4, misses: 4, error: 0 },
    ]);
  });

  it('shows the sizes asked for, beyond the largest that matters too', async () => {
    const { points } = await curveOf(pagesTrace([1, 2, 1, 2]), { at: [3, 1536] });
    expect(points.map(({ size }) => size)).toEqual([1, 2, 3, 1536]);
  });

  it('is of reads and writes, of fetches, or of all of them in one TLB', async () => {
    const lines = ['op,va', 'R,0x1000', 'X,0x9000', 'R,0x1000', 'X,0x9000', 'W,0x2000', 'R,0x1000'];
    // All: 1 9 1(1) 9(1) 2 1(2); data: 1 1(0) 2 1(1); fetches: 9 9(0).
    expect(steps(await curveOf(lines))).toEqual([
      [1, 6],
      [2, 4],
      [3, 3],
    ]);
    expect(steps(await curveOf(lines, { kinds: 'data' }))).toEqual([
      [1, 3],
      [2, 2],
    ]);
    expect(steps(await curveOf(lines, { kinds: 'fetch' }))).toEqual([[1, 1]]);
  });

  it('takes every page as one of the size that is asked for', async () => {
    // 2 MiB pages 0, 1, 1, 512 (1 GiB), 0; of 1 GiB: 0, 0, 0, 1, 0. The last record ends in the next page of each size.
    const lines = [
      'op,va,size',
      'R,0x1000,8',
      'R,0x200000,8',
      'R,0x3ff000,8',
      'R,0x40000000,8',
      'R,0x3ffffffc,8',
    ];
    const with2m = await curveOf(lines, { pageSize: '2m' });
    expect(with2m.pages).toBe(4); // 0, 1, 512, 511
    // 0 1 1(0) 512 511 512(1)
    expect(steps(with2m)).toEqual([
      [1, 5],
      [2, 4],
    ]);
    const with1g = await curveOf(lines, { pageSize: '1g' });
    expect(with1g.pages).toBe(2);
    // 0 0(0) 0(0) 1 0(1) 1(1)
    expect(steps(with1g)).toEqual([
      [1, 4],
      [2, 2],
    ]);
  });

  it('gives every vcpu a TLB of its own', async () => {
    const lines = [
      'op,va,size,vcpu',
      'R,0x1000,8,0',
      'R,0x2000,8,1',
      'R,0x1000,8,0',
      'R,0x1000,8,1',
      'R,0x2000,8,1',
    ];
    const result = await curveOf(lines);
    // vcpu 0: 1 1(0); vcpu 1: 2 1 2(1). Page 1 is a first access on each.
    expect(result.source.vcpus).toBe(2);
    expect(steps(result)).toEqual([
      [1, 4],
      [2, 3],
    ]);
  });

  it('tells address spaces apart below the half that belongs to the kernel', async () => {
    const lines = [
      'op,va,as',
      'R,0x1000,a',
      'R,0x1000,b',
      'R,0x1000,a',
      'R,0xffff888000001000,a',
      'R,0xffff888000001000,b',
    ];
    const result = await curveOf(lines);
    // a1 b1 a1(1) k k(0): the context switches flush nothing.
    expect(result.pages).toBe(3);
    expect(steps(result)).toEqual([
      [1, 4],
      [2, 3],
    ]);
  });

  it('carries into the high half of the page number', async () => {
    // Page 2^32 - 1 and page 2^32, again the second (0), again both: the first (1), the second (1).
    const lines = ['op,va,size', 'R,0xffffffffffc,8', 'R,0x100000000000,8', 'R,0xffffffffff8,16'];
    expect(steps(await curveOf(lines))).toEqual([
      [1, 4],
      [2, 2],
    ]);
  });

  it('says what a trace lacks that has nothing to count', async () => {
    await expect(curveOf(['op,va', 'R,0x1000'], { kinds: 'fetch' })).rejects.toThrow(TraceError);
    await expect(curveOf(['op,va', 'R,0x1000'], { kinds: 'fetch' })).rejects.toThrow(/no fetch/);
    await expect(curveOf(['op,va'])).rejects.toThrow(/no access/);
  });

  it('is that of a list in order of recency on a trace longer than its columns', async () => {
    const pages = skewedPages(20_000, 5000, 7);
    const { curve } = await curveOf(pagesTrace(pages));
    for (const size of [1, 2, 7, 8, 9, 64, 500, 1536]) expect(curve.at(size)).toBe(naiveMisses(pages, size));
  }, 20_000);
});

describe('misses by ways', () => {
  it('with one set are the fully associative ones', async () => {
    const lines = pagesTrace(skewedPages(5000, 400, 3));
    const { curve } = await curveOf(lines);
    const { misses } = await missesByWays(await csv(...lines), {
      pageSize: '4k',
      kinds: 'all',
      sets: 1,
      ways: 100,
    });
    expect(misses).toEqual(Array.from({ length: 100 }, (_, way) => curve.at(way + 1)));
  });

  it('add up over the vcpus', async () => {
    const lines = [
      'op,va,size,vcpu',
      'R,0x1000,8,0',
      'R,0x3000,8,0',
      'R,0x1000,8,0',
      'R,0x1000,8,1',
      'R,0x1000,8,1',
    ];
    // One of two sets. vcpu 0: 1 3 1 (at place 1); vcpu 1: 1, 1 (at place 0).
    const { misses } = await missesByWays(await csv(...lines), {
      pageSize: '4k',
      kinds: 'all',
      sets: 2,
      ways: 2,
    });
    expect(misses).toEqual([4, 3]);
  });
});

describe('a sampled curve', () => {
  it('of all pages is the exact one', async () => {
    const lines = pagesTrace(skewedPages(5000, 400, 5));
    const exact = await curveOf(lines);
    const sampled = await curveOf(lines, { sample: { rate: 1, seed: 9 } });
    expect(steps(sampled)).toEqual(steps(exact));
    expect(sampled.points).toEqual(exact.points);
    expect(sampled.sample).toEqual({ rate: 1, seed: 9, pages: exact.pages, accesses: 5000 });
  });

  it('scales misses and sizes by the rate, and puts the difference in accesses at distance 0', async () => {
    // Half of the pages of a loop over 4,000: each access is a miss below 4,000 entries, and 4,000 misses remain.
    const loop = Array.from({ length: 12_000 }, (_, i) => i % 4000);
    const { curve, sample, pages } = await curveOf(pagesTrace(loop), { sample: { rate: 0.5, seed: 1 } });
    // n sampled pages have distance n - 1 within the sample, 2 (n - 1) in the trace, and 3 n accesses.
    const n = sample!.pages;
    expect(sample!.accesses).toBe(3 * n);
    expect(Math.abs(n - 2000)).toBeLessThan(4 * Math.sqrt(4000 * 0.25));
    expect(pages).toBe(2 * n);
    expect(curve.largest).toBe(2 * (n - 1) + 1);
    expect(curve.at(100)).toBe(Math.min(3 * n * 2, 12_000));
    expect(curve.at(curve.largest)).toBe(2 * n);
  });

  it('is off by as much as its standard error says', async () => {
    const pages = skewedPages(30_000, 8000, 11);
    const lines = pagesTrace(pages);
    const exact = await curveOf(lines);
    const sizes = [256, 512, 1024, 2048];
    let within = 0;
    let squares = 0;
    let stated = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const { points } = await curveOf(lines, { sample: { rate: 0.1, seed } });
      for (const { size, misses, error } of points.filter((point) => sizes.includes(point.size))) {
        const off = Math.abs(misses - exact.curve.at(size));
        if (off <= 2 * error) within += 1;
        squares += off ** 2;
        stated += error ** 2;
      }
    }
    // 80 estimates: two standard errors hold 95 % of a normal distribution; the errors here are skewed.
    expect(within).toBeGreaterThanOrEqual(68);
    expect(Math.sqrt(squares / stated)).toBeGreaterThan(0.6);
    expect(Math.sqrt(squares / stated)).toBeLessThan(1.5);
  }, 60_000);

  it('has an error at each of its sizes: that of the points, and between two of them one between theirs', async () => {
    const lines = pagesTrace(skewedPages(30_000, 8000, 11));
    // The sampled share is not quite 0.1: steps are at 1, 10, 20, ...
    const at = [100, 300, 700];
    const { curve, errors, points } = await curveOf(lines, { at, sample: { rate: 0.1, seed: 3 } });
    const without = await curveOf(lines, { sample: { rate: 0.1, seed: 3 } });
    const pointAt = (size: number): number => points.find((point) => point.size === size)!.error;
    const known = [...curve.sizes].flatMap((size, i) =>
      points.some((point) => point.size === size) ? [[errors![i], pointAt(size)]] : [],
    );
    expect(known.length).toBeGreaterThan(2);
    for (const [error, expected] of known) expect(error).toBe(expected);
    // What is interpolated between 512 and 1,024 is near what is counted at 700.
    const step = [...without.curve.sizes].findLastIndex((size) => size <= 700);
    expect(without.points.some(({ size }) => size === 700)).toBe(false);
    expect(Math.abs(without.errors![step]! / pointAt(700) - 1)).toBeLessThan(0.1);
    expect(without.errors![step]).not.toBe(without.points.find(({ size }) => size === 512)!.error);
    expect((await curveOf(lines)).errors).toBe(null);
  });
});
