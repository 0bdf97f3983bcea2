/**
 * SlotCosts: mean cycles of each reference of a two-dimensional walk, by its place in the walk.
 *
 * Places are named as SagePTE's analysis names them: G1 ... G4 are the guest's entries from the root down, GkH1 ...
 * GkH4 the host's entries that find the guest table of level k, UDH1 ... UDH4 those that find the data page.
 */
import type { AccessCounters } from '../../counters.js';
import type { WalkObserver } from '../../mmu/walk-observer.js';
import type { Machine } from '../../sim/machine.js';
import { READ_CYCLES } from './weights.js';

export class SlotCosts implements WalkObserver {
  readonly #counters: AccessCounters;
  readonly #levels: number;
  readonly #cycles = new Map<string, number>();
  readonly #reads = new Map<string, number>();
  #translating = 0;
  #before: readonly number[];

  constructor(machine: Machine) {
    this.#counters = machine.parts.origin.counters;
    this.#levels = machine.parts.guest.levels;
    this.#before = this.#served();
  }

  reference(dimension: 'guest' | 'nested' | 'shadow', level: number): void {
    const served = this.#served();
    const { l1, l2, llc, mem } = READ_CYCLES;
    const cycles = [l1, l2, llc, mem].reduce(
      (sum, each, i) => sum + (served[i]! - this.#before[i]!) * each,
      0,
    );
    this.#before = served;
    const own = this.#levels + 1 - level;
    const slot = dimension === 'nested' ? `${this.#target()}H${own}` : `G${own}`;
    this.#cycles.set(slot, (this.#cycles.get(slot) ?? 0) + cycles);
    this.#reads.set(slot, (this.#reads.get(slot) ?? 0) + 1);
  }

  translating(level: number): void {
    this.#translating = level;
  }

  note(): void {}

  /** Mean cycles by slot. */
  means(): ReadonlyMap<string, number> {
    return new Map([...this.#cycles].map(([slot, cycles]) => [slot, cycles / this.#reads.get(slot)!]));
  }

  /** Cycles of all references to guest tables, and to the p2m. */
  byDimension(): { readonly guest: number; readonly nested: number } {
    let guest = 0;
    let nested = 0;
    for (const [slot, cycles] of this.#cycles) {
      if (slot.includes('H')) nested += cycles;
      else guest += cycles;
    }
    return { guest, nested };
  }

  #target(): string {
    return this.#translating === 0 ? 'UD' : `G${this.#levels + 1 - this.#translating}`;
  }

  #served(): readonly number[] {
    const { pteL1, pteL2, pteLlc, pteMem } = this.#counters;
    return [pteL1, pteL2, pteLlc, pteMem];
  }
}

/** Watches the walks that `act` causes. */
export function watchSlots(machine: Machine, act: () => void): SlotCosts {
  const costs = new SlotCosts(machine);
  machine.parts.watch.observer = costs;
  act();
  machine.parts.watch.observer = null;
  return costs;
}
