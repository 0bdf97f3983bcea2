/**
 * Addresses of x86-64: hexadecimal text, canonical form, page numbers and table indices.
 *
 * A 64-bit address is two unsigned 32-bit halves (`hi`, `lo`): a double cannot hold it
 * (`Number('0xffff888000001fff') === Number('0xffff888000001ffe')`) and a BigInt is too slow. A page
 * number has at most 52 bits and is an exact double, used for decoding and printing only.
 *
 * Source: Intel SDM volume 1, 3.3.7.1 (canonical addressing), volume 3, 5.5 (4- and 5-level paging).
 * Not modelled: linear-address masking (LAM, UAI), 32-bit and PAE paging.
 */
import type { Brand } from '../util/brand.js';

/** Page number of a gVA, in 4 KiB units whatever the leaf size; at most 2^52 - 1. */
export type Vpn = Brand<number, 'Vpn'>;
/** Guest frame number: what the guest puts in its page tables, in 4 KiB units; below 2^40. */
export type Gfn = Brand<number, 'Gfn'>;
/** Machine frame number: what the hypervisor puts in its page tables, in 4 KiB units; below 2^40. */
export type Mfn = Brand<number, 'Mfn'>;

export const vpn = (n: number): Vpn => n as Vpn;
export const gfn = (n: number): Gfn => n as Gfn;
export const mfn = (n: number): Mfn => n as Mfn;

/** Two halves of a 64-bit word, each an unsigned 32-bit integer. */
export interface AddressHalves {
  readonly hi: number;
  readonly lo: number;
}

/** Levels of a guest's or host's page tables: 48-bit or 57-bit addresses. */
export type PagingLevels = 4 | 5;

export const PAGE_SHIFT = 12;
export const PAGE_BYTES = 4096;
/** Most frames that a 52-bit physical address can name. */
export const MAX_FRAMES = 2 ** 40;

const TWO_32 = 2 ** 32;

/** Reads 1 to 16 hexadecimal digits in either case, with or without `0x`; null for anything else. */
export function parseHex(text: string): AddressHalves | null {
  const first = text.startsWith('0x') || text.startsWith('0X') ? 2 : 0;
  const digits = text.length - first;
  if (digits < 1 || digits > 16) return null;
  let hi = 0;
  let lo = 0;
  for (let i = first; i < text.length; i++) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit < 0) return null;
    hi = (hi << 4) | (lo >>> 28);
    lo = (lo << 4) | digit;
  }
  return { hi: hi >>> 0, lo: lo >>> 0 };
}

/** Value of a hexadecimal digit by its character code; -1 for any other character. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** `0x00007f3a1c2d5e10`: always 16 digits. */
export function formatAddress(hi: number, lo: number): string {
  return `0x${hex32(hi)}${hex32(lo)}`;
}

function hex32(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0');
}

/**
 * Right shift of `hi`, as a signed integer, that leaves 0 or -1 for a canonical address: what
 * remains is the sign bit (47 or 56) and everything above it.
 */
export function canonicalShift(levels: PagingLevels): number {
  return levels === 4 ? 15 : 24;
}

/** True if all bits from the sign bit (47 with 4 levels, 56 with 5) up are equal. `lo` cannot matter. */
export function isCanonical(hi: number, _lo: number, levels: PagingLevels): boolean {
  const sign = hi >> canonicalShift(levels);
  return sign === 0 || sign === -1;
}

/** Page number of an address: exact, below 2^52. */
export function vpnOf(hi: number, lo: number): Vpn {
  return vpn((hi >>> 0) * 2 ** (32 - PAGE_SHIFT) + (lo >>> PAGE_SHIFT));
}

/** First address of a page. */
export function addressOfVpn(page: number): AddressHalves {
  const pagesPerHigh = 2 ** (32 - PAGE_SHIFT);
  return { hi: Math.floor(page / pagesPerHigh), lo: (page % pagesPerHigh) * PAGE_BYTES };
}

/** The address `bytes` (0 to 2^52) further on, or null beyond the end of the 64-bit space. */
export function addBytes(hi: number, lo: number, bytes: number): AddressHalves | null {
  const low = (lo >>> 0) + bytes;
  const high = (hi >>> 0) + Math.floor(low / TWO_32);
  return high < TWO_32 ? { hi: high, lo: low % TWO_32 } : null;
}

/** The halves of an address that is an exact double. */
export function wordOf(address: number): AddressHalves {
  return { hi: Math.floor(address / TWO_32), lo: address >>> 0 };
}
