/**
 * ReplayKernel: page accesses from one that is not plain to the next, by kernels/assembly/replay.ts.
 *
 * The arrays and tables that the kernel goes over move into an Arena, where JavaScript goes on using them as before: both
 * see the same state, and what the kernel leaves alone takes the way of single look-ups and walks. That way is also what the
 * kernel is held to (test/property/replay-kernel.test.ts). Accesses that miss cost a quarter of what they cost without it
 * (docs/performance.md, "What paid"). A machine gets its kernel once it has replayed so much that starting it pays.
 */
import { SIZE_4K } from '../arch/paging.js';
import type { AccessCounters } from '../counters.js';
import { REPLAY } from '../kernels/binary.js';
import { type Kernel, startKernel } from '../kernels/kernel.js';
import { Arena } from '../util/arena.js';
import type { MachineParts, MmuBackend, Vcpu } from './backend.js';
import { KernelState, walksOf } from './kernel-state.js';
import { countL1Hits } from './tlb-hits.js';

/** When a machine uses kernels. */
export interface KernelUse {
  /** Page accesses that it replays before it gets one. */
  readonly after: number;
  /** A kernel that stops at more than one in so many keys is put aside for some blocks; 0: never. */
  readonly manyStops: number;
}

/** Some milliseconds' worth, and what a stop costs beside what a kernel saves. */
export const KERNEL_USE: KernelUse = { after: 1 << 16, manyStops: 8 };

/** Keys that are in the arena at once: a block, and the further pages of records that cross borders. */
const CAPACITY = 4096;

// Where the tables of kernels/assembly/sets.ts are.
const TO_FRONT = 1024;
const UP_TO = 1088;

export class ReplayKernel {
  readonly #vcpu: Vcpu;
  /** By kind: data, fetches. */
  readonly #states: readonly KernelState[];
  readonly #keys: Int32Array;
  readonly #run: (...words: number[]) => number;
  readonly #ahead: (...words: number[]) => number;

  /** Null if no kernel can replay what `vcpu` is given: no WebAssembly, or arrays in another order than that of use. */
  static start(parts: MachineParts, backend: MmuBackend, vcpu: Vcpu): ReplayKernel | null {
    const { tlb } = vcpu;
    const { scannableData, scannableFetch } = tlb;
    const second = tlb.secondForKernel(false);
    if (scannableData === null || second === null || tlb.secondForKernel(true) === null) return null;
    const { tables } = parts.guest;
    // Machines that share a guest share its arena.
    const arena = tables.arena ?? Arena.create();
    const kernel = arena === null ? null : startKernel(REPLAY, { env: { memory: arena.memory } });
    if (arena === null || kernel === null) return null;
    if (tables.arena === null) {
      writeConstants(arena);
      tables.moveTo(arena);
    }
    const keys = arena.take(4 * CAPACITY);
    if (!tlb.large.moveTo(arena)) return null;
    const walks = walksOf(backend, vcpu, arena, parts.guest.levels);
    const setting = { arena, parts, vcpu, second, walks, keys };
    const data = keys === 0 ? null : KernelState.of(setting, scannableData);
    const fetches = data === null ? null : KernelState.of(setting, scannableFetch!);
    if (data === null || fetches === null) return null;
    return new ReplayKernel(vcpu, [data, fetches], arena.int32(keys, CAPACITY), kernel);
  }

  private constructor(vcpu: Vcpu, states: readonly KernelState[], keys: Int32Array, kernel: Kernel) {
    this.#vcpu = vcpu;
    this.#states = states;
    this.#keys = keys;
    this.#run = kernel.call('run');
    this.#ahead = kernel.call('ahead');
  }

  /** Takes `keys[from..end)` for the calls that follow; false if they are too many. */
  take(keys: Int32Array, from: number, end: number): boolean {
    if (end - from > CAPACITY) return false;
    this.#keys.set(keys.subarray(from, end));
    return true;
  }

  /** Reads what the walks for keys [from, to) of those taken will read, so that they need not wait for it one by one. */
  ahead(from: number, to: number, fetch: boolean): void {
    const state = this.#states[fetch ? 1 : 0]!;
    state.prepare();
    this.#ahead(state.at, from, to);
  }

  /**
   * Replays keys [from, to) of those taken, all of them fetches or none, counting into `c`.
   * @returns the first that is not plain, of which nothing has been done; or `to`
   */
  run(from: number, to: number, fetch: boolean, c: AccessCounters): number {
    const state = this.#states[fetch ? 1 : 0]!;
    state.prepare();
    const end = this.#run(state.at, from, to);
    state.take(c);
    const { secondHits, walks } = state;
    countL1Hits(c, fetch, SIZE_4K, end - from - secondHits - walks);
    if (secondHits + walks > 0) this.#vcpu.tlb.countKernel(c, fetch, secondHits, walks);
    return end;
  }
}

/** By way, which bytes of a set of four move where when it comes to the front; and the lanes up to it. */
function writeConstants(arena: Arena): void {
  const toFront = arena.uint8(TO_FRONT, 64);
  const upTo = arena.int32(UP_TO, 16);
  for (let way = 0; way < 4; way++) {
    for (let lane = 0; lane < 4; lane++) {
      const from = lane === 0 ? way : lane <= way ? lane - 1 : lane;
      for (let byte = 0; byte < 4; byte++) toFront[16 * way + 4 * lane + byte] = 4 * from + byte;
      upTo[4 * way + lane] = lane <= way ? -1 : 0;
    }
  }
}
