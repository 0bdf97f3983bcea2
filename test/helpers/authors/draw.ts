/**
 * What authors of traces write from: numbers that are the same in every run, addresses, ways to print them; and what they
 * say that a reader must have read. Nothing here is from src: authors are a second opinion.
 */

/** One access as `R 0x0000000000001000 8 0`, or an event as a plain value. */
export type Said = string | Readonly<Record<string, unknown>>;

/** A record as it stands in a file. */
export interface Written {
  /** A line without its break, or the bytes of a record. */
  readonly bytes: string | Uint8Array;
  /** What a reader has to say of it, in this order. */
  readonly says?: readonly Said[];
  /** What it is passed over as. */
  readonly passes?: string | readonly string[];
  /** It is wrong: to be reported once. */
  readonly bad?: boolean;
}

/** Writes the next record, which begins in line `line` (0: there are no lines). */
export type Author = (draw: Draw, line: number) => Written;

export interface AuthoredFormat {
  /** Records that come first, and always. */
  readonly head?: (draw: Draw) => readonly Written[];
  /** Records that come last, and always. */
  readonly tail?: readonly Written[];
  /** A new author, who has seen nothing. */
  readonly author: (head: readonly Written[]) => Author;
  /** Records that are wrong; each is one mistake and says nothing. */
  readonly bad: readonly (string | Uint8Array)[];
  /** Lines with breaks, which may be blank, too; null: bytes, one record behind the other. */
  readonly blanks: readonly string[] | null;
}

export const said = (op: string, va: bigint, size: number, vcpu: number = 0): string =>
  `${op} 0x${va.toString(16).padStart(16, '0')} ${size} ${vcpu}`;

/** 64 bits as two halves. */
export const halves = (value: bigint): { hi: number; lo: number } => ({
  hi: Number(value >> 32n),
  lo: Number(value & 0xffffffffn),
});

const TOP = 1n << 47n;
const KERNEL = 0xffff_8000_0000_0000n;

export class Draw {
  #state: number;

  /** Nothing that happens only at times happens: row after row of the plain kind. */
  readonly calm: boolean;

  constructor(seed: number, calm = false) {
    this.calm = calm;
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
  }

  /** A whole number from 0, below `below`. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) % below;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }

  /** True once in `times`; never in a calm trace. */
  once(times: number): boolean {
    return this.below(times) === 0 && !this.calm;
  }

  bits(count: number): bigint {
    const word = (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
    return word & ((1n << BigInt(count)) - 1n);
  }

  /** An address of any length with `size` canonical bytes from it: small, of a program, of the kernel, at either end. */
  address(size: number = 1): bigint {
    const room = BigInt(size);
    switch (this.below(8)) {
      case 0:
        return this.bits(4 * (1 + this.below(11)));
      case 1:
        return TOP - room;
      case 2:
        return this.pick([KERNEL, (1n << 64n) - room]);
      case 3:
        return KERNEL + this.bits(46);
      case 4:
        return 0xffff_ffffn - this.bits(3);
      default:
        return this.bits(46);
    }
  }

  page(): bigint {
    return (this.address(1 << 21) >> 12n) << 12n;
  }

  /** Bytes of an access: mostly few. */
  size(): number {
    return this.pick([1, 2, 4, 8, 16, 64, 10, 99, 100, 4096, 1_048_576, 1 + this.below(1_000_000)]);
  }

  /** In hexadecimal, behind one of the prefixes; upper case and leading zeros at times. */
  hex(value: bigint, prefixes: readonly string[]): string {
    const digits = value.toString(16);
    const cased = this.once(4) ? digits.toUpperCase() : digits;
    const prefix = this.calm ? (prefixes[0] ?? '') : this.pick(prefixes);
    return prefix + (this.once(4) ? cased.padStart(1 + this.below(16), '0') : cased);
  }

  blank(): string {
    return this.once(5) ? this.pick(['  ', '\t', ' \t ']) : ' ';
  }
}
