import { describe, expect, it } from 'vitest';
import {
  decodePte,
  NO_FRAME,
  PTE_A,
  PTE_D,
  PTE_G,
  PTE_NONE,
  PTE_P,
  PTE_PS,
  PTE_RW,
  PTE_US,
  TABLE_FLAGS,
} from '../../../src/arch/pte.js';

describe('entry bits', () => {
  it('are eight different ones', () => {
    const all = [PTE_P, PTE_RW, PTE_US, PTE_G, PTE_NONE, PTE_A, PTE_D, PTE_PS];
    expect(all.reduce((sum, bit) => sum + bit, 0)).toBe(0xff);
  });

  it('of a pointer to a table are 0x67, as in Linux', () => {
    expect(TABLE_FLAGS).toBe(0x67);
  });
});

describe('decoding an entry value', () => {
  it('splits frame and flags', () => {
    // 0x1234 << 12 | D A US RW P
    expect(decodePte(0, 0x1234067)).toEqual({ frame: 0x1234, flags: 0x67 });
  });

  it('takes G from bit 8 and drops PWT and PCD', () => {
    // Bits 8 (G), 4 (PCD), 3 (PWT), 0 (P).
    expect(decodePte(0, 0x119)).toEqual({ frame: 0, flags: PTE_P | PTE_G });
  });

  it('ignores NX and the software bits 52 to 62', () => {
    expect(decodePte(0xfff00000, 0x1001)).toEqual({ frame: 1, flags: PTE_P });
  });

  it('joins both halves of the frame', () => {
    // Frame bits above 20 are in the upper half: 2 << 20 | 5.
    expect(decodePte(2, 0x5001)).toEqual({ frame: 0x200005, flags: PTE_P });
  });

  it('gives a frame that no machine has for address bits beyond the model', () => {
    expect(decodePte(0x000fffff, 0xfffff001).frame).toBe(NO_FRAME);
  });
});
