/**
 * What a configuration must satisfy beyond the range of each key: geometries that can be built.
 *
 * A set-associative array needs whole sets and a power of two of them, because the set is a slice of
 * the page number. A page size may live in one first-level array only. Rules for first touches need memory
 * that was not touched before. Not checked here: names that live in other registries (shadow policies).
 */
import { ConfigError } from '../errors.js';
import type { ArrayConfig, CacheLevelConfig, MachineConfig, TlbArrayConfig } from './schema.js';

/** Bytes of a cache line. */
const LINE = 64;

/** Fewer sets than lines in a table page would make tags too wide for an entry (mmu/pte-cache.ts). */
const MIN_CACHE_SETS = 64;

/** Says where a value came from: `--set`, `preset skylake`, ... */
export type OriginOf = (key: string) => string;

function isPowerOfTwo(n: number): boolean {
  return n >= 1 && Number.isInteger(Math.log2(n));
}

function geometryError(
  key: string,
  found: string,
  expected: string,
  originOf: OriginOf,
  hint?: string,
): ConfigError {
  const message = `${key} is ${found} (${originOf(key)}); expected ${expected}`;
  return new ConfigError(message, hint === undefined ? {} : { hint });
}

/** Nearest number of entries below `entries` with a power of two of sets of `ways`. */
function nearestEntries(entries: number, ways: number): number {
  return ways * 2 ** Math.max(0, Math.floor(Math.log2(entries / ways)));
}

function checkArray(path: string, array: ArrayConfig, originOf: OriginOf): void {
  const { entries, ways } = array;
  if (entries === 0) return;
  if (ways < 1 || ways > entries) {
    const hint = `\`--set ${path}.ways=${entries}\` makes it fully associative`;
    throw geometryError(
      `${path}.ways`,
      `${ways}`,
      `1 to ${entries}, the entries of the array`,
      originOf,
      hint,
    );
  }
  if (entries % ways !== 0) {
    const hint = entriesHint(path, array, originOf);
    throw geometryError(
      `${path}.entries`,
      `${entries}`,
      `a multiple of ${path}.ways, which is ${ways}`,
      originOf,
      hint,
    );
  }
  if (!isPowerOfTwo(entries / ways)) {
    const found = `${entries}, which makes ${entries / ways} sets of ${ways} ways`;
    const hint = entriesHint(path, array, originOf);
    throw geometryError(`${path}.entries`, found, 'a power of two of sets', originOf, hint);
  }
}

/** A number that would do; a key that is swept cannot be set as well. */
function entriesHint(path: string, { entries, ways }: ArrayConfig, originOf: OriginOf): string {
  const key = `${path}.entries`;
  const near = nearestEntries(entries, ways);
  const swept = /^-[LP]$/.test(originOf(key));
  return `${swept ? `${near} in the place of ${entries}` : `\`--set ${key}=${near}\``}, or other ways`;
}

function checkCache(path: string, cache: CacheLevelConfig, originOf: OriginOf): void {
  if (cache.bytes === 0) return;
  const sets = cache.bytes / (LINE * cache.ways);
  if (cache.ways >= 1 && isPowerOfTwo(sets) && sets >= MIN_CACHE_SETS) return;
  const expected = `${LINE} bytes x ${path}.ways (${cache.ways}) x a power of two of at least ${MIN_CACHE_SETS} sets`;
  throw geometryError(`${path}.bytes`, `${cache.bytes}`, expected, originOf);
}

/** A page size held by two arrays of one level would be looked up twice. */
function checkSizes(group: readonly (readonly [string, TlbArrayConfig])[], originOf: OriginOf): void {
  const holder = new Map<string, string>();
  for (const [path, array] of group) {
    if (array.entries === 0) continue;
    for (const size of array.sizes.split('+')) {
      const other = holder.get(size);
      if (other !== undefined) {
        const hint = `\`--set ${path}.entries=0\` removes the other array`;
        const expected = `sizes that ${other} does not hold already`;
        throw geometryError(`${path}.sizes`, array.sizes, expected, originOf, hint);
      }
      holder.set(size, path);
    }
  }
}

/** How first touches are served decides nothing where all was touched, or mapped, before the guest starts. */
function checkFirstTouch({ host, guest }: MachineConfig, originOf: OriginOf): void {
  const lazily = '`--p2m-populate lazy` makes p2m entries at first touch';
  const where = (key: string, value: string): string => `where ${key} is ${value} (${originOf(key)})`;
  const eager = where('host.populate', host.populate);
  if (host.fill !== 'page' && host.populate === 'eager')
    throw geometryError('host.fill', host.fill, `page ${eager}`, originOf, lazily);
  if (host.memory === 'populated') return;
  if (host.populate === 'eager')
    throw geometryError('host.memory', host.memory, `populated ${eager}`, originOf, lazily);
  if (guest.memory === 'warm') {
    const expected = `populated ${where('guest.memory', guest.memory)}`;
    const hint = 'warm memory was written before, so the host has backed it; `--guest-memory cold` was not';
    throw geometryError('host.memory', host.memory, expected, originOf, hint);
  }
  // The kernel places pages of 4 KiB and 2 MiB on touch; pages of 1 GiB have to be reserved.
  if (host.pageSize === '1g')
    throw geometryError('host.pageSize', '1g', '4k or 2m for unpopulated host memory', originOf);
}

/** Throws {@link ConfigError} that names key, value, origin and what was expected. */
export function validateConfig(config: MachineConfig, originOf: OriginOf = () => 'given'): void {
  const { l1d, l1d2m, l1d1g, l1i, l1i2m, l1i1g, stlb, stlb2m, stlb1g, pwc, npwc, ntlb, cache } = config;
  const tlbs = { l1d, l1d2m, l1d1g, l1i, l1i2m, l1i1g, stlb, stlb2m, stlb1g };
  for (const [path, array] of Object.entries(tlbs)) checkArray(path, array, originOf);
  for (const level of ['l5', 'l4', 'l3', 'l2'] as const) {
    checkArray(`pwc.${level}`, pwc[level], originOf);
    checkArray(`npwc.${level}`, npwc[level], originOf);
  }
  checkArray('ntlb', ntlb, originOf);
  for (const level of ['l1', 'l2', 'llc'] as const) checkCache(`cache.${level}`, cache[level], originOf);
  checkSizes(Object.entries({ l1d, l1d2m, l1d1g }), originOf);
  checkSizes(Object.entries({ l1i, l1i2m, l1i1g }), originOf);
  checkSizes(Object.entries({ stlb, stlb2m, stlb1g }), originOf);
  if (!isPowerOfTwo(config.guest.faultAround)) {
    throw geometryError('guest.faultAround', `${config.guest.faultAround}`, 'a power of two', originOf);
  }
  checkFirstTouch(config, originOf);
}
