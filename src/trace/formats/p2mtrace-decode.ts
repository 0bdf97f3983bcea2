/**
 * Accesses of a p2mtrace block, from its body straight into the columns of a batch.
 *
 * One token a access says operation, size, slot and how the address follows: the difference to where the slot's
 * last access ended, as a constant of the token or in 1 to 4 bytes of the payload column. Both columns are read
 * side by side in one loop without branches but for whole addresses: 6 ns a record and less.
 */
import type { AccessBatch } from '../access.js';
import type { PagingLevels } from '../../arch/address.js';
import { addBytes, canonicalShift, formatAddress, isCanonical } from '../../arch/address.js';
import { MAX_ACCESS_BYTES } from '../bytes.js';
import type { ByteReader } from './p2mtrace-bytes.js';
import { notAllCanonical } from '../bad-records.js';
import { ContentError } from './p2mtrace-bytes.js';
import { UnpackKernel } from './p2mtrace-kernel.js';
import { BLOCK_RECORDS, EXPLICIT, SLOTS, WHOLE_ADDRESS } from './p2mtrace-layout.js';

/**
 * A token as one word: bit 0: it has a payload; bits 1 to 4: payload bytes; 5 to 7: slot; 8 to 12: the shift that
 * leaves the payload; 13 and 14: operation; 16 to 31: the difference of a token without payload.
 */
const LENGTH_AT = 1;
const SLOT_AT = 5;
const SHIFT_AT = 8;
const OP_AT = 13;
const DIFFERENCE_AT = 16;

/**
 * One array for all that the loop looks up: each array more costs it three registers. Tokens, their sizes, where the
 * last access of each slot ended, and the upper halves that changed, each bit xor the next (of canonical addresses:
 * 0 from the sign bit up), or -1 if an access ends in other 4 GiB than it begins.
 */
const SIZE = 256;
const SLOT_LO = 512;
const SLOT_HI = SLOT_LO + SLOTS;
const CHANGED = SLOT_HI + SLOTS;
const TABLE_WORDS = CHANGED + 1;

/** Payload lengths beyond those of differences, up to 4. */
const WHOLE_BYTES = 8;
const EXPLICIT_BYTES = 13;
const UNDEFINED_BYTES = 15;

/** Bytes that the loop may read beyond a payload that is too short: then it fails after the loop. */
export const SLACK_BYTES = BLOCK_RECORDS * (1 + EXPLICIT_BYTES) + 8;

/** The body of a block; `view` is over `bytes`, which have {@link SLACK_BYTES} beyond `end`. */
export interface BodyBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export class AccessDecoder {
  readonly #levels: PagingLevels;
  readonly #vcpus: number;
  readonly #table = new Int32Array(TABLE_WORDS);

  /** The loop in WebAssembly, where there is any. */
  readonly #kernel: UnpackKernel | null;

  /** @param kernel null: in TypeScript */
  constructor(levels: PagingLevels, vcpus: number, kernel: UnpackKernel | null = UnpackKernel.start()) {
    this.#levels = levels;
    this.#kernel = kernel;
    this.#vcpus = vcpus;
  }

  /** Decodes `count` accesses into `batch` from `from` on (`batch.n` is left alone); `input` is then behind them. */
  decode(body: BodyBytes, input: ByteReader, count: number, batch: AccessBatch, from: number): void {
    this.#readTable(input);
    this.#readVcpus(input, count, batch, from);
    const tokens = this.#readTokens(body, input, count);
    const length = input.number('the length of the addresses', SLACK_BYTES);
    const start = input.at;
    input.bytes(length);
    this.#table.fill(0, SLOT_LO);
    const end =
      this.#kernel === null
        ? this.#readAddresses(body, tokens, start, count, batch, from)
        : this.#unpack(this.#kernel, body.bytes, tokens, count, start, length, batch, from);
    if (end !== start + length) {
      throw new ContentError(end < 0 ? 'a token is not defined' : 'tokens and addresses do not fit together');
    }
    if (this.#table[CHANGED]! >>> canonicalShift(this.#levels) !== 0)
      this.#checkAddresses(batch, from, count);
  }

  #readTable(input: ByteReader): void {
    this.#table.fill((UNDEFINED_BYTES << LENGTH_AT) | 1, 0, SIZE);
    this.#table[EXPLICIT] = (EXPLICIT_BYTES << LENGTH_AT) | 1;
    const entries = input.number('the number of tokens', EXPLICIT);
    for (let token = 0; token < entries; token++) {
      const kind = input.byte();
      this.#table[SIZE + token] = checkedSize(input.number('a size'));
      this.#table[token] =
        ((kind & 3) << OP_AT) | (((kind >>> 2) & 7) << SLOT_AT) | follow(kind >>> 5, input);
    }
  }

  #readVcpus(input: ByteReader, count: number, { vcpu }: AccessBatch, from: number): void {
    for (let done = 0; done < count;) {
      const run = input.number('a run of one vcpu', count - done);
      const id = input.byte();
      if (id >= this.#vcpus) throw new ContentError(`vcpu is ${id}; expected 0 to ${this.#vcpus - 1}`);
      if (run === 0) throw new ContentError('a run of one vcpu is empty');
      vcpu.fill(id, from + done, from + done + run);
      done += run;
    }
  }

