/**
 * Flat values <-> the nested {@link MachineConfig}. Written out key by key, so that the compiler
 * checks that every field of the schema is filled and none is invented.
 */
import { createHash } from 'node:crypto';
import { InternalError } from '../errors.js';
import { CONFIG_KEYS, type ConfigValue, formatValue } from './keys.js';
import type {
  ArrayConfig,
  CacheLevelConfig,
  MachineConfig,
  TlbArrayConfig,
  WalkCacheConfig,
} from './schema.js';

/** Values by dotted key. */
export type ConfigValues = ReadonlyMap<string, ConfigValue>;

const PAGE_SIZES = ['4k', '2m', '1g'] as const;
const LEVELS = [4, 5] as const;

class Reader {
  readonly #values: ConfigValues;

  constructor(values: ConfigValues) {
    this.#values = values;
  }

  integer(key: string): number {
    const value = this.#values.get(key);
    if (typeof value === 'number') return value;
    throw this.#wrong(key);
  }

  text(key: string): string {
    const value = this.#values.get(key);
    if (typeof value === 'string') return value;
    throw this.#wrong(key);
  }

  boolean(key: string): boolean {
    const value = this.#values.get(key);
    if (typeof value === 'boolean') return value;
    throw this.#wrong(key);
  }

  oneOf<T extends ConfigValue>(key: string, allowed: readonly T[]): T {
    const value = this.#values.get(key);
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw this.#wrong(key);
    return found;
  }

  integerOrAuto(key: string): number | 'auto' {
    return this.#values.get(key) === 'auto' ? 'auto' : this.integer(key);
  }

  #wrong(key: string): InternalError {
    return new InternalError(`configuration key ${key} holds ${JSON.stringify(this.#values.get(key))}`);
  }
}

function readArray(from: Reader, path: string): ArrayConfig {
  return {
    entries: from.integer(`${path}.entries`),
    ways: from.integer(`${path}.ways`),
    policy: from.oneOf(`${path}.policy`, ['lru', 'plru', 'fifo', 'random'] as const),
  };
}

function readTlb(from: Reader, path: string): TlbArrayConfig {
  return { ...readArray(from, path), sizes: from.text(`${path}.sizes`) };
}

function readWalkCache(from: Reader, path: string): WalkCacheConfig {
  return {
    l5: readArray(from, `${path}.l5`),
    l4: readArray(from, `${path}.l4`),
    l3: readArray(from, `${path}.l3`),
    l2: readArray(from, `${path}.l2`),
  };
}

function readCache(from: Reader, path: string): CacheLevelConfig {
  return { bytes: from.integer(`${path}.bytes`), ways: from.integer(`${path}.ways`) };
}

function readGuest(from: Reader): MachineConfig['guest'] {
  return {
    levels: from.oneOf('guest.levels', LEVELS),
    mode: from.oneOf('guest.mode', ['demand', 'premapped'] as const),
    pageSize: from.oneOf('guest.pageSize', PAGE_SIZES),
    frames: from.oneOf('guest.frames', ['contiguous', 'scatter', 'thp'] as const),
    ram: from.integerOrAuto('guest.ram'),
    directMap: from.oneOf('guest.directMap', PAGE_SIZES),
    memory: from.oneOf('guest.memory', ['warm', 'cold'] as const),
    pcid: from.boolean('guest.pcid'),
    faultAround: from.integer('guest.faultAround'),
    flushCeiling: from.integer('guest.flushCeiling'),
    switchEvery: from.integer('guest.switchEvery'),
  };
}

function readHost(from: Reader): MachineConfig['host'] {
  return {
    levels: from.oneOf('host.levels', LEVELS),
    pageSize: from.oneOf('host.pageSize', PAGE_SIZES),
    populate: from.oneOf('host.populate', ['eager', 'lazy'] as const),
    fill: from.oneOf('host.fill', ['page', 'group'] as const),
    memory: from.oneOf('host.memory', ['populated', 'unpopulated'] as const),
    layout: from.oneOf('host.layout', ['flat', 'xen'] as const),
  };
}

/** The configuration that `values` describe; every key of the schema must be there. */
export function buildConfig(values: ConfigValues): MachineConfig {
  const from = new Reader(values);
  return {
    seed: from.integer('seed'),
    vendor: from.oneOf('vendor', ['intel', 'amd'] as const),
    vcpus: from.integer('vcpus'),
    guest: readGuest(from),
    host: readHost(from),
    l1d: readTlb(from, 'l1d'),
    l1d2m: readTlb(from, 'l1d2m'),
    l1d1g: readTlb(from, 'l1d1g'),
    l1i: readTlb(from, 'l1i'),
    l1i2m: readTlb(from, 'l1i2m'),
    l1i1g: readTlb(from, 'l1i1g'),
    stlb: readTlb(from, 'stlb'),
    stlb2m: readTlb(from, 'stlb2m'),
    stlb1g: readTlb(from, 'stlb1g'),
    pwc: {
      ...readWalkCache(from, 'pwc'),
      semantics: from.oneOf('pwc.semantics', ['combined', 'gpa'] as const),
    },
    npwc: readWalkCache(from, 'npwc'),
    ntlb: readArray(from, 'ntlb'),
    cache: {
      enabled: from.boolean('cache.enabled'),
      enter: from.oneOf('cache.enter', ['l1', 'l2'] as const),
      l1: readCache(from, 'cache.l1'),
      l2: readCache(from, 'cache.l2'),
      llc: readCache(from, 'cache.llc'),
    },
    shadow: {
      policy: from.text('shadow.policy'),
      pool: from.integerOrAuto('shadow.pool'),
      oosSlots: from.integerOrAuto('shadow.oosSlots'),
    },
  };
}

/** The leaves of a nested object as dotted keys, in its own order. */
export function flatten(value: object, prefix = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]): [string, unknown][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? flatten(inner, `${prefix}${name}.`)
      : [[prefix + name, inner]],
  );
}

/** The flat values of a configuration, in the order of CONFIG_KEYS. */
export function configValues(config: MachineConfig): ConfigValues {
  const leaves = new Map(flatten(config));
  const values = new Map<string, ConfigValue>();
  for (const { key } of CONFIG_KEYS) {
    const value = leaves.get(key);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      values.set(key, value);
  }
  return values;
}

/** SHA-256 of a configuration: of its `key=value` lines in the order of CONFIG_KEYS. */
export function configDigest(config: MachineConfig): string {
  const lines = [...configValues(config)].map(([key, value]) => `${key}=${formatValue(value)}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
