/**
 * The bits of a table entry that the model keeps, in one byte beside the frame number.
 *
 * They sit where the hardware has them (SDM vol. 3, table 4-20), except G, which is bit 8 there and
 * takes the place of PWT here. NX, PAT, PWT and PCD are not kept.
 */
export const PTE_P = 0x01;
export const PTE_RW = 0x02;
export const PTE_US = 0x04;
/** Global (hardware bit 8). */
export const PTE_G = 0x08;
/** Software: a PROT_NONE mapping; the frame is remembered, P is clear. */
export const PTE_NONE = 0x10;
export const PTE_A = 0x20;
export const PTE_D = 0x40;
export const PTE_PS = 0x80;

/** Flags of an entry that points to a table, as Linux's _PAGE_TABLE. */
export const TABLE_FLAGS = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;

/** A frame number that no machine has: an entry with address bits beyond the model's range. */
export const NO_FRAME = 0x1fffffff;

/** Decodes a 64-bit entry value into (frame, flags). */
export function decodePte(hi: number, lo: number): { frame: number; flags: number } {
  const frame = (hi & 0x000fffff) * 0x100000 + (lo >>> 12);
  let flags = lo & (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_PS);
  if ((lo & 0x100) !== 0) flags |= PTE_G;
  return { frame: frame < NO_FRAME ? frame : NO_FRAME, flags };
}

/** The 64-bit value of an entry: the inverse of {@link decodePte}. */
export function encodePte(frame: number, flags: number): { hi: number; lo: number } {
  const bits = flags & (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_PS);
  const global = (flags & PTE_G) === 0 ? 0 : 0x100;
  return { hi: Math.floor(frame / 0x100000), lo: (((frame & 0xfffff) << 12) | global | bits) >>> 0 };
}
