/**
 * CONFIG_KEYS: the one table of configuration keys, one row per leaf of {@link MachineConfig}.
 *
 * `--set`, configuration files, the environment, `--print-config`, the documentation and the
 * validation all read this table, so a key cannot be settable without being described. Keys are
 * dotted and follow the nesting of the schema. Defaults are in defaults.ts and in the presets.
 */
import { ConfigError } from '../errors.js';
import { didYouMean } from '../util/registry.js';

/** A leaf of the configuration. */
export type ConfigValue = string | number | boolean;

/** How a value is written so that it reads back: `on`, `64`, `4k+2m`. */
export function formatValue(value: ConfigValue): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}

/** How plain numbers of a key are read, and what a size with a suffix is converted to. */
export type ConfigUnit = '' | 'MiB' | 'pages' | 'bytes';

/** One configuration key. */
export interface ConfigKey {
  /** Dotted path, e.g. `stlb.entries`. */
  readonly key: string;
  /** `sizes` is a list of page sizes joined by `+`; `name` is any word. */
  readonly type: 'integer' | 'choice' | 'boolean' | 'sizes' | 'name';
  /** What a `choice` may be; empty for other types. */
  readonly choices: readonly string[];
  /** Range of an `integer`, both ends included. */
  readonly min: number;
  readonly max: number;
  /** An `integer` that may also be the word `auto`. */
  readonly auto: boolean;
  readonly unit: ConfigUnit;
  /** One line; ends in no full stop. */
  readonly meaning: string;
}

const NO_RANGE = { choices: [], min: 0, max: 0, auto: false, unit: '' } as const;
const PAGE_SIZES = ['4k', '2m', '1g'] as const;
/** More than any array that has been built; keeps typed arrays allocatable. */
const MAX_ENTRIES = 1 << 20;
const MAX_CACHE_BYTES = 2 ** 30;
/** 512 GiB: what one level-4 entry of the guest's direct map covers. */
const MAX_RAM_MIB = 512 * 1024;

function integer(
  key: string,
  range: readonly [number, number],
  meaning: string,
  more: { auto?: boolean; unit?: ConfigUnit } = {},
): ConfigKey {
  return { ...NO_RANGE, key, type: 'integer', min: range[0], max: range[1], meaning, ...more };
}

function choice(key: string, choices: readonly string[], meaning: string): ConfigKey {
  return { ...NO_RANGE, key, type: 'choice', choices, meaning };
}

function boolean(key: string, meaning: string): ConfigKey {
  return { ...NO_RANGE, key, type: 'boolean', meaning };
}

function array(path: string, what: string): ConfigKey[] {
  return [
    integer(`${path}.entries`, [0, MAX_ENTRIES], `entries of ${what}; 0 means that it is absent`),
    integer(`${path}.ways`, [0, MAX_ENTRIES], `ways of ${what}; equal to its entries if fully associative`),
    choice(`${path}.policy`, ['lru', 'plru', 'fifo', 'random'], `replacement in ${what}`),
  ];
}

function tlb(path: string, what: string): ConfigKey[] {
  const sizes = `page sizes that ${what} holds, joined by +, e.g. 4k+2m`;
  return [...array(path, what), { ...NO_RANGE, key: `${path}.sizes`, type: 'sizes', meaning: sizes }];
}

function walkCache(path: string, whose: string): ConfigKey[] {
  return [5, 4, 3, 2].flatMap((level) =>
    array(`${path}.l${level}`, `the cache of level-${level} entries of ${whose}`),
  );
}

function dataCache(path: string, what: string): ConfigKey[] {
  return [
    integer(`${path}.bytes`, [0, MAX_CACHE_BYTES], `size of ${what}; 0 means that it is absent`, {
      unit: 'bytes',
    }),
    integer(`${path}.ways`, [0, MAX_ENTRIES], `ways of ${what}`),
  ];
}

/** A fact of the core, although it stands among the keys of the model. */
const VENDOR = 'vendor';

const MODEL_KEYS: readonly ConfigKey[] = [
  integer('seed', [0, 2 ** 32 - 1], 'seed of everything random: scattered frames, random replacement'),
  choice(VENDOR, ['intel', 'amd'], 'whose exits and invalidation rules the processor follows'),
  integer('vcpus', [1, 256], 'virtual CPUs'),
  choice('guest.levels', ['4', '5'], 'levels of the guest page tables'),
  choice(
    'guest.mode',
    ['demand', 'premapped'],
    'demand: the first touch of a page faults; premapped: tables exist with A=D=1',
  ),
  choice('guest.pageSize', PAGE_SIZES, 'leaf size of pages that the guest kernel maps on its own account'),
  choice('guest.frames', ['contiguous', 'scatter', 'thp'], 'which guest frame backs a new page'),
  integer('guest.ram', [32, MAX_RAM_MIB], 'guest RAM; auto is 1 GiB, doubled whenever frames run out', {
    auto: true,
    unit: 'MiB',
  }),
  choice('guest.directMap', PAGE_SIZES, 'leaf size of the direct map of the guest kernel'),
  choice('guest.memory', ['warm', 'cold'], 'warm: every frame was written once before the trace begins'),
  boolean('guest.pcid', 'the guest tags its address spaces, where the mode allows it'),
  integer('guest.faultAround', [1, 512], 'pages mapped by one file-backed read fault (a power of two)'),
  integer('guest.flushCeiling', [0, 2 ** 20], 'a range flush of more pages than this flushes everything'),
  integer(
    'guest.switchEvery',
    [0, 2 ** 32],
    'accesses between switches to another process and back, on every vcpu; 0: none but those of the trace',
  ),
  choice('host.levels', ['4', '5'], 'levels of the p2m (EPT or NPT)'),
  choice('host.pageSize', PAGE_SIZES, 'largest p2m leaf wanted'),
  choice('host.populate', ['eager', 'lazy'], 'when p2m entries are made: at start, or at first touch'),
  choice(
    'host.fill',
    ['page', 'group'],
    'p2m entries made per nested fault: the one needed, or also the rest of its aligned group of 8',
  ),
  choice(
    'host.memory',
    ['populated', 'unpopulated'],
    'unpopulated: the host backs guest memory when it is first touched, reads with the zero page',
  ),
  choice(
    'host.layout',
    ['flat', 'xen'],
    'RAM from gfn 0 without holes, or the layout of the Xen domain builder',
  ),
];

