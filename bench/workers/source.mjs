/**
 * Records by name: a mix of mixes.mjs, or the path of a trace (`data:PATH` without its fetches).
 */
import { generate } from '../mixes.mjs';
import { recordsOf } from '../product.mjs';

export async function sourceRecords(source, n) {
  if (source.startsWith('data:')) return recordsOf(source.slice(5), n, { data: true });
  return source.includes('/') ? recordsOf(source, n) : generate(source, n);
}
