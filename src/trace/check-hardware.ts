/**
 * What `trace check` finds in a guest's own handling of tables and tags, event by event.
 *
 * A PCID that is loaded with `noflush` for another address space than before still has that one's translations. In a
 * scripted guest, whose tables are all in the trace, a PTW has to be to a root or to a frame that some entry leads to.
 */
import { PAGE_BYTES } from '../arch/address.js';
import { decodePte, PTE_P, PTE_PS } from '../arch/pte.js';
import type { TraceEvent, TraceHeader } from './event.js';

/** INVPCID types that drop a tag whole: one of them, or all. */
const ONE_CONTEXT = 1;
const ALL_INCLUDING_GLOBAL = 2;
const ALL = 3;
/** Frames of the largest leaf that a frame number has to be rounded down to: 1 GiB. */
const LARGEST_LEAF = 512 * 512;

/** Which address space each tag of a vcpu was last loaded for. */
export class TagChecker {
  readonly #owners = new Map<number, Map<number, string>>();

  /** What is wrong with `event`, or null. */
  event(event: TraceEvent): string | null {
    const owners = this.#ownersOn(event.vcpu);
    switch (event.kind) {
      case 'cr3': {
        if (event.pcid === null) return null;
        const before = owners.get(event.pcid);
        owners.set(event.pcid, event.as);
        if (!event.noflush || before === undefined || before === event.as) return null;
        return `CR3 loads PCID ${event.pcid} with noflush for address space ${event.as}; what is cached under it is of address space ${before}`;
      }
      case 'invpcid':
        if (event.type === ONE_CONTEXT) owners.delete(event.pcid);
        else if (event.type === ALL_INCLUDING_GLOBAL || event.type === ALL) owners.clear();
        return null;
      case 'flushall':
        owners.clear();
        return null;
      default:
        return null;
    }
  }

  #ownersOn(vcpu: number): Map<number, string> {
    const known = this.#owners.get(vcpu);
    if (known !== undefined) return known;
    const owners = new Map<number, string>();
    this.#owners.set(vcpu, owners);
    return owners;
  }
}

/** Stores to one frame. */
interface Stores {
  /** Of the first: its line, and its number among all events, from 0. */
  readonly line: number;
  readonly number: number;
  count: number;
}

/** Frames that a scripted guest stores entries to, and those that entries and roots lead to. */
export class TableChecker {
  readonly #stores = new Map<number, Stores>();
  readonly #reached = new Set<number>();
  readonly #large = new Set<number>();
  readonly #scripted: boolean;
  #events = 0;

  constructor({ scripted }: TraceHeader) {
    this.#scripted = scripted !== undefined;
    if (scripted !== undefined) this.#reached.add(scripted.root);
  }

  event(event: TraceEvent): void {
    if (!this.#scripted) return;
    this.#events += 1;
    if (event.kind === 'cr3') this.#reached.add(Math.floor(Number.parseInt(event.as, 16) / PAGE_BYTES));
    if (event.kind !== 'ptw') return;
    const stores = this.#stores.get(event.gfn);
    if (stores === undefined)
      this.#stores.set(event.gfn, { line: event.line, number: this.#events - 1, count: 1 });
    else stores.count += 1;
    const { frame, flags } = decodePte(event.value.hi, event.value.lo);
    if ((flags & PTE_P) === 0) return;
    this.#reached.add(frame);
    if ((flags & PTE_PS) !== 0) this.#large.add(frame - (frame % LARGEST_LEAF));
  }

  /** What is wrong, once the whole trace has been seen: an entry may be linked after it is filled. */
  findings(): { readonly line: number; readonly number: number; readonly message: string }[] {
    const outside = [...this.#stores].filter(
      ([gfn]) => !this.#reached.has(gfn) && !this.#large.has(gfn - (gfn % LARGEST_LEAF)),
    );
    return outside.map(([gfn, { line, number, count }]) => ({
      line,
      number,
      message: `PTW to frame 0x${gfn.toString(16)}, which is no root and no entry leads to (${count} in all)`,
    }));
  }
}
