/**
 * Guest table entries as plain numbers: frame * 4096 + flags, and guest memory as arrays of them.
 *
 * The reference simulator is a second implementation of docs/model.md, kept slow and obvious. It
 * imports nothing from src but types, so that a mistake there cannot be copied here. Numbers such
 * as "(6.2)" in comments are the rules of docs/model.md.
 */
export const P = 0x1;
export const RW = 0x2;
export const US = 0x4;
/** Marks an entry that PROTECT none made not present (8.2). */
export const NONE = 0x10;
export const A = 0x20;
export const D = 0x40;
export const PS = 0x80;
export const G = 0x100;

export type SizeName = '4k' | '2m' | '1g';
export const SIZES: readonly SizeName[] = ['4k', '2m', '1g'];

/** 4 KiB pages in a leaf of a size: 1, 512 or 262,144. */
export function pagesOf(size: SizeName): number {
  return size === '4k' ? 1 : size === '2m' ? 512 : 262144;
}

export function leafLevel(size: SizeName): number {
  return size === '4k' ? 1 : size === '2m' ? 2 : 3;
}

export function sizeOfLevel(level: number): SizeName {
  return level === 1 ? '4k' : level === 2 ? '2m' : '1g';
}

export function smaller(a: SizeName, b: SizeName): SizeName {
  return SIZES.indexOf(a) < SIZES.indexOf(b) ? a : b;
}

export function has(entry: number, bit: number): boolean {
  return (entry & bit) !== 0;
}

export function plus(entry: number, bit: number): number {
  return has(entry, bit) ? entry : entry + bit;
}

export function minus(entry: number, bit: number): number {
  return has(entry, bit) ? entry - bit : entry;
}

export function gfnOf(entry: number): number {
  return Math.floor(entry / 4096);
}

export function make(gfn: number, flags: number): number {
  return gfn * 4096 + flags;
}

/** A leaf maps a page: every level-1 entry, and a PS entry at level 2 or 3 (words, 4). */
export function isLeaf(entry: number, level: number): boolean {
  return level === 1 || (level <= 3 && has(entry, PS));
}

/** index(vpn, level) of docs/model.md; a vpn has up to 52 bits, so no bit operators. */
export function indexAt(vpn: number, level: number): number {
  return Math.floor(vpn / 512 ** (level - 1)) % 512;
}

/** Bit 63 of the address: the high half of the address space. */
export function isHigh(vpn: number): boolean {
  return vpn >= 2 ** 51;
}

/** Machine frame behind a guest frame (5). */
export const MFN_OFFSET = 0x7a000;

/** Guest memory as far as table entries go: 512 numbers per frame, zero until stored. */
export class GuestMemory {
  #frames = new Map<number, number[]>();

  frame(gfn: number): number[] {
    let frame = this.#frames.get(gfn);
    if (frame === undefined) {
      frame = Array.from<number>({ length: 512 }).fill(0);
      this.#frames.set(gfn, frame);
    }
    return frame;
  }

  read(gfn: number, index: number): number {
    return this.#frames.get(gfn)?.[index] ?? 0;
  }

  write(gfn: number, index: number, value: number): void {
    this.frame(gfn)[index] = value;
  }
}

/** Who makes an access: the trace, or the guest kernel (1.2). Also the prefix of its counters. */
export type Origin = '' | 'kernel.';

/** Counters by dotted key; a key that was never raised is missing. */
export class Counts {
  #values = { '': new Map<string, number>(), 'kernel.': new Map<string, number>() };

  add(key: string, by = 1): void {
    this.addFor('', key, by);
  }

  addFor(origin: Origin, key: string, by = 1): void {
    const values = this.#values[origin];
    values.set(key, (values.get(key) ?? 0) + by);
  }

  reset(): void {
    this.#values = { '': new Map(), 'kernel.': new Map() };
  }

  all(): Record<string, number> {
    const result: Record<string, number> = {};
    for (const origin of ['', 'kernel.'] as const) {
      for (const [key, value] of this.#values[origin]) result[origin + key] = value;
    }
    return result;
  }
}
