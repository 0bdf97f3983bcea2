/**
 * Stale translations: a leaf entry that may be cached is taken away, and its page is used before it is flushed.
 *
 * Of a scripted guest only, whose table stores and flushes are all in the trace. An entry may be cached once it was used or
 * stored with its A bit: a processor sets A before it caches (SDM vol. 3, 5.10.2.3). What counts is a change that hardware
 * would not see: unmapped, another frame, or (for stores) no write right any more. The use has to be on the vcpu that
 * stored the entry: others may use the old translation until the shootdown reaches them. Entries that lead to tables are
 * not followed: whole tables are unlinked and flushed in ways of their own.
 */
import { formatAddress, PAGE_BYTES } from '../arch/address.js';
import { pageHi, pageLo, pageNumberOf, pagesOf, tableIndex } from '../arch/paging.js';
import { decodePte, PTE_A, PTE_G, PTE_P, PTE_PS, PTE_RW } from '../arch/pte.js';
import type { TraceEvent, TraceHeader } from './event.js';
import { Flushes } from './flushes.js';

interface Entry {
  readonly frame: number;
  readonly flags: number;
  /** A processor may have cached it. */
  cached: boolean;
  /** What was there before, and may still be cached on the vcpu that replaced it. */
  edit: Edit | null;
}

/** The entry that a PTW replaced, and where. */
interface Edit {
  readonly frame: number;
  readonly flags: number;
  readonly line: number;
  /** Number of the event in the trace, from 1. */
  readonly number: number;
  readonly vcpu: number;
}

/** One access, as far as it matters here. */
export interface PageUse {
  readonly vcpu: number;
  readonly hi: number;
  readonly lo: number;
  readonly size: number;
  readonly write: boolean;
}

export interface StaleUse {
  /** Line of the PTW; 0 if the trace has no lines. */
  readonly line: number;
  /** What it did, and that there was no flush, around `use`: what the caller calls the access. */
  message(use: string): string;
}

/** A leaf as a walk finds it. */
interface Leaf {
  readonly entry: Entry;
  readonly level: number;
}

/** The tables of a scripted guest, and what vcpus may still have cached of them. */
export class TranslationChecker {
  readonly #tables = new Map<number, Map<number, Entry>>();
  /** Tables by what leads to them, with the number of entries. */
  readonly #parents = new Map<number, Map<number, number>>();
  readonly #roots = new Set<number>();
  readonly #flushes = new Map<number, Flushes>();
  readonly #levels: number;
  readonly #firstRoot: number;
  /** Events seen. */
  #now = 0;
  /** PTW rows, and rows that flush something: without both there is nothing to check. */
  edits = 0;
  flushRows = 0;

  /** @param scripted the scripted guest of `header` */
  constructor(scripted: NonNullable<TraceHeader['scripted']>, levels: number) {
    this.#levels = levels;
    this.#firstRoot = scripted.root;
    this.#roots.add(scripted.root);
  }

