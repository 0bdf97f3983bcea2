import { describe, expect, it } from 'vitest';
import { IntHash } from '../../../src/util/int-hash.js';
import { Prng } from '../../../src/util/prng.js';

describe('a hash of ints', () => {
  it('says -1 for what was never set', () => {
    const hash = new IntHash();
    hash.set(0, 7);
    expect([hash.get(0), hash.get(1), hash.get(2 ** 31 - 1)]).toEqual([7, -1, -1]);
  });

  it('overwrites, and takes keys up to 2^31 - 1', () => {
    const hash = new IntHash();
    hash.set(2 ** 31 - 1, 1);
    hash.set(2 ** 31 - 1, 2);
    expect(hash.get(2 ** 31 - 1)).toBe(2);
  });

  it('agrees with a Map over 20,000 keys that it has to grow for', () => {
    const hash = new IntHash();
    const map = new Map<number, number>();
    const prng = new Prng(5);
    for (let i = 0; i < 20000; i++) {
      // Half of the keys come in rows, as frames do.
      const key = i % 2 === 0 ? i : prng.below(2 ** 30);
      hash.set(key, i);
      map.set(key, i);
    }
    for (const [key, value] of map) expect(hash.get(key)).toBe(value);
    for (let i = 0; i < 1000; i++) {
      const key = prng.below(2 ** 30);
      expect(hash.get(key)).toBe(map.get(key) ?? -1);
    }
  });
});
