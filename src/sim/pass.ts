/**
 * Pass: what the machines that replay one trace share: the ids of pages, and the columns of the records at hand.
 *
 * Records become columns once, whatever the number of machines, and those that change nothing but counters in
 * every machine are stripped (mmu/page-columns.ts).
 */
import { PackKernel } from '../mmu/pack-kernel.js';
import { MAX_STRIP_SETS, RecordPacker } from '../mmu/packer.js';
import { PageColumns } from '../mmu/page-columns.js';
import { PageIds } from '../mmu/page-ids.js';
import type { AccessBatch } from '../trace/access.js';
import type { MachineConfig } from '../config/schema.js';
import type { Machine } from './machine.js';

export class Pass {
  readonly ids = new PageIds();
  readonly #columns = new PageColumns(this.ids, PackKernel.start(this.ids) ?? new RecordPacker(this.ids));
  readonly #sets: number;
  /** What the columns at hand were made of. */
  #batch: AccessBatch | null = null;
  #from = 0;
  #to = 0;
  #spaces: readonly number[] = [];

  /** @param configs of the machines; null: nothing is stripped */
  constructor(configs: readonly MachineConfig[] | null) {
    this.#sets = configs === null ? 0 : stripSets(configs);
  }

  /** New contents are in the batch: what was made of the old ones is void. */
  nextChunk(): void {
    this.#batch = null;
  }

  /** Replays records [from, to) of the batch on a machine made with {@link ids}. */
  replay(machine: Machine, batch: AccessBatch, from: number, to: number): void {
    const spaces = machine.spaces();
    if (!this.#holds(batch, from, to, spaces)) {
      this.#columns.fill(spaces, batch, from, to, this.#sets);
      this.#batch = batch;
      this.#from = from;
      this.#to = to;
      this.#spaces = spaces;
    }
    machine.replayColumns(batch, this.#columns, this.#sets);
  }

  /** The guest is the same in every mode, so the first machine's columns serve them all. */
  #holds(batch: AccessBatch, from: number, to: number, spaces: readonly number[]): boolean {
    return (
      this.#batch === batch &&
      this.#from === from &&
      this.#to === to &&
      spaces.length === this.#spaces.length &&
      spaces.every((space, vcpu) => space === this.#spaces[vcpu])
    );
  }
}

/**
 * L1 sets that stripping may tell apart: a divisor of every first-level array's sets, where pages are 4 KiB; else 1.
 * It only decides how much is stripped: each machine checks what it needs (TlbHierarchy.strippable).
 */
function stripSets(configs: readonly MachineConfig[]): number {
  let sets = MAX_STRIP_SETS;
  for (const { guest, l1d, l1i } of configs) {
    if (guest.pageSize !== '4k') return 1;
    for (const { entries, ways } of [l1d, l1i]) if (entries > 0) sets = Math.min(sets, entries / ways);
  }
  return sets;
}
