/**
 * Accesses of a p2mtrace block to bytes: which slot each access follows, then which tokens are worth having.
 *
 * The choice is the writer's own (any is read back); it depends on the accesses of the block alone. A slot follows
 * one stream: an access near the end of the last one of a slot moves that slot; one near none takes over the slot
 * that was idle longest. Differences that come often become tokens of their own and take no payload.
 */
import type { AccessBatch } from '../access.js';
import { createBatch, OP_FETCH } from '../access.js';
import { ByteWriter } from './p2mtrace-bytes.js';
import { BLOCK_RECORDS, EXPLICIT, SLOTS, WHOLE_ADDRESS } from './p2mtrace-layout.js';

/** Slots that instruction fetches use; data accesses use the rest. */
const FETCH_SLOTS = 2;
/** Differences of so many bytes may become tokens. */
const TOKEN_DIFFERENCE_BYTES = 2;
/** Tokens without a difference of their own, at most. */
const PLAIN_TOKENS = 160;
/** Payload bytes that a token of its own must save; it costs about 5. */
const WORTHWHILE = 16;

/** Differences with tokens of their own fit 16 bits: the key is the plain token's index and the difference. */
const DIFFERENCES = 1 << 16;

export class AccessEncoder {
  readonly batch: AccessBatch = createBatch(BLOCK_RECORDS);
  /** What an access would need of a token: op, slot and length code as in the table, size above them. */
  readonly #kinds = new Int32Array(BLOCK_RECORDS);
  readonly #differences = new Int32Array(BLOCK_RECORDS);
  readonly #tokens = new Uint8Array(BLOCK_RECORDS);
  readonly #payload = new ByteWriter();
  readonly #slotHi = new Int32Array(SLOTS);
  readonly #slotLo = new Int32Array(SLOTS);
  /** Access that moved the slot last, from 1. */
  readonly #moved = new Int32Array(SLOTS);

  /** Writes the accesses of {@link batch} and empties it. */
  encode(out: ByteWriter): void {
    this.#follow();
    const tokens = chooseTokens(this.#kinds, this.#differences, this.batch.n);
    this.#tokenize(tokens);
    writeTable(tokens, out);
    this.#writeVcpus(out);
    this.#writeTokens(out);
    out.number(this.#payload.length);
    out.bytes(this.#payload.written);
    this.batch.n = 0;
  }

  /** Slot, length code and difference of every access. */
  #follow(): void {
    const { n, hi, lo, op, size } = this.batch;
    this.#slotHi.fill(0);
    this.#slotLo.fill(0);
    this.#moved.fill(0);
    for (let i = 0; i < n; i++) {
      const high = hi[i]! | 0;
      const low = lo[i]! | 0;
      const fetch = op[i] === OP_FETCH;
      const slot = this.#nearest(high, low, fetch ? 0 : FETCH_SLOTS, fetch ? FETCH_SLOTS : SLOTS);
      const code = this.#codeFor(slot, high, low);
      this.#differences[i] = code === WHOLE_ADDRESS ? 0 : low - this.#slotLo[slot]!;
      this.#kinds[i] = op[i]! | (slot << 2) | (code << 5) | (size[i]! << 8);
      const end = (low + size[i]!) | 0;
      this.#slotLo[slot] = end;
      this.#slotHi[slot] = high + ((low & ~end) >>> 31);
      this.#moved[slot] = i + 1;
    }
  }

  /** The slot in [from, to) with the shortest code: of near ones the last moved, of far ones the longest idle. */
  #nearest(hi: number, lo: number, from: number, to: number): number {
    let best = from;
    let bestCode = WHOLE_ADDRESS + 1;
    for (let slot = from; slot < to; slot++) {
      const code = this.#codeFor(slot, hi, lo);
      if (code > bestCode) continue;
      const later = this.#moved[slot]! > this.#moved[best]!;
      if (code < bestCode || later === code <= TOKEN_DIFFERENCE_BYTES) best = slot;
      bestCode = code;
    }
    return best;
  }

  #codeFor(slot: number, hi: number, lo: number): number {
    const base = this.#slotLo[slot]!;
    const low = (lo - base) | 0;
    const borrow = lo >>> 0 < base >>> 0 ? 1 : 0;
    if (((hi - this.#slotHi[slot]! - borrow) | 0) !== low >> 31) return WHOLE_ADDRESS;
    if (low === 0) return 0;
    const magnitude = low ^ (low >> 31);
    return magnitude < 0x80 ? 1 : magnitude < 0x8000 ? 2 : magnitude < 0x800000 ? 3 : 4;
  }

  #tokenize({ plain, special }: Tokens): void {
    const { n, hi, lo } = this.batch;
    this.#payload.clear();
    for (let i = 0; i < n; i++) {
      const kind = this.#kinds[i]!;
      const code = codeOf(kind);
      const difference = this.#differences[i]!;
      const own = special.get(specialKey(kind, difference));
      const token = own ?? plain.get(kind) ?? EXPLICIT;
      this.#tokens[i] = token;
      if (own !== undefined) continue;
      if (token === EXPLICIT) {
        this.#payload.byte(kind & 31);
        this.#payload.low(kind >>> 8, 4);
      }
      if (token !== EXPLICIT && code !== WHOLE_ADDRESS) {
        if (code > 0) this.#payload.low(difference, code);
        continue;
      }
      this.#payload.low(lo[i]! | 0, 4);
      this.#payload.low(hi[i]! | 0, 4);
    }
  }

  #writeVcpus(out: ByteWriter): void {
    const { n, vcpu } = this.batch;
    for (let from = 0; from < n;) {
      const to = runEnd(vcpu, from, n);
      out.number(to - from);
      out.byte(vcpu[from]!);
      from = to;
    }
  }

  /** As they are, or as runs if those are half as long at most. */
  #writeTokens(out: ByteWriter): void {
    const { n } = this.batch;
    const tokens = this.#tokens;
    let runs = 0;
    for (let from = 0; from < n; from = runEnd(tokens, from, n)) runs++;
    const asRuns = 4 * runs <= n;
    out.byte(asRuns ? 1 : 0);
    if (!asRuns) return out.bytes(tokens.subarray(0, n));
    for (let from = 0; from < n;) {
      const to = runEnd(tokens, from, n);
      out.byte(tokens[from]!);
      out.number(to - from);
      from = to;
    }
  }
}