  /** Where in the body the tokens are, one a byte: runs are written out in the slack. */
  #readTokens({ bytes }: BodyBytes, input: ByteReader, count: number): number {
    const form = input.byte();
    if (form > 1) throw new ContentError(`the form of the tokens is ${form}; expected 0 or 1`);
    if (form === 0) {
      input.bytes(count);
      return input.at - count;
    }
    const start = bytes.length - count;
    for (let done = start; done < bytes.length;) {
      const token = input.byte();
      const run = input.number('a run of one token', bytes.length - done);
      if (run === 0) throw new ContentError('a run of one token is empty');
      bytes.fill(token, done, done + run);
      done += run;
    }
    return start;
  }

  /** {@link #readAddresses} by the kernel. */
  #unpack(
    kernel: UnpackKernel,
    bytes: Uint8Array,
    tokens: number,
    count: number,
    start: number,
    length: number,
    batch: AccessBatch,
    from: number,
  ): number {
    const addresses = bytes.subarray(start, start + length);
    const taken = kernel.unpack(this.#table, bytes.subarray(tokens, tokens + count), addresses, batch, from);
    return taken < 0 ? taken : start + taken;
  }

  /** The loop. Returns where the payload ended, or -1 for a token that is not defined. */
  #readAddresses(
    { view }: BodyBytes,
    tokens: number,
    payload: number,
    count: number,
    { hi: his, lo: los, op: ops, size: sizes }: AccessBatch,
    from: number,
  ): number {
    const table = this.#table;
    let p = payload;
    for (let i = 0; i < count; i++) {
      const token = view.getUint8(tokens + i);
      const form = table[token]!;
      let slot = (form >>> SLOT_AT) & 7;
      let op = (form >>> OP_AT) & 3;
      let size = table[SIZE + token]!;
      let difference = form >> DIFFERENCE_AT;
      if ((form & 1) !== 0) {
        const length = (form >>> LENGTH_AT) & 15;
        if (length < 5) {
          const shift = form >>> SHIFT_AT;
          difference = (view.getInt32(p, true) << shift) >> shift;
        } else {
          if (length === UNDEFINED_BYTES) return -1;
          if (length === EXPLICIT_BYTES) {
            slot = (view.getUint8(p) >>> 2) & 7;
            op = view.getUint8(p) & 3;
            size = view.getInt32(p + 1, true);
          }
          const hi = view.getInt32(p + length - 4, true);
          table[SLOT_LO + slot] = view.getInt32(p + length - 8, true);
          table[SLOT_HI + slot] = hi;
          table[CHANGED] = table[CHANGED]! | (hi ^ (hi >> 1)) | oddSize(size);
        }
        p += length;
      }
      const base = table[SLOT_LO + slot]!;
      const lo = (base + difference) | 0;
      const end = (lo + size) | 0;
      let hi = table[SLOT_HI + slot]!;
      // Only where bit 31 changes can there be a carry or a borrow.
      if (((base ^ lo) | (lo ^ end)) < 0) {
        if ((base ^ lo) < 0 && (base ^ difference) < 0) hi = (hi + (difference < 0 ? -1 : 1)) | 0;
        const crosses = (lo & ~end) < 0;
        table[SLOT_HI + slot] = hi + (crosses ? 1 : 0);
        table[CHANGED] = table[CHANGED]! | (crosses ? -1 : hi ^ (hi >> 1));
      }
      table[SLOT_LO + slot] = end;
      his[from + i] = hi;
      los[from + i] = lo;
      ops[from + i] = op;
      sizes[from + i] = size;
    }
    return p;
  }

  /** Looks again, one by one: throws for the first access that is not all canonical. */
  #checkAddresses({ hi: his, lo: los, size: sizes }: AccessBatch, from: number, count: number): void {
    for (let i = from; i < from + count; i++) {
      const hi = his[i]! | 0;
      const lo = los[i]!;
      checkedSize(sizes[i]!);
      const last = addBytes(hi, lo, sizes[i]! - 1);
      const whole =
        last !== null && last.hi >> 31 === hi >> 31 && isCanonical(last.hi, last.lo, this.#levels);
      if (whole && isCanonical(hi, lo, this.#levels)) continue;
      const width = this.#levels === 4 ? 48 : 57;
      throw new ContentError(notAllCanonical(sizes[i]!, formatAddress(hi, lo), width));
    }
  }
}

/** How the address of a token follows: payload, or a difference of 16 bits. */
function follow(code: number, input: ByteReader): number {
  if (code === WHOLE_ADDRESS) return (WHOLE_BYTES << LENGTH_AT) | 1;
  if (code > WHOLE_ADDRESS) throw new ContentError(`a token has length code ${code}`);
  if (code > 0) return ((32 - 8 * code) << SHIFT_AT) | (code << LENGTH_AT) | 1;
  const zigzag = input.number('the difference of a token', 0xffff);
  return ((zigzag >>> 1) ^ -(zigzag & 1)) << DIFFERENCE_AT;
}

/** -1 for a size that no access has. */
function oddSize(size: number): number {
  return size < 1 || size > MAX_ACCESS_BYTES ? -1 : 0;
}

function checkedSize(size: number): number {
  if (size >= 1 && size <= MAX_ACCESS_BYTES) return size;
  throw new ContentError(`an access has ${size} bytes; expected 1 to ${MAX_ACCESS_BYTES}`);
}
