/**
 * The dynamic address-space identifiers of one CPU, as Linux hands them out (arch/x86/mm/tlb.c).
 *
 * Six tags, round robin. A space that still has its tag and missed no flush is switched to without one; a
 * tag that is taken over, or whose space was flushed elsewhere meanwhile (tlb_gen), is flushed first.
 */
import type { AddressSpace } from './address-space.js';
import type { Cr3Flush } from './port.js';

/** TLB_NR_DYN_ASIDS. */
const SLOTS = 6;

export class PcidSlots {
  readonly #owners: (number | null)[] = Array<null>(SLOTS).fill(null);
  readonly #generations = Array<number>(SLOTS).fill(0);
  #next = 1;

  /** @param first the space that is loaded at the start */
  constructor(first: AddressSpace) {
    this.#owners[0] = first.id;
  }

  /** Gives `space` a tag; what the CR3 load must drop. */
  enter(space: AddressSpace): Cr3Flush {
    const known = this.#owners.indexOf(space.id);
    const at = known >= 0 ? known : this.#next;
    const former = this.#owners[at]!;
    const upToDate = known >= 0 && this.#generations[at] === space.generation;
    this.#owners[at] = space.id;
    this.#generations[at] = space.generation;
    if (known < 0) this.#next = (this.#next + 1) % SLOTS;
    return upToDate || former === null ? { kind: 'none' } : { kind: 'space', id: former };
  }

  /** The space has just been flushed on this CPU. */
  flushed(space: AddressSpace): void {
    const at = this.#owners.indexOf(space.id);
    if (at >= 0) this.#generations[at] = space.generation;
  }
}