const HARDWARE_KEYS: readonly ConfigKey[] = [
  ...tlb('l1d', 'the first-level data TLB'),
  ...tlb('l1d2m', 'the separate first-level data TLB for 2 MiB pages'),
  ...tlb('l1d1g', 'the separate first-level data TLB for 1 GiB pages'),
  ...tlb('l1i', 'the first-level instruction TLB'),
  ...tlb('l1i2m', 'the separate first-level instruction TLB for 2 MiB pages'),
  ...tlb('l1i1g', 'the separate first-level instruction TLB for 1 GiB pages'),
  ...tlb('stlb', 'the second-level TLB'),
  ...tlb('stlb2m', 'the separate second-level TLB for 2 MiB pages'),
  ...tlb('stlb1g', 'the separate second-level TLB for 1 GiB pages'),
  ...walkCache('pwc', 'the guest tables'),
  choice(
    'pwc.semantics',
    ['combined', 'gpa'],
    'what a cached guest entry points at: combined is host-physical, gpa guest-physical',
  ),
  ...walkCache('npwc', 'the p2m, used inside two-dimensional walks'),
  ...array('ntlb', 'the nested TLB (gfn to mfn), used inside two-dimensional walks'),
  boolean('cache.enabled', 'page-table reads go through the data caches; off charges a flat cost'),
  choice('cache.enter', ['l1', 'l2'], 'first data cache that the page walker looks in'),
  ...dataCache('cache.l1', 'the first-level data cache'),
  ...dataCache('cache.l2', 'the second-level cache'),
  ...dataCache('cache.llc', 'the last-level cache'),
];

const SHADOW_KEYS: readonly ConfigKey[] = [
  {
    ...NO_RANGE,
    key: 'shadow.policy',
    type: 'name',
    meaning: 'shadow policy, or the path of a policy file; see `p2msim modes`',
  },
  integer(
    'shadow.pool',
    [0, 2 ** 32],
    'pages of the shadow pool; auto is the toolstack formula, 0 unbounded',
    {
      auto: true,
      unit: 'pages',
    },
  ),
  integer(
    'shadow.oosSlots',
    [0, 512],
    "tables that may be out of sync, per vcpu; auto is the policy's number, 0 emulates every store",
    { auto: true },
  ),
];

/** Every key, in the order in which configurations are printed. */
export const CONFIG_KEYS: readonly ConfigKey[] = [...MODEL_KEYS, ...HARDWARE_KEYS, ...SHADOW_KEYS];

/** The keys that a preset gives: everything about the core, nothing about the guest. */
export const PRESET_KEYS: readonly string[] = [VENDOR, ...HARDWARE_KEYS.map((row) => row.key)];

const BY_NAME = new Map(CONFIG_KEYS.map((row) => [row.key, row]));
const BY_LOWER = new Map(CONFIG_KEYS.map((row) => [row.key.toLowerCase(), row]));

/** `l1d.4k.entries` and `l1d.2m.entries` name the arrays by page size; the schema by suffix. */
function withoutAliases(name: string): string {
  const plain = name.startsWith('tlb.') ? name.slice(4) : name;
  return plain.replace(/^(l1d|l1i|stlb)\.(4k|2m|1g)\./, (_, array: string, size: string) =>
    size === '4k' ? `${array}.` : `${array}${size}.`,
  );
}

/** Names that are said elsewhere. */
const NO_KEYS: ReadonlyMap<string, string> = new Map([
  [
    'mode',
    'the mode is what the command is for: `-m MODE`, or `modes = [...]` in a specification of a sweep',
  ],
]);

/** Refuses the name of a group of keys, such as `stlb`, which has no value of its own. */
function refuseGroup(name: string, origin: string): void {
  const group = `${name.toLowerCase()}.`;
  const keys = [...BY_NAME.keys()].filter((key) => key.toLowerCase().startsWith(group));
  if (keys.length === 0) return;
  const some = keys.slice(0, 3).join(', ');
  throw new ConfigError(
    `${origin}: '${name}' is a group of keys (${some}${keys.length > 3 ? ', ...' : ''}) and has no value of its own`,
    { hint: `say which: \`p2msim presets --keys\` lists every key with its range and meaning` },
  );
}

/**
 * The row of `name`, which may be an alias (`tlb.stlb.entries`, `l1d.2m.entries`) or differ in case.
 * Throws {@link ConfigError} with a suggestion; `origin` says where the name was found.
 */
export function findKey(name: string, origin: string): ConfigKey {
  const plain = withoutAliases(name);
  const row = BY_NAME.get(plain) ?? BY_LOWER.get(plain.toLowerCase());
  if (row !== undefined) return row;
  const own = NO_KEYS.get(plain.toLowerCase());
  if (own !== undefined) throw new ConfigError(`${origin}: '${name}' is no configuration key`, { hint: own });
  refuseGroup(plain, origin);
  const near = didYouMean(plain, [...BY_NAME.keys()]);
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  throw new ConfigError(`${origin}: unknown configuration key '${name}'${suggestion}`, {
    hint: '`p2msim presets --keys` lists every key with its range and meaning',
  });
}
