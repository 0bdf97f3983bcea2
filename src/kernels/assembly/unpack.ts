/**
 * The loop of the p2mtrace decoder (trace/formats/p2mtrace-decode.ts), in AssemblyScript: the same accesses.
 *
 * JavaScript puts in the table of tokens, the tokens of a block and the bytes of its addresses, and takes the columns out.
 */

// Where things are; trace/formats/p2mtrace-kernel.ts has the same list. The table is that of p2mtrace-decode.ts.
const TABLE: usize = 1024;
const TOKENS: usize = 4096;
const OP: usize = 20480;
const HI: usize = 36864;
const LO: usize = 102400;
const SIZE: usize = 167936;
const PAYLOAD: usize = 233472;

const SIZES: usize = TABLE + 1024;
const SLOT_LO: usize = TABLE + 2048;
const SLOT_HI: usize = SLOT_LO + 32;
const CHANGED: usize = SLOT_HI + 32;

const EXPLICIT_BYTES: i32 = 13;
const UNDEFINED_BYTES: i32 = 15;
const MAX_ACCESS_BYTES: u32 = 1 << 20;

/** Decodes `count` accesses; returns how many bytes of addresses they take, or -1 for a token that is not defined. */
export function unpack(count: i32): i32 {
  let p: usize = PAYLOAD;
  let changed = load<i32>(CHANGED);
  for (let i = 0; i < count; i++) {
    const token = (<usize>load<u8>(TOKENS + i)) << 2;
    const form = load<i32>(TABLE + token);
    let slot = (<usize>((form >>> 5) & 7)) << 2;
    let op = (form >>> 13) & 3;
    let size = load<i32>(SIZES + token);
    let difference = form >> 16;
    if ((form & 1) != 0) {
      const length = (form >>> 1) & 15;
      if (length < 5) {
        const shift = form >>> 8;
        difference = (load<i32>(p) << shift) >> shift;
      } else {
        if (length == UNDEFINED_BYTES) return -1;
        if (length == EXPLICIT_BYTES) {
          const kind = <i32>load<u8>(p);
          slot = (<usize>((kind >>> 2) & 7)) << 2;
          op = kind & 3;
          size = load<i32>(p, 1);
        }
        const upper = load<i32>(p + length - 4);
        store<i32>(SLOT_LO + slot, load<i32>(p + length - 8));
        store<i32>(SLOT_HI + slot, upper);
        changed |= upper ^ (upper >> 1);
        if (<u32>(size - 1) >= MAX_ACCESS_BYTES) changed = -1;
      }
      p += length;
    }
    const base = load<i32>(SLOT_LO + slot);
    const lo = base + difference;
    const end = lo + size;
    let hi = load<i32>(SLOT_HI + slot);
    // Only where bit 31 changes can there be a carry or a borrow.
    if (((base ^ lo) | (lo ^ end)) < 0) {
      if ((base ^ lo) < 0 && (base ^ difference) < 0) hi += difference < 0 ? -1 : 1;
      const crosses = (lo & ~end) < 0;
      store<i32>(SLOT_HI + slot, hi + <i32>crosses);
      changed |= crosses ? -1 : hi ^ (hi >> 1);
    }
    store<i32>(SLOT_LO + slot, end);
    store<i32>(HI + (i << 2), hi);
    store<i32>(LO + (i << 2), lo);
    store<i32>(SIZE + (i << 2), size);
    store<u8>(OP + i, <u8>op);
  }
  store<i32>(CHANGED, changed);
  return <i32>(p - PAYLOAD);
}
