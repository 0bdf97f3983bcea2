/**
 * KernelState: what kernels/assembly/replay-state.ts is told of a vcpu, and what it tells, as words in an Arena.
 *
 * There are two a vcpu, for data and for fetches, which differ in the first-level TLB.
 */
import { type AccessCounters, CACHE_HIT, UNCACHED } from '../counters.js';
import type { P2mPlace } from '../hypervisor/p2m.js';
import type { Arena } from '../util/arena.js';
import type { MachineParts, MmuBackend, Vcpu } from './backend.js';
import { type KernelWalks, ONE_DIMENSION, TLBS_ONLY, TWO_DIMENSIONS } from './kernel-walks.js';
import { PLACE_BITS } from './known-tables.js';
import { tagShift } from './pte-cache.js';
import type { SetAssoc } from './set-assoc.js';

// The words, as in kernels/assembly/replay-state.ts. An array: its address, its ways, its sets less one.
const WORDS = 96;
const L1 = 0;
const SECOND = 3;
const PDE = 6;
const PDE_PAYLOADS = 9;
const PDPTE = 10;
const PDPTE_PAYLOADS = 13;
const NESTED_TLB = 14;
const HOST_WALKS = 17;
const KEYS = 29;
const REGIONS = 30;
const REGION_COUNT = 31;
const GIANTS = 32;
const P2M = 33;
const DIMENSIONS = 34;
const CACHES = 35;
const CACHED = 47;
const P2M_SLABS = 48;
const P2M_LEVELS = 49;
const P2M_FRAME = 50;
const OFFSET = 51;
const WIDE = 52;
const LARGE = 53;
const LARGE_COUNT = 54;
const FROM_ROOT = 55;
const TOPS = 56;
const ROOT = 57;
const ROOT_FRAME = 58;
// Results.
const SECOND_HITS = 64;
const WALKS = 65;
const PDPTE_WALKS = 66;
const NESTED_HITS = 67;
const HOST_SHAPES = 68;
const READS = 74;
const LIVE = 78;

/** Levels of a guest whose walks the kernel can begin at the root. */
const ROOT_LEVELS = 4;
/** Levels of host walk caches. */
const HOST_LEVELS = [2, 3, 4, 5];

/** What the states of a vcpu have in common. */
export interface KernelSetting {
  readonly arena: Arena;
  readonly parts: MachineParts;
  readonly vcpu: Vcpu;
  /** The second TLB level. */
  readonly second: SetAssoc;
  /** Null: no walk of this vcpu's can be the kernel's. */
  readonly walks: KernelWalks | null;
  /** Address of the keys. */
  readonly keys: number;
}

export class KernelState {
  /** Address of the words. */
  readonly at: number;
  /** What the kernel has done since {@link prepare}: hits of the second TLB level, and walks. */
  secondHits = 0;
  walks = 0;
  readonly #place: P2mPlace | null;
  readonly #words: Int32Array;
  readonly #setting: KernelSetting;
  /** Those that entries enter, in the order of the results that tell of them. */
  readonly #entered: readonly (SetAssoc | null)[];

  /** @param first the TLB level for data, or for fetches; null if the arena has no room */
  static of(setting: KernelSetting, first: SetAssoc): KernelState | null {
    const { arena, vcpu, second, walks } = setting;
    const { pwc, ntlb, npwc } = vcpu;
    const nested = walks?.dimensions === TWO_DIMENSIONS;
    const [pde, pdpte] = walks === null ? [null, null] : [pwc.arrays[2] ?? null, pwc.arrays[3] ?? null];
    const host = HOST_LEVELS.map((level) => (nested ? (npwc.arrays[level] ?? null) : null));
    const caches = walks === null ? [null, null, null] : vcpu.cache.levels;
    const arrays = [first, second, pde, pdpte, nested ? ntlb : null, ...host, ...caches];
    const at = arena.take(4 * WORDS);
    if (at === 0 || !arrays.every((array) => array === null || array.moveTo(arena))) return null;
    return new KernelState(setting, at, arrays);
  }

