/**
 * What one vcpu has flushed, and when, in numbers of events: by page and tag, by tag, all but global pages, all.
 *
 * What each instruction drops: SDM vol. 3, 5.10.4.1. A page is dropped whatever its size, so a flush is noted for the
 * page and for the 2 MiB and 1 GiB around it.
 */
import { pageNumberOf, pagesOf } from '../arch/paging.js';
import type { TraceEvent, Word64 } from './event.js';

/** INVPCID types. */
const ONE_PAGE = 0;
const ONE_TAG = 1;
const ALL_INCLUDING_GLOBAL = 2;

/** In the place of a tag: flushed for every tag; flushed though global. */
const EVERY = 'every';
const GLOBAL = 'global';

export class Flushes {
  /** Frame of the root that is loaded. */
  root: number;
  #tag = 0;
  #all: number;
  #allButGlobal = 0;
  readonly #tags = new Map<number, number>();
  readonly #pages = new Map<string, number>();

  /** @param since nothing from before is cached */
  constructor(root: number, since: number) {
    this.root = root;
    this.#all = since;
  }

  /** CR3 is loaded. Without a tag it drops all but global pages. */
  load(root: number, tag: number | null, noflush: boolean, now: number): void {
    this.root = root;
    this.#tag = tag ?? 0;
    if (noflush) return;
    if (tag === null) this.#allButGlobal = now;
    else this.#tags.set(tag, now);
  }

  /** Carries out what the vcpu flushes by itself; false if `event` is nothing of the kind. */
  event(event: TraceEvent, now: number): boolean {
    switch (event.kind) {
      case 'invlpg':
        this.#page(event.va, [this.#tag, GLOBAL], now);
        return true;
      case 'invpcid':
        if (event.type === ONE_PAGE) this.#page(event.va, [event.pcid], now);
        else if (event.type === ONE_TAG) this.#tags.set(event.pcid, now);
        else if (event.type === ALL_INCLUDING_GLOBAL) this.#all = now;
        else this.#allButGlobal = now;
        return true;
      case 'flushall':
      case 'pgmode':
        this.#all = now;
        return true;
      default:
        return false;
    }
  }

  /** Another vcpu's shootdown of a page, or of everything. */
  shotDown(va: Word64 | null, now: number): void {
    if (va === null) this.#all = now;
    else this.#page(va, [EVERY], now);
  }

  /** When the page (of a leaf of `level`) was last flushed under the present tag. */
  lastOf(page: number, level: number, global: boolean): number {
    const of = (tag: number | string): number => this.#pages.get(key(tag, page, level)) ?? 0;
    const always = Math.max(this.#all, of(EVERY));
    if (global) return Math.max(always, of(GLOBAL));
    return Math.max(always, this.#allButGlobal, this.#tags.get(this.#tag) ?? 0, of(this.#tag));
  }

  #page(va: Word64, tags: readonly (number | string)[], now: number): void {
    const page = pageNumberOf(va.hi, va.lo);
    for (const tag of tags) for (const level of [1, 2, 3]) this.#pages.set(key(tag, page, level), now);
  }
}

function key(tag: number | string, page: number, level: number): string {
  return `${tag} ${level} ${Math.floor(page / pagesOf(level - 1))}`;
}
