/**
 * Shards: the parts of a batch that run apart, on other machines or at other times, balanced by estimated cost.
 *
 * Dearest points first, each to the shard that has the least so far (Graham's LPT rule): no shard costs more than 4/3 of
 * the best division. Nothing but the points decides, so that every shard finds the same division by itself.
 */
import { UsageError } from '../errors.js';
import type { Estimate } from './estimate.js';
import type { ShardName } from './point-line.js';

/** More parts than this are a slip. */
const MAX_SHARDS = 4096;

/** `2/8`: the second of eight. Throws {@link UsageError} that names `origin`. */
export function parseShard(text: string, origin: string): ShardName {
  const [, index = '', of = ''] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  return shardOf(Number(index), Number(of), `${origin} '${text}'`);
}

/** The `index`-th of `of` shards. Throws {@link UsageError} if there is none. */
export function shardOf(index: number, of: number, origin: string): ShardName {
  if (of >= 1 && of <= MAX_SHARDS && index >= 1 && index <= of) return { index, of };
  throw new UsageError(`${origin} is no shard; expected i/n with i from 1 to n, and n up to ${MAX_SHARDS}`, {
    hint: '`--shard 1/4`, `--shard 2/4`, ... divide a sweep in four',
  });
}

/** Numbers of the points in each shard, ascending. */
export function divide(costs: Estimate, shards: number): readonly (readonly number[])[] {
  const parts = Array.from({ length: shards }, () => ({ cost: 0, numbers: [] as number[] }));
  const dearest = [...costs].sort(([a, one], [b, other]) => other - one || a - b);
  for (const [number, cost] of dearest) {
    const least = parts.reduce((best, part) => (part.cost < best.cost ? part : best));
    least.cost += cost;
    least.numbers.push(number);
  }
  return parts.map(({ numbers }) => numbers.sort((a, b) => a - b));
}
