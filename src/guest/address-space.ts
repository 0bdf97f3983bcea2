/**
 * One guest process: its root table, its mappings (VMAs), the image its text comes from.
 */
import type { MapKind, Perm } from '../trace/event.js';

/** A mapping made by MAP: [start, end) in vpns without sign extension (exact doubles). */
export interface Vma {
  readonly start: number;
  readonly end: number;
  readonly perm: Perm;
  readonly kind: MapKind;
}

/** Name of a process that touches nothing (`guest.switchEvery`). */
export const OTHER_PROCESS = '<other>';

export class AddressSpace {
  /** Tag in TLBs and walk caches; unique for the life of the machine, never 0. */
  readonly id: number;
  readonly name: string;
  readonly root: number;
  /** Which executable's page cache backs fetches outside VMAs; fork shares it, exec renews it. */
  image: number;
  #vmas: Vma[] = [];
  /** Grows with every flush of this space: a vcpu whose tag is older must flush it (Linux tlb_gen). */
  generation = 0;
  /** Page ranges that MAP, UNMAP, PROTECT or PTW edited: `premapped` leaves their regions alone. */
  #edited: { start: number; end: number }[] = [];
  /** thp frames: region -> first frame of its aligned run. */
  readonly runs = new Map<number, number>();

  constructor(id: number, name: string, root: number, image: number) {
    this.id = id;
    this.name = name;
    this.root = root;
    this.image = image;
  }

  vmas(): readonly Vma[] {
    return this.#vmas;
  }

  vmaAt(vpn: number): Vma | null {
    let low = 0;
    let high = this.#vmas.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const vma = this.#vmas[middle]!;
      if (vpn < vma.start) high = middle - 1;
      else if (vpn >= vma.end) low = middle + 1;
      else return vma;
    }
    return null;
  }

  /** True if any VMA meets [start, end). */
  vmaMeets(start: number, end: number): boolean {
    return this.#vmas.some((vma) => vma.start < end && vma.end > start);
  }

  /** Removes [start, end) from all VMAs, splitting those that reach beyond. */
  cut(start: number, end: number): void {
    this.#vmas = this.#vmas.flatMap((vma) => {
      if (vma.end <= start || vma.start >= end) return [vma];
      const rest: Vma[] = [];
      if (vma.start < start) rest.push({ ...vma, end: start });
      if (vma.end > end) rest.push({ ...vma, start: end });
      return rest;
    });
  }

  add(vma: Vma): void {
    this.cut(vma.start, vma.end);
    this.#vmas.push(vma);
    this.#vmas.sort((a, b) => a.start - b.start);
  }

  /** Gives the parts of VMAs inside [start, end) new rights. */
  reprotect(start: number, end: number, perm: Perm): void {
    const inside = this.#vmas
      .filter((vma) => vma.start < end && vma.end > start)
      .map((vma) => ({ ...vma, perm, start: Math.max(vma.start, start), end: Math.min(vma.end, end) }));
    for (const vma of inside) this.add(vma);
  }

  /** Takes over the VMAs and the image of the parent of a fork. */
  inherit(parent: AddressSpace): void {
    this.#vmas = [...parent.#vmas];
    this.image = parent.image;
    this.#edited = [...parent.#edited];
  }

  /** Notes an edit of pages [start, end); neighbours join, so that a long trace of edits stays short here. */
  markEdited(start: number, end: number): void {
    const first = Math.floor(start / 512) * 512;
    const last = Math.ceil(end / 512) * 512;
    const apart = this.#edited.filter((range) => range.end < first || range.start > last);
    const joined = this.#edited.filter((range) => range.end >= first && range.start <= last);
    const from = Math.min(first, ...joined.map((range) => range.start));
    const to = Math.max(last, ...joined.map((range) => range.end));
    if (joined.length === 1 && joined[0]!.start === from && joined[0]!.end === to) return;
    this.#edited = [...apart, { start: from, end: to }];
  }

  /** True if anything in the page's 2 MiB region was edited. */
  isEdited(page: number): boolean {
    return this.#edited.some((range) => page >= range.start && page < range.end);
  }
}