  event(event: TraceEvent): void {
    this.#now += 1;
    const flushes = this.#of(event.vcpu);
    switch (event.kind) {
      case 'ptw':
        this.edits += 1;
        this.#store(event);
        return;
      case 'cr3':
        this.#roots.add(rootOf(event.as));
        flushes.load(rootOf(event.as), event.pcid, event.noflush, this.#now);
        if (!event.noflush) this.flushRows += 1;
        return;
      case 'ipiflush':
        this.flushRows += 1;
        for (const [vcpu, others] of this.#flushes) {
          if (vcpu !== event.vcpu) others.shotDown(event.va, this.#now);
        }
        return;
      default:
        if (flushes.event(event, this.#now)) this.flushRows += 1;
    }
  }

  /** Every page of `use` that has a stale translation on its vcpu. */
  use(use: PageUse): StaleUse[] {
    const first = pageNumberOf(use.hi, use.lo);
    const last = first + Math.floor(((use.lo & 4095) + use.size - 1) / PAGE_BYTES);
    const found: StaleUse[] = [];
    for (let page = first; page <= last; page++) {
      const stale = this.#usePage(page, use);
      if (stale !== null) found.push(stale);
    }
    return found;
  }

  #usePage(page: number, { vcpu, write }: PageUse): StaleUse | null {
    const flushes = this.#of(vcpu);
    const leaf = this.#walk(flushes.root, page);
    if (leaf === null) return null;
    const { entry, level } = leaf;
    const stale = this.#staleness(page, leaf, flushes, vcpu, write);
    if ((entry.flags & PTE_P) !== 0) entry.cached = true;
    if (stale === null || entry.edit === null) return null;
    const { edit } = entry;
    entry.edit = null;
    const start = page - (page % pagesOf(level - 1));
    const address = formatAddress(pageHi(start) >>> 0, pageLo(start));
    const ptw = edit.line > 0 ? 'this PTW' : `the PTW that is event ${edit.number - 1}`;
    return {
      line: edit.line,
      message: (used) =>
        `stale translation: ${ptw} ${stale} page ${address}, and ${used} ${write ? 'stores to' : 'reads'} it on vcpu ${vcpu} with no flush of it in between (INVLPG, INVPCID, FLUSHALL, CR3)`,
    };
  }

  /** What the entry's last edit did, if this use may still go by the entry before it. */
  #staleness(page: number, { entry, level }: Leaf, flushes: Flushes, vcpu: number, write: boolean) {
    const { edit } = entry;
    if (edit === null || edit.vcpu !== vcpu) return null;
    if (flushes.lastOf(page, level, (edit.flags & PTE_G) !== 0) > edit.number) {
      entry.edit = null;
      return null;
    }
    const frames = `(frame 0x${edit.frame.toString(16)})`;
    if ((entry.flags & PTE_P) === 0) return `unmaps ${frames}`;
    if (entry.frame !== edit.frame)
      return `maps to frame 0x${entry.frame.toString(16)} ${frames.replace('(', '(before: ')}`;
    const readOnly = (edit.flags & PTE_RW) !== 0 && (entry.flags & PTE_RW) === 0;
    return readOnly && write ? `makes read-only ${frames}` : null;
  }

  #walk(root: number, page: number): Leaf | null {
    const [hi, lo] = [pageHi(page), pageLo(page)];
    let table = root;
    for (let level = this.#levels; level > 0; level--) {
      const entry = this.#tables.get(table)?.get(tableIndex(hi, lo, level));
      if (entry === undefined) return null;
      if (isLeaf(entry.flags, level)) return { entry, level };
      if ((entry.flags & PTE_P) === 0) return entry.edit === null ? null : { entry, level };
      table = entry.frame;
    }
    return null;
  }

  #store({ gfn, level, va, value, line, vcpu }: Extract<TraceEvent, { kind: 'ptw' }>): void {
    const { frame, flags } = decodePte(value.hi, value.lo);
    const table = this.#tables.get(gfn) ?? new Map<number, Entry>();
    this.#tables.set(gfn, table);
    const index = tableIndex(va.hi, va.lo, level);
    const old = table.get(index);
    const present = (flags & PTE_P) !== 0;
    const entry: Entry = { frame, flags, cached: present && (flags & PTE_A) !== 0, edit: null };
    table.set(index, entry);
    if (old !== undefined && leadsOn(old.flags, level)) this.#link(old.frame, gfn, -1);
    if (leadsOn(flags, level)) this.#link(frame, gfn, 1);
    else if (old !== undefined && !leadsOn(old.flags, level)) {
      entry.edit = old.edit;
      if (!old.cached) return;
      const same = present && frame === old.frame;
      // Clearing A takes nothing out of a TLB.
      if (same) entry.cached = true;
      const weaker = !same || (old.flags & ~flags & PTE_RW) !== 0;
      if (weaker && this.#isLinked(gfn, this.#levels))
        entry.edit = { frame: old.frame, flags: old.flags, line, number: this.#now, vcpu };
    }
  }

  #link(child: number, parent: number, by: 1 | -1): void {
    const parents = this.#parents.get(child) ?? new Map<number, number>();
    this.#parents.set(child, parents);
    const entries = (parents.get(parent) ?? 0) + by;
    if (entries > 0) parents.set(parent, entries);
    else parents.delete(parent);
  }

  /** True if a root leads to the table, in at most `depth` steps: nothing of any other is cached. */
  #isLinked(gfn: number, depth: number): boolean {
    if (this.#roots.has(gfn)) return true;
    if (depth === 0) return false;
    return [...(this.#parents.get(gfn)?.keys() ?? [])].some((parent) => this.#isLinked(parent, depth - 1));
  }

  /** A vcpu that was not seen before has nothing cached. */
  #of(vcpu: number): Flushes {
    const known = this.#flushes.get(vcpu);
    if (known !== undefined) return known;
    const flushes = new Flushes(this.#firstRoot, this.#now);
    this.#flushes.set(vcpu, flushes);
    return flushes;
  }
}

/** Present, and no table behind it. */
function isLeaf(flags: number, level: number): boolean {
  return level === 1 || (flags & (PTE_P | PTE_PS)) === (PTE_P | PTE_PS);
}

function leadsOn(flags: number, level: number): boolean {
  return (flags & PTE_P) !== 0 && !isLeaf(flags, level);
}

/** Frame of the root that names an address space of a scripted guest. */
function rootOf(as: string): number {
  return Math.floor(Number.parseInt(as, 16) / PAGE_BYTES);
}
