/** Seeded random numbers, and small random geometries for differential tests. */
import type { ArrayConfig, MachineConfig, TlbArrayConfig, WalkCacheConfig } from '../../src/config/schema.js';
import type { TraceHeader } from '../../src/trace/event.js';
import { type ReferenceMode, ReferenceSimulator } from '../reference/simulator.js';

/** Deterministic integers: mulberry32. */
export class Rng {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 <= n < 2^32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** from..to, both included. */
  int(from: number, to: number): number {
    return from + (this.next() % (to - from + 1));
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.int(0, 99) < percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }
}

function array(rng: Rng, maxEntries: number, mayBeAbsent: boolean): ArrayConfig {
  const ways = rng.int(1, Math.min(6, maxEntries));
  let sets = rng.pick([1, 1, 2, 4]);
  while (ways * sets > maxEntries) sets /= 2;
  const entries = mayBeAbsent && rng.chance(25) ? 0 : ways * sets;
  return { entries, ways, policy: rng.pick(['lru', 'lru', 'fifo', 'plru'] as const) };
}

function tlb(rng: Rng, sizes: string, mayBeAbsent: boolean): TlbArrayConfig {
  return { ...array(rng, 16, mayBeAbsent), sizes };
}

function walkCache(rng: Rng): WalkCacheConfig {
  const level = (): ArrayConfig => array(rng, 4, true);
  return { l5: level(), l4: level(), l3: level(), l2: level() };
}

function cacheLevel(rng: Rng): { bytes: number; ways: number } {
  const ways = rng.int(1, 4);
  return { bytes: rng.chance(25) ? 0 : 64 * ways * rng.pick([64, 64, 128]), ways };
}

/** A small geometry that `mode` allows. */
export function randomConfig(rng: Rng, mode: ReferenceMode): MachineConfig {
  const shadow = mode === 'shadow';
  const premapped = rng.chance(35);
  const big: '4k' | '2m' | '1g' =
    premapped && rng.chance(25) ? (!shadow && rng.chance(25) ? '1g' : '2m') : '4k';
  const cold = !shadow && rng.chance(50);
  return {
    seed: 1,
    vendor: rng.pick(['intel', 'amd'] as const),
    vcpus: rng.chance(65) ? 1 : 2,
    guest: {
      levels: shadow || rng.chance(75) ? 4 : 5,
      mode: premapped ? 'premapped' : 'demand',
      pageSize: !premapped && rng.chance(2) ? '2m' : big,
      frames: rng.chance(15) ? 'thp' : 'contiguous',
      ram: big === '1g' || rng.chance(3) ? 'auto' : rng.pick([128, 192, 256]),
      directMap: rng.chance(12) ? '4k' : !shadow && rng.chance(15) ? '1g' : '2m',
      memory: cold ? 'cold' : 'warm',
      pcid: !shadow && rng.chance(50),
      faultAround: rng.pick([1, 4, 16]),
      flushCeiling: rng.pick([1, 4, 33]),
      switchEvery: 0,
    },
    host: {
      levels: rng.chance(75) ? 4 : 5,
      pageSize: rng.pick(['4k', '2m', '1g'] as const),
      populate: rng.chance(40) ? 'lazy' : 'eager',
      fill: 'page',
      memory: 'populated',
      layout: rng.chance(25) ? 'xen' : 'flat',
    },
    l1d: tlb(rng, rng.pick(['4k', '4k+2m', '4k+2m+1g']), false),
    l1d2m: tlb(rng, rng.pick(['2m', '2m+1g']), true),
    l1d1g: tlb(rng, '1g', true),
    l1i: tlb(rng, rng.pick(['4k', '4k+2m', '4k+2m+1g']), false),
    l1i2m: tlb(rng, '2m', true),
    l1i1g: tlb(rng, '1g', true),
    stlb: tlb(rng, rng.pick(['4k', '4k+2m', '4k+2m+1g']), true),
    stlb2m: tlb(rng, '2m', true),
    stlb1g: tlb(rng, '1g', true),
    pwc: { ...walkCache(rng), semantics: rng.pick(['combined', 'gpa'] as const) },
    npwc: walkCache(rng),
    ntlb: array(rng, 8, true),
    cache: {
      enabled: rng.chance(60),
      enter: rng.chance(70) ? 'l1' : 'l2',
      l1: cacheLevel(rng),
      l2: cacheLevel(rng),
      llc: cacheLevel(rng),
    },
    shadow: {
      policy: rng.chance(75) ? 'xen' : 'xen-oos-off',
      pool: rng.chance(60) ? 0 : 'auto',
      oosSlots: 'auto',
    },
  };
}

const NO_ARRAY: ArrayConfig = { entries: 0, ways: 1, policy: 'lru' };
const NO_TLB: TlbArrayConfig = { ...NO_ARRAY, sizes: '4k+2m+1g' };
const NO_WALK_CACHE: WalkCacheConfig = { l5: NO_ARRAY, l4: NO_ARRAY, l3: NO_ARRAY, l2: NO_ARRAY };

/** Every access walks, and every reference goes to memory. */
function withoutCaches(config: MachineConfig): MachineConfig {
  const tlbs = { l1d: NO_TLB, l1d2m: NO_TLB, l1d1g: NO_TLB, l1i: NO_TLB, l1i2m: NO_TLB, l1i1g: NO_TLB };
  const second = { stlb: NO_TLB, stlb2m: NO_TLB, stlb1g: NO_TLB };
  const walks = { pwc: { ...NO_WALK_CACHE, semantics: 'combined' as const }, npwc: NO_WALK_CACHE };
  const cache = { ...config.cache, enabled: false };
  return { ...config, ...tlbs, ...second, ...walks, ntlb: NO_ARRAY, cache };
}

/** A small geometry for KVM's shadow paging: host pages of both sizes, host memory there or not, few shadow pages. */
export function randomKvmConfig(rng: Rng, bare: boolean): MachineConfig {
  const config = randomConfig(rng, 'shadow');
  const touched = rng.chance(70);
  const shadow = {
    policy: rng.chance(70) ? 'kvm' : 'kvm-6.12',
    pool: rng.chance(40) ? 0 : rng.chance(50) ? ('auto' as const) : rng.int(34, 70),
    oosSlots: 'auto' as const,
  };
  const host = { ...config.host, layout: 'flat' as const, pageSize: rng.pick(['4k', '2m'] as const) };
  const found: MachineConfig = touched
    ? { ...config, host, shadow }
    : {
        ...config,
        guest: { ...config.guest, memory: 'cold' },
        host: { ...host, populate: 'lazy', memory: 'unpopulated' },
        shadow,
      };
  return bare ? withoutCaches(found) : found;
}

/** A header that limits the host leaves of some ranges, sometimes. */
export function randomHeader(rng: Rng): TraceHeader {
  const p2m = [];
  for (let i = rng.chance(30) ? rng.int(1, 3) : 0; i > 0; i--) {
    const gfn = rng.int(0, 15) * 512;
    p2m.push({ gfn, count: 512 * rng.int(1, 4), pageSize: rng.pick(['4k', '4k', '2m'] as const) });
  }
  return { guestLevels: null, vcpus: null, ram: null, p2m, features: [] };
}

/** A pool so small that shadows are recycled: what the fixed users take, and a few pages. */
export function smallPool(rng: Rng, config: MachineConfig, header: TraceHeader): number {
  const p2mPages = new ReferenceSimulator('shadow', config, header).memory()['p2m.pages'] ?? 0;
  return p2mPages + 4 * config.vcpus + config.vcpus + rng.int(7, 26);
}