  private constructor(setting: KernelSetting, at: number, arrays: readonly (SetAssoc | null)[]) {
    this.at = at;
    this.#setting = setting;
    const words = (this.#words = setting.arena.int32(at, WORDS));
    const host = HOST_LEVELS.map((_, i) => HOST_WALKS + 3 * i);
    const places = [L1, SECOND, PDE, PDPTE, NESTED_TLB, ...host, CACHES, CACHES + 4, CACHES + 8];
    arrays.forEach((array, i) => {
      if (array !== null) words.set([array.at, array.ways, array.sets - 1], places[i]);
    });
    words[PDE_PAYLOADS] = arrays[2]?.payloadsAt ?? 0;
    words[PDPTE_PAYLOADS] = arrays[3]?.payloadsAt ?? 0;
    words[KEYS] = setting.keys;
    setting.vcpu.cache.levels.forEach((cache, i) => {
      if (cache !== null) words[CACHES + 4 * i + 3] = tagShift(cache);
    });
    words[CACHED] = setting.vcpu.cache.enabled ? 1 : 0;
    const p2m = setting.walks?.p2m ?? null;
    this.#place = p2m?.moveTo(setting.arena) ?? null;
    words[P2M] = this.#place?.leaves ?? 0;
    words[P2M_SLABS] = this.#place?.slabs ?? 0;
    words[P2M_LEVELS] = p2m?.levels ?? 0;
    words[P2M_FRAME] = p2m?.tableMfn(0) ?? 0;
    words[OFFSET] = p2m?.mfn(0) ?? 0;
    this.#entered = arrays.filter((_, i) => i !== 3);
  }

  /** Before the kernel runs: what may have changed since it last did. */
  prepare(): void {
    const { walks, parts, vcpu } = this.#setting;
    const words = this.#words;
    const { large } = vcpu.tlb;
    words[LARGE] = large.any ? large.at : 0;
    words[LARGE_COUNT] = large.bytes.length;
    if (walks === null) return;
    const { regions, giants, tops } = walks.known;
    words[REGIONS] = regions.at;
    words[REGION_COUNT] = regions.capacity;
    words[GIANTS] = giants.at;
    const there = regions.at !== 0 && giants.at !== 0 && (this.#place === null || this.#place.whole);
    const { tables, current } = parts.guest;
    words[WIDE] = tables.wide ? 1 : 0;
    let able = there && walks.plain();
    if (walks.fromRoot === true) {
      const { root } = current[vcpu.id]!;
      words[FROM_ROOT] = 1;
      words[TOPS] = tops.at;
      words[ROOT] = tables.address(tables.slot(root));
      words[ROOT_FRAME] = root;
      able &&= tops.at !== 0 && words[ROOT] !== 0 && !tables.wide;
    }
    words[DIMENSIONS] = able ? walks.dimensions : TLBS_ONLY;
  }

  /** After it has run: takes the results, walks into `c`. */
  take(c: AccessCounters): void {
    const words = this.#words;
    this.secondHits = words[SECOND_HITS]!;
    this.walks = words[WALKS]!;
    if ((this.secondHits | this.walks) === 0) return;
    this.#entered.forEach((array, i) => {
      if (words[LIVE + i] !== 0) array!.live += words[LIVE + i]!;
    });
    if (this.walks > 0) this.#countWalks(c);
    words.fill(0, SECOND_HITS);
  }

  #countWalks(c: AccessCounters): void {
    const words = this.#words;
    const upper = words[PDPTE_WALKS]!;
    c.walks += this.walks;
    if (words[FROM_ROOT] !== 0) c.guestWalks.add(UNCACHED, ROOT_LEVELS, 1, this.walks);
    else {
      c.guestWalks.add(CACHE_HIT, 1, 1, this.walks - upper);
      c.guestWalks.add(CACHE_HIT, 2, 1, upper);
    }
    c.pteL1 += words[READS]!;
    c.pteL2 += words[READS + 1]!;
    c.pteLlc += words[READS + 2]!;
    c.pteMem += words[READS + 3]!;
    if (words[DIMENSIONS] !== TWO_DIMENSIONS) return;
    // Each walk translates the frame that it finds, and the table if that is not from the walk cache.
    const hits = words[NESTED_HITS]!;
    c.ntlbHit += hits;
    c.ntlbMiss += this.walks + upper - hits;
    const { missed, levels } = this.#setting.vcpu.npwc;
    c.nestedWalks.add(missed, levels, 1, words[HOST_SHAPES]);
    for (const level of HOST_LEVELS) c.nestedWalks.add(CACHE_HIT, level - 1, 1, words[HOST_SHAPES + level]);
  }
}

/** The walks that a kernel can make for `vcpu`; null if there are none. */
export function walksOf(
  backend: MmuBackend,
  vcpu: Vcpu,
  arena: Arena,
  guestLevels: number,
): KernelWalks | null {
  const { pwc, npwc, ntlb } = vcpu;
  const [, , pde, pdpte] = pwc.arrays;
  if (backend.kernelWalks === undefined) return null;
  if (guestLevels === ROOT_LEVELS && pwc.arrays.every((array) => array === null)) {
    const walks = backend.kernelWalks(arena);
    return walks.dimensions === ONE_DIMENSION ? { ...walks, fromRoot: true } : null;
  }
  if (pde == null || pdpte == null) return null;
  if (!pde.inOrderWithPayload || !pdpte.inOrderWithPayload || pde.sets > 1 << PLACE_BITS) return null;
  const walks = backend.kernelWalks(arena);
  if (walks.dimensions !== TWO_DIMENSIONS) return walks.dimensions === TLBS_ONLY ? null : walks;
  const hostArrays = [ntlb, ...HOST_LEVELS.map((level) => npwc.arrays[level] ?? null)];
  if (ntlb === null || !hostArrays.every((array) => array === null || array.inOrderOfUse)) return null;
  return walks;
}
