import { describe, expect, it } from 'vitest';
import { divide, parseShard } from '../../../src/batch/shard.js';
import { UsageError } from '../../../src/errors.js';

describe('the division of points into shards', () => {
  it('gives the dearest point to the shard that has the least', () => {
    // 9 to the first, 5 to the second, 4 to the second (9 : 9), 2 to the first, 1 to the second: 11 : 10.
    const costs = new Map([4, 9, 1, 5, 2].map((cost, i) => [i + 1, cost]));
    expect(divide(costs, 2)).toEqual([
      [2, 5],
      [1, 3, 4],
    ]);
  });

  it('has every point once, in as many parts as are wanted, even if some are empty', () => {
    const costs = new Map([1, 2, 3].map((number) => [number, 7]));
    expect(divide(costs, 5)).toEqual([[1], [2], [3], [], []]);
  });

  it('does not depend on the order in which costs were found', () => {
    const costs: [number, number][] = Array.from({ length: 50 }, (_, i) => [i + 1, (i * 37) % 11]);
    expect(divide(new Map([...costs].reverse()), 4)).toEqual(divide(new Map(costs), 4));
  });

  it('is as even as equal points allow', () => {
    const costs = new Map(Array.from({ length: 24 }, (_, i) => [i + 1, 100]));
    expect(divide(costs, 4).map((part) => part.length)).toEqual([6, 6, 6, 6]);
  });
});

describe('the name of a shard', () => {
  it('is its number and how many there are', () => {
    expect(parseShard('2/8', '--shard')).toEqual({ index: 2, of: 8 });
  });

  it.each(['0/4', '5/4', '1/0', '1', '1/2/3', 'x/4', '1/9999', ''])('%j is refused', (text) => {
    expect(() => parseShard(text, '--shard')).toThrow(UsageError);
  });
});
