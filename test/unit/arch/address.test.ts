import { describe, expect, it } from 'vitest';
import {
  addBytes,
  addressOfVpn,
  formatAddress,
  isCanonical,
  parseHex,
  vpnOf,
} from '../../../src/arch/address.js';

describe('addresses', () => {
  it('reads hexadecimal with and without 0x, in either case, up to 16 digits', () => {
    expect(parseHex('0x7f3a1c2d5e10')).toEqual({ hi: 0x7f3a, lo: 0x1c2d5e10 });
    expect(parseHex('FFFF888000001fff')).toEqual({ hi: 0xffff8880, lo: 0x1fff });
    expect(parseHex('0')).toEqual({ hi: 0, lo: 0 });
    expect(parseHex('0x123456789')).toEqual({ hi: 1, lo: 0x23456789 });
  });

  it('refuses everything else', () => {
    for (const text of ['', '0x', '12g4', ' 10', '-1', '0x0x10', '11112222333344445', '1_000']) {
      expect(parseHex(text), text).toBeNull();
    }
  });

  it('tells addresses apart that a double cannot', () => {
    const [a, b] = ['0xffff888000001fff', '0xffff888000001ffe'];
    expect(Number(a)).toBe(Number(b));
    expect(parseHex(a)).not.toEqual(parseHex(b));
  });

  it('prints 16 digits, and signed halves like unsigned ones', () => {
    expect(formatAddress(0x7f3a, 0x1c2d5e10)).toBe('0x00007f3a1c2d5e10');
    expect(formatAddress(-1, -4096)).toBe('0xfffffffffffff000');
  });

  it('draws the 48-bit border between 0x00007fff_ffffffff and 0xffff8000_00000000', () => {
    expect(isCanonical(0x7fff, 0xffffffff, 4)).toBe(true);
    expect(isCanonical(0x8000, 0, 4)).toBe(false);
    expect(isCanonical(0xffff7fff, 0xffffffff, 4)).toBe(false);
    expect(isCanonical(0xffff8000, 0, 4)).toBe(true);
  });

  it('draws the 57-bit border between 0x00ffffff_ffffffff and 0xff000000_00000000', () => {
    expect(isCanonical(0x00ffffff, 0xffffffff, 5)).toBe(true);
    expect(isCanonical(0x01000000, 0, 5)).toBe(false);
    expect(isCanonical(0xfeffffff, 0xffffffff, 5)).toBe(false);
    expect(isCanonical(0xff000000, 0, 5)).toBe(true);
  });

  it('keeps the largest page number exact', () => {
    expect(vpnOf(0xffffffff, 0xffffffff)).toBe(2 ** 52 - 1);
    expect(addressOfVpn(2 ** 52 - 1)).toEqual({ hi: 0xffffffff, lo: 0xfffff000 });
    expect(vpnOf(-1, -1)).toBe(2 ** 52 - 1);
  });

  it('carries into the upper half, and stops at the end of the space', () => {
    expect(addBytes(1, 0xffffffff, 1)).toEqual({ hi: 2, lo: 0 });
    expect(addBytes(0xffffffff, 0xffffffff, 1)).toBeNull();
    expect(addBytes(0, 0, 2 ** 52)).toEqual({ hi: 2 ** 20, lo: 0 });
  });
});
