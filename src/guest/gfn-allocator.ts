/**
 * Which guest frame backs a new page or table (docs/model.md 7.1).
 *
 * One ascending allocator from gfn 0x1000 serves tables and data alike; freed frames come back last-in
 * first-out, as from Linux's per-cpu lists. `scatter` shuffles blocks of 65,536 new frames, as a
 * long-running machine's free memory is; `thp` gives each aligned 2 MiB of gVA one aligned run.
 */
import { UsageError } from '../errors.js';
import { Prng } from '../util/prng.js';

/** First frame the allocator hands out (16 MiB): below are firmware, kernel image and zero page. */
export const FIRST_GFN = 0x1000;
/** Frames of `--ram auto` at the start: 1 GiB. */
export const INITIAL_RAM = 0x40000;
/** Most RAM the guest can have: the direct map of one level-4 entry, 512 GiB. */
export const MAX_RAM = 0x8000000;

const SCATTER_BLOCK = 0x10000;

export class GfnAllocator {
  /** Frames of RAM: gfn 0 .. ram-1. */
  ram: number;
  readonly #auto: boolean;
  readonly #onGrow: (ram: number) => void;
  readonly #scatter: Prng | null;
  readonly #free: number[] = [];
  /** Runs that came back, by length. */
  readonly #freeRuns = new Map<number, number[]>();
  #next = FIRST_GFN;
  /** scatter: shuffled frames not handed out yet, last first. */
  #block: number[] = [];

  /** @param onGrow called after RAM has doubled, with the new number of frames */
  constructor(options: { ram: number | 'auto'; scatterSeed: number | null; onGrow: (ram: number) => void }) {
    this.#auto = options.ram === 'auto';
    this.ram = options.ram === 'auto' ? INITIAL_RAM : options.ram * 256;
    this.#scatter = options.scatterSeed === null ? null : new Prng(options.scatterSeed);
    this.#onGrow = options.onGrow;
  }

  /** One frame. */
  take(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) return freed;
    if (this.#scatter === null) return this.#bump(1, 1);
    if (this.#block.length === 0) this.#refill(this.#scatter);
    return this.#block.pop()!;
  }

  /** `count` contiguous frames aligned to `count`, a power of two; frames skipped are lost. */
  takeRun(count: number): number {
    return this.#freeRuns.get(count)?.pop() ?? this.#bump(count, count);
  }

  /** A run that {@link takeRun} handed out and that nobody uses any more. */
  giveRun(first: number, count: number): void {
    const runs = this.#freeRuns.get(count);
    if (runs === undefined) this.#freeRuns.set(count, [first]);
    else runs.push(first);
  }

  give(gfn: number): void {
    this.#free.push(gfn);
  }

  /** The next `count` frames. RAM grows first: the tables that map it come before what is taken here. */
  #bump(count: number, align: number): number {
    let first = Math.ceil(this.#next / align) * align;
    while (first + count > this.ram) {
      this.#grow();
      first = Math.ceil(this.#next / align) * align;
    }
    this.#next = first + count;
    return first;
  }

  #grow(): void {
    if (!this.#auto || this.ram >= MAX_RAM) {
      const limit = this.#auto ? '512 GiB, the most p2msim models' : `the ${this.ram / 256} MiB of --ram`;
      throw new UsageError(`the guest ran out of memory: the trace needs more than ${limit}`, {
        hint: this.#auto
          ? 'replay a part of the trace (--limit N)'
          : 'give it more with --ram, or use --ram auto',
      });
    }
    this.ram *= 2;
    this.#onGrow(this.ram);
  }

  #refill(prng: Prng): void {
    const room = this.ram - this.#next;
    const size = room > 0 ? Math.min(SCATTER_BLOCK, room) : SCATTER_BLOCK;
    const first = this.#bump(size, 1);
    const frames = Int32Array.from({ length: size }, (_, i) => first + i);
    prng.shuffle(frames);
    this.#block = Array.from(frames);
  }
}
