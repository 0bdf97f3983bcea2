/**
 * What `trace check` finds in a guest's mappings and address spaces: uses of what is not there, and what is done twice.
 *
 * A mapping over another is what mmap with MAP_FIXED does, every loader of programs with it: legal, and told once.
 */
import { formatAddress, vpnOf } from '../arch/address.js';
import { AddressSpaces, INITIAL_AS } from './address-spaces.js';
import type { TraceEvent, Word64 } from './event.js';
import { type PageRange, RangeSet } from './range-set.js';

export type Severity = 'error' | 'warning';

/** What is wrong with one event. */
export interface SpaceFinding {
  readonly severity: Severity;
  readonly message: string;
  /** Of what may come often and means the same each time: only the first is listed, with the number of all. */
  readonly kind?: 'map over a mapping' | 'unmap of nothing';
}

/** What the trace's events say of one address space. */
interface Space {
  readonly mapped: RangeSet;
  /** Mapped once, and not now. */
  readonly unmapped: RangeSet;
  alive: boolean;
}

export class SpaceChecker {
  readonly #spaces = new Map<string, Space>([[INITIAL_AS, newSpace()]]);
  readonly #selected = new AddressSpaces();
  #forks = 0;
  /** True once any address space has an unmapped range: until then accesses need no look. */
  anyUnmapped = false;

  /** What is wrong with an access on `vcpu`, or null: it is to what its address space has unmapped. */
  access(vcpu: number, va: Word64): string | null {
    const as = this.#selected.on(vcpu);
    if (this.#spaces.get(as)?.unmapped.has(vpnOf(va.hi, va.lo)) !== true) return null;
    return `is to ${formatAddress(va.hi, va.lo)}, which address space ${as} has unmapped`;
  }

  /** What is wrong with `event`, or null. */
  event(event: TraceEvent): SpaceFinding | null {
    const as = this.#selected.on(event.vcpu);
    const found = this.#follow(event, as);
    this.#selected.event(event);
    return found;
  }

  #follow(event: TraceEvent, as: string): SpaceFinding | null {
    switch (event.kind) {
      case 'map':
        return this.#map(as, event.va, event.bytes);
      case 'unmap':
        return this.#unmap(as, event.va, event.bytes);
      case 'switch':
      case 'cr3':
        return this.#switch(event.as);
      case 'fork':
        return this.#fork(as, event.child);
      case 'exec':
        this.#spaces.set(as, newSpace());
        return null;
      case 'exit':
        return this.#exit(event.as ?? as);
      default:
        return null;
    }
  }

  #map(as: string, va: Word64, bytes: number): SpaceFinding | null {
    const space = this.#space(as);
    const pages = pagesOf(va, bytes);
    const over = space.mapped.overlaps(pages);
    space.mapped.add(pages);
    space.unmapped.remove(pages);
    if (!over) return null;
    const what = `MAP at ${formatAddress(va.hi, va.lo)} is over what address space ${as} has mapped already`;
    const message = `${what}; the new mapping replaces it, as with MAP_FIXED`;
    return { severity: 'warning', kind: 'map over a mapping', message };
  }

  #unmap(as: string, va: Word64, bytes: number): SpaceFinding | null {
    const space = this.#space(as);
    const pages = pagesOf(va, bytes);
    const again = space.unmapped.overlaps(pages);
    space.mapped.remove(pages);
    space.unmapped.add(pages);
    this.anyUnmapped = true;
    if (!again) return null;
    const message = `UNMAP at ${formatAddress(va.hi, va.lo)} is of pages that address space ${as} has unmapped already`;
    return { severity: 'warning', kind: 'unmap of nothing', message };
  }

  #switch(as: string): SpaceFinding | null {
    const space = this.#spaces.get(as);
    if (space === undefined || !space.alive) this.#spaces.set(as, newSpace());
    if (space?.alive === false) return error(`switch to address space ${as}, which has exited`);
    if (space !== undefined || this.#forks === 0) return null;
    const message = `switch to address space ${as}, which no FORK made; it begins empty`;
    return { severity: 'warning', message };
  }

  #fork(parent: string, child: string): SpaceFinding | null {
    this.#forks += 1;
    const taken = this.#spaces.get(child)?.alive === true;
    const { mapped, unmapped } = this.#space(parent);
    this.#spaces.set(child, { mapped: mapped.clone(), unmapped: unmapped.clone(), alive: true });
    return taken ? error(`FORK makes address space ${child}, which there is already`) : null;
  }

  #exit(as: string): SpaceFinding | null {
    const space = this.#spaces.get(as);
    this.#spaces.set(as, { ...newSpace(), alive: false });
    if (space === undefined) return error(`EXIT of address space ${as}, which there has never been`);
    return space.alive ? null : error(`EXIT of address space ${as}, which has exited already`);
  }

  #space(as: string): Space {
    const known = this.#spaces.get(as);
    if (known !== undefined) return known;
    const space = newSpace();
    this.#spaces.set(as, space);
    return space;
  }
}

function error(message: string): SpaceFinding {
  return { severity: 'error', message };
}

function newSpace(): Space {
  return { mapped: new RangeSet(), unmapped: new RangeSet(), alive: true };
}

function pagesOf(va: Word64, bytes: number): PageRange {
  const from = vpnOf(va.hi, va.lo);
  return { from, to: from + Math.ceil(bytes / 4096) };
}
