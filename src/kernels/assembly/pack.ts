/**
 * The column maker's loop (mmu/packer.ts), in AssemblyScript: the same keys, the same records stripped.
 *
 * JavaScript puts records into the columns below, calls {@link begin} and {@link pack} for each block of them, and takes
 * keys and origins out. A region that is not at hand is asked for: `region` of mmu/page-ids.ts.
 */

declare function region(hi: i32, lo: i32): i32;

// Where things are; mmu/pack-kernel.ts has the same list.
const RESULTS: usize = 1024;
/** By slot, as in packer.ts: the page used last with its marks, and its upper half. */
const LAST: usize = 1280;
const LAST_BYTES: usize = 256;
const KEYS: usize = 4096;
const ORIGINS: usize = 8192;
const OP: usize = 16384;
const HI: usize = 32768;
const LO: usize = 98304;
const SIZE: usize = 163840;
/** Regions at hand, 16 bytes each: gVA >> 21 (low half), upper half, space, and region << 11 as it is in a key. */
const NEAR: usize = 229376;
const NEAR_SHIFT: i32 = 32 - 13;
const NEAR_MIX: i32 = <i32>0x9e3779b1;

const PAGE: i32 = ~0xfff;
const UPPER: u64 = (<u64>0xffffffff) << 32;
/** In a slot, besides the page: something is there; a store to it went before (bit 0). */
const VALID: i32 = 2;
/** 1 in each byte. */
const ONES: u64 = ((<u64>0x01010101) << 32) | 0x01010101;

/** Forgets what was accessed last. */
export function forget(): void {
  memory.fill(LAST, 0, LAST_BYTES);
}

/** Begins a block of the records [from, to): counts its stores and its fetches into the first two results. */
export function begin(from: i32, to: i32): void {
  forget();
  let stores: i32 = 0;
  let fetches: i32 = 0;
  let i = from;
  for (; i + 8 <= to; i += 8) {
    const ops = load<u64>(OP + i);
    stores += <i32>popcnt<u64>(ops & ONES);
    fetches += <i32>popcnt<u64>((ops >> 1) & ~ops & ONES);
  }
  for (; i < to; i++) {
    const op = <i32>load<u8>(OP + i);
    stores += op & 1;
    fetches += (op >> 1) & ~op & 1;
  }
  store<i32>(RESULTS, stores);
  store<i32>(RESULTS, fetches, 4);
}

/**
 * Packs records [from, to), the first of which is record `base` + `from` of the batch, up to one that crosses a page border; returns
 * that one, or `to`. Third and fourth result: keys, and fetches among them.
 * @param marks -1 to strip, 0 to keep everything
 */
export function pack(from: i32, to: i32, base: i32, space: i32, marks: i32, setMask: i32): i32 {
  let n: usize = 0;
  let keptFetches: i32 = 0;
  const marked = <u64>(<i64>marks);
  let i = from;
  for (; i < to; i++) {
    const lo = load<i32>(LO + (i << 2));
    const hi = load<i32>(HI + (i << 2));
    const op = <i32>load<u8>(OP + i);
    if ((lo & 0xfff) + load<i32>(SIZE + (i << 2)) > 0x1000) break;
    const isStore = op & 1;
    const fetch = (op >> 1) & ~op & 1;
    const slot = LAST + ((<usize>((fetch << 4) | ((lo >>> 12) & setMask))) << 3);
    const page = (<u64>(<u32>((lo & PAGE) | VALID | isStore))) | ((<u64>hi) << 32);
    // The page that was accessed last in the set, and if this is a store, stored to.
    const wanted = UPPER | (<u64>(<u32>(PAGE | VALID | isStore)));
    if (((load<u64>(slot) ^ page) & wanted) == 0) continue;
    const number = lo >>> 21;
    const tag = (<u64>(<u32>number)) | ((<u64>hi) << 32);
    const near = NEAR + ((<usize>(((number ^ (hi << 11)) * NEAR_MIX) >>> NEAR_SHIFT)) << 4);
    if (load<u64>(near) != tag || load<i32>(near, 8) != space) {
      const found = region(hi, lo);
      store<u64>(near, tag);
      store<i32>(near, space, 8);
      store<i32>(near, found << 11, 12);
    }
    store<i32>(KEYS + n, load<i32>(near, 12) | ((lo >>> 10) & 0x7fc) | isStore);
    store<i32>(ORIGINS + n, ((base + i) << 1) | fetch);
    n += 4;
    keptFetches += fetch;
    store<u64>(slot, page & marked);
  }
  store<i32>(RESULTS, <i32>(n >> 2), 8);
  store<i32>(RESULTS, keptFetches, 12);
  return i;
}
