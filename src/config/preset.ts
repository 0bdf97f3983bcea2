/**
 * What a hardware preset is: a value and its source for every hardware key, as plain data.
 *
 * Helpers here spell a whole array on one line. A source is a document, or begins with `assumed`
 * where nothing is published; `p2msim presets NAME` prints it beside the value.
 */
import type { ConfigValue } from './keys.js';
import type { CacheLevelConfig } from './schema.js';

/** One value of a preset. */
export interface PresetEntry {
  readonly key: string;
  readonly value: ConfigValue;
  /**
   * Where the value comes from; begins with `assumed` where nothing was published, and says `from
   * memory` where the document was not at hand to check it against.
   */
  readonly source: string;
}

/** One core. */
export interface Preset {
  readonly name: string;
  /** One line, printed by `p2msim presets`. */
  readonly summary: string;
  /** Every key of PRESET_KEYS, once. */
  readonly entries: readonly PresetEntry[];
}

/** Replacement policies of TLBs and walk caches are not documented by either vendor. */
const LRU = 'assumed: the replacement policy is not published';
const ABSENT = 'absent on this core, or part of another array';

/** `entries` in sets of `ways`, true LRU. */
export function array(path: string, entries: number, ways: number, source: string): PresetEntry[] {
  return [
    { key: `${path}.entries`, value: entries, source },
    { key: `${path}.ways`, value: ways, source },
    { key: `${path}.policy`, value: 'lru', source: entries === 0 ? source : LRU },
  ];
}

/** A TLB array that holds `sizes`. */
export function tlb(
  path: string,
  entries: number,
  ways: number,
  sizes: string,
  source: string,
): PresetEntry[] {
  return [...array(path, entries, ways, source), { key: `${path}.sizes`, value: sizes, source }];
}

const TLB_PATHS: readonly (readonly [string, string])[] = [
  ['l1d', '4k'],
  ['l1d2m', '2m'],
  ['l1d1g', '1g'],
  ['l1i', '4k'],
  ['l1i2m', '2m'],
  ['l1i1g', '1g'],
  ['stlb', '4k'],
  ['stlb2m', '2m'],
  ['stlb1g', '1g'],
];

/** Whose rules for exits and invalidation the core follows. */
export function vendor(value: 'intel' | 'amd', source = 'by definition of this preset'): PresetEntry {
  return { key: 'vendor', value, source };
}

/** Every TLB array of the core; those that `present` does not name are absent. */
export function tlbs(...present: readonly PresetEntry[][]): PresetEntry[] {
  const given = present.flat();
  return TLB_PATHS.flatMap(([path, sizes]) => {
    const entries = given.filter((entry) => entry.key.startsWith(`${path}.`));
    return entries.length > 0 ? entries : tlb(path, 0, 0, sizes, ABSENT);
  });
}

/** [entries, ways, source] by level of the cached entries. */
export interface WalkCacheRows {
  readonly l5?: readonly [number, number, string];
  readonly l4?: readonly [number, number, string];
  readonly l3?: readonly [number, number, string];
  readonly l2?: readonly [number, number, string];
}

export function walkCache(path: 'pwc' | 'npwc', rows: WalkCacheRows): PresetEntry[] {
  return (['l5', 'l4', 'l3', 'l2'] as const).flatMap((level) => {
    const [entries, ways, source] = rows[level] ?? [0, 0, ABSENT];
    return array(`${path}.${level}`, entries, ways, source);
  });
}

export function semantics(value: 'combined' | 'gpa', source: string): PresetEntry {
  return { key: 'pwc.semantics', value, source };
}

/** The data caches; `null` is a core whose page-table reads all cost the same. */
export function dataCaches(
  enter: 'l1' | 'l2',
  levels: Readonly<Record<'l1' | 'l2' | 'llc', CacheLevelConfig>> | null,
  sources: { readonly enter: string; readonly sizes: string },
): PresetEntry[] {
  const sizes = levels ?? {
    l1: { bytes: 0, ways: 0 },
    l2: { bytes: 0, ways: 0 },
    llc: { bytes: 0, ways: 0 },
  };
  return [
    { key: 'cache.enabled', value: levels !== null, source: sources.sizes },
    { key: 'cache.enter', value: enter, source: sources.enter },
    ...(['l1', 'l2', 'llc'] as const).flatMap((level) => [
      { key: `cache.${level}.bytes`, value: sizes[level].bytes, source: sources.sizes },
      { key: `cache.${level}.ways`, value: sizes[level].ways, source: sources.sizes },
    ]),
  ];
}

export const KIB = 2 ** 10;
export const MIB = 2 ** 20;
