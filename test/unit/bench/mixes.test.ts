import { describe, expect, it } from 'vitest';
import { generate, MIXES, toBinary, toCsv, toLackey } from '../../../bench/mixes.mjs';

const N = 20_000;

/** Distinct pages among the records. */
function pagesOf(records: { hi: Int32Array; lo: Int32Array }): Set<number> {
  return new Set(Array.from(records.lo, (lo, i) => records.hi[i]! * 2 ** 20 + (lo >>> 12)));
}

describe('generated mixes', () => {
  it.each(Object.keys(MIXES))('%s gives the same records for the same seed', (name) => {
    expect(generate(name, N, 7)).toEqual(generate(name, N, 7));
  });

  it.each(['zipf', 'uniform', 'gups'])('%s gives other records for another seed', (name) => {
    expect(generate(name, N, 7).lo).not.toEqual(generate(name, N, 8).lo);
  });

  it.each(Object.keys(MIXES))('%s has as many records as asked for, all within 44 bits', (name) => {
    const { hi, lo, op, size } = generate(name, N);
    expect([hi.length, lo.length, op.length, size.length]).toEqual([N, N, N, N]);
    expect(hi.every((high) => high >= 0 && high < 2 ** 12)).toBe(true);
  });

  it('uniform rarely touches a page twice, zipf often', () => {
    // 20,000 draws from 4,194,304 pages: 48 repetitions expected (n^2 / 2m).
    expect(pagesOf(generate('uniform', N)).size).toBeGreaterThan(19_800);
    expect(pagesOf(generate('zipf', N)).size).toBeLessThan(14_000);
  });

  it('matmul walks one matrix by column: a row is 4,160 bytes, so each step is another page', () => {
    const { hi, lo } = generate('matmul', 4);
    expect(hi[0]).toBe(0x10);
    expect((lo[3]! >>> 0) - (lo[1]! >>> 0)).toBe(4160);
    expect((lo[2]! >>> 0) - (lo[0]! >>> 0)).toBe(8);
  });

  it('an unknown mix is refused by name', () => {
    expect(() => generate('nix', 1)).toThrow('no mix is called nix');
  });
});

describe('records as text and for the references', () => {
  const records = {
    n: 3,
    hi: Int32Array.of(0, 0x1f, 0),
    lo: Int32Array.of(0x4000, 0xfeffe7e0 | 0, 0xfffffffc | 0),
    op: Uint8Array.of(2, 3, 1),
    size: Uint8Array.of(4, 8, 8),
  };

  it('lackey lines have eight digits or more', () => {
    expect([...toLackey(records)].join('')).toBe('I  00004000,4\n M 1ffeffe7e0,8\n S fffffffc,8\n');
  });

  it('CSV names the operation and the address', () => {
    expect([...toCsv(records)].join('')).toBe('op,va\nX,0x4000\nM,0x1ffeffe7e0\nW,0xfffffffc\n');
  });

  it('a record over a page border is two accesses, the second on the next page', () => {
    expect([...toBinary(records)].map((word) => word >>> 0)).toEqual([
      0x4000, 0x20000000, 0xfeffe7e0, 0x3000001f, 0xfffffffc, 0x10000000, 0, 0x10000001,
    ]);
  });
});
