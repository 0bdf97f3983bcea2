/**
 * What `trace check` finds in a guest's mappings and address spaces: uses of what is not there or not allowed, and what is
 * done twice.
 *
 * A mapping over another is what mmap with MAP_FIXED does, every loader of programs with it: legal, and told once.
 */
import { formatAddress, vpnOf } from '../arch/address.js';
import { AddressSpaces, INITIAL_AS } from './address-spaces.js';
import type { TraceEvent, Word64 } from './event.js';
import { MappingRights, type Restriction } from './mapping-rights.js';
import type { PageRange } from './range-list.js';
import { RangeSet } from './range-set.js';

export type Severity = 'error' | 'warning';

/** What is wrong with one event or access. */
export interface SpaceFinding {
  readonly severity: Severity;
  readonly message: string;
  /** Of what may come often and means the same each time: only the first is listed, with the number of all. */
  readonly kind?: string;
}

/** An access as a check needs it. */
interface SpaceUse {
  readonly vcpu: number;
  readonly hi: number;
  readonly lo: number;
  readonly size: number;
  /** It stores. */
  readonly write: boolean;
}

/** What the trace's events say of one address space. */
interface Space {
  readonly mapped: RangeSet;
  /** Mapped once, and not now. */
  readonly unmapped: RangeSet;
  readonly rights: MappingRights;
  alive: boolean;
}

const PAGE_OFFSET = 4095;

export class SpaceChecker {
  readonly #spaces = new Map<string, Space>([[INITIAL_AS, newSpace()]]);
  readonly #selected = new AddressSpaces();
  #forks = 0;
  #events = 0;
  /** True once any address space forbids or lacks something: until then accesses need no look. */
  watchful = false;

  /**
   * What is wrong with an access, or null: its address space has exited, has unmapped what it is to, or has it mapped without
   * the right.
   */
  access(use: SpaceUse): SpaceFinding | null {
    const as = this.#selected.on(use.vcpu);
    const space = this.#spaces.get(as);
    if (space === undefined) return null;
    if (!space.alive) {
      return { ...error(`is in address space ${as}, which has exited`), kind: `use of exited ${as}` };
    }
    if (space.unmapped.empty && space.rights.empty) return null;
    const first = vpnOf(use.hi, use.lo);
    const last = first + Math.floor(((use.lo & PAGE_OFFSET) + use.size - 1) / 4096);
    for (let page = first; page <= last; page++) {
      if (space.unmapped.has(page))
        return error(`is to ${formatAddress(use.hi, use.lo)}, which address space ${as} has unmapped`);
      const restriction = space.rights.forbids(page, use.write);
      if (restriction !== null) return forbidden(use, as, restriction);
    }
    return null;
  }

  /** What is wrong with `event`, or null. */
  event(event: TraceEvent): SpaceFinding | null {
    this.#events += 1;
    const as = this.#selected.on(event.vcpu);
    const found = this.#follow(event, as);
    this.#selected.event(event);
    return found;
  }

  #follow(event: TraceEvent, as: string): SpaceFinding | null {
    switch (event.kind) {
      case 'map':
        return this.#map(as, event);
      case 'unmap':
        return this.#unmap(as, event.va, event.bytes);
      case 'protect':
        this.#protect(as, event);
        return null;
      case 'ptw':
        // What the tables say now is not what the mapping said.
        this.#spaces.get(as)?.rights.drop(pagesUnder(event.va, event.level));
        return null;
      case 'switch':
      case 'cr3':
        return this.#switch(event.as);
      case 'fork':
        return this.#fork(as, event.child);
      case 'exec':
        this.#spaces.set(as, { ...newSpace(), alive: this.#space(as).alive });
        return null;
      case 'exit':
        return this.#exit(event.as ?? as);
      default:
        return null;
    }
  }

  #map(as: string, { va, bytes, perm, line }: EventOf<'map'>): SpaceFinding | null {
    const space = this.#space(as);
    const pages = pagesOf(va, bytes);
    const over = space.mapped.overlaps(pages);
    space.mapped.add(pages);
    space.unmapped.remove(pages);
    space.rights.set(pages, perm, this.#origin('MAP', line));
    this.watchful ||= !space.rights.empty;
    if (!over) return null;
    const what = `MAP at ${formatAddress(va.hi, va.lo)} is over what address space ${as} has mapped already`;
    const message = `${what}; the new mapping replaces it, as with MAP_FIXED`;
    return { severity: 'warning', kind: 'map over a mapping', message };
  }

  /** As in a replay: what no MAP made has no rights to change. */
  #protect(as: string, { va, bytes, perm, line }: EventOf<'protect'>): void {
    const { mapped, rights } = this.#space(as);
    for (const pages of mapped.within(pagesOf(va, bytes)))
      rights.set(pages, perm, this.#origin('PROTECT', line));
    this.watchful ||= !rights.empty;
  }

  #origin(what: string, line: number): string {
    return line > 0 ? `${what} of line ${line}` : `${what}, event ${this.#events - 1}`;
  }

  #unmap(as: string, va: Word64, bytes: number): SpaceFinding | null {
    const space = this.#space(as);
    const pages = pagesOf(va, bytes);
    const again = space.unmapped.overlaps(pages);
    space.mapped.remove(pages);
    space.unmapped.add(pages);
    space.rights.drop(pages);
    this.watchful = true;
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
    const { mapped, unmapped, rights } = this.#space(parent);
    this.#spaces.set(child, {
      mapped: mapped.clone(),
      unmapped: unmapped.clone(),
      rights: rights.clone(),
      alive: true,
    });
    return taken ? error(`FORK makes address space ${child}, which there is already`) : null;
  }

  #exit(as: string): SpaceFinding | null {
    const space = this.#spaces.get(as);
    this.#spaces.set(as, { ...newSpace(), alive: false });
    this.watchful = true;
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

type EventOf<Kind extends TraceEvent['kind']> = Extract<TraceEvent, { readonly kind: Kind }>;

function error(message: string): SpaceFinding {
  return { severity: 'error', message };
}

/** Told once for each event that gave the rights, in each address space. */
function forbidden({ hi, lo, write }: SpaceUse, as: string, { none, origin }: Restriction): SpaceFinding {
  const [does, lacks] = [write ? 'stores to' : 'is to', none ? 'any right' : 'w'];
  const message = `${does} ${formatAddress(hi, lo)}, which address space ${as} has mapped without ${lacks} (${origin})`;
  return { ...error(message), kind: `${does} ${as}, ${origin}` };
}

function newSpace(): Space {
  return { mapped: new RangeSet(), unmapped: new RangeSet(), rights: new MappingRights(), alive: true };
}

function pagesOf(va: Word64, bytes: number): PageRange {
  const from = vpnOf(va.hi, va.lo);
  return { from, to: from + Math.ceil(bytes / 4096) };
}

/** Pages that an entry of a table of `level` translates. */
function pagesUnder(va: Word64, level: number): PageRange {
  const span = 512 ** (level - 1);
  const from = Math.floor(vpnOf(va.hi, va.lo) / span) * span;
  return { from, to: from + span };
}