function runEnd(column: Uint8Array, from: number, n: number): number {
  let to = from + 1;
  while (to < n && column[to] === column[from]) to++;
  return to;
}

/** Tokens by what they stand for. */
interface Tokens {
  /** By kind. */
  readonly plain: ReadonlyMap<number, number>;
  /** By {@link specialKey}: the difference is part of the token. */
  readonly special: ReadonlyMap<number, number>;
}

/** Kind and difference as one number below 2^45; -1 where the difference cannot be part of a token. */
function specialKey(kind: number, difference: number): number {
  const code = codeOf(kind);
  if (code === 0 || code > TOKEN_DIFFERENCE_BYTES) return -1;
  return kind * DIFFERENCES + (difference & (DIFFERENCES - 1));
}

/** The kinds there are, the most frequent first, and the differences that save most, within 255 tokens. */
function chooseTokens(kinds: Int32Array, differences: Int32Array, n: number): Tokens {
  const byKind = new Map<number, number>();
  const byDifference = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    const kind = kinds[i]!;
    byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
    const key = specialKey(kind, differences[i]!);
    if (key >= 0) byDifference.set(key, (byDifference.get(key) ?? 0) + 1);
  }
  const saved = [...byDifference].map(([key, count]): [number, number] => [key, count * codeOf(kindOf(key))]);
  const room = EXPLICIT - Math.min(byKind.size, PLAIN_TOKENS);
  const special = ranked(saved.filter(([, bytes]) => bytes >= WORTHWHILE)).slice(0, room);
  for (const key of special) {
    const kind = kindOf(key);
    byKind.set(kind, byKind.get(kind)! - byDifference.get(key)!);
  }
  const plain = ranked([...byKind].filter(([, count]) => count > 0)).slice(0, EXPLICIT - special.length);
  return {
    plain: new Map(plain.map((kind, i) => [kind, i])),
    special: new Map(special.map((key, i) => [key, plain.length + i])),
  };
}

/** Length code within a kind. */
function codeOf(kind: number): number {
  return (kind >>> 5) & 7;
}

function kindOf(key: number): number {
  return Math.floor(key / DIFFERENCES);
}

/** Keys by falling weight; the order of equal ones is that of the keys. */
function ranked(weights: readonly (readonly [number, number])[]): number[] {
  return weights.toSorted((a, b) => b[1] - a[1] || a[0] - b[0]).map(([key]) => key);
}

function writeTable({ plain, special }: Tokens, out: ByteWriter): void {
  out.number(plain.size + special.size);
  for (const kind of plain.keys()) {
    out.byte(kind & 255);
    out.number(kind >>> 8);
    if (codeOf(kind) === 0) out.number(0);
  }
  for (const key of special.keys()) {
    const kind = kindOf(key);
    const difference = (key << 16) >> 16;
    out.byte(kind & 31);
    out.number(kind >>> 8);
    out.number(((difference << 1) ^ (difference >> 31)) >>> 0);
  }
}
