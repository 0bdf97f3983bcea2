/**
 * How one field of an event becomes bytes, by type, and what the type allows.
 *
 * Numbers, addresses and entries are 64-bit words; each is written as its difference (modulo 2^64, zigzag, LEB128)
 * to the last one of the same field of the same kind of event in the block: neighbours in a table cost a byte. The
 * reader refuses whatever the CSV reader would: machines rely on it.
 */
import type { PagingLevels } from '../../arch/address.js';
import { isCanonical, MAX_FRAMES } from '../../arch/address.js';
import type { Perm, Word64 } from '../event.js';
import { type ByteReader, type ByteWriter, ContentError, wholeNumber } from './p2mtrace-bytes.js';

/** Texts and last words of a block's events, so far. */
export class FieldState {
  /** By number of the field. */
  readonly hi: Int32Array;
  readonly lo: Int32Array;
  /** Texts of the block in the order of their first use; a text is written once. */
  readonly texts: string[] = [];
  readonly textNumbers = new Map<string, number>();

  constructor(fields: number) {
    this.hi = new Int32Array(fields);
    this.lo = new Int32Array(fields);
  }

  clear(): void {
    this.hi.fill(0);
    this.lo.fill(0);
    this.texts.length = 0;
    this.textNumbers.clear();
  }
}

export interface FieldOut {
  readonly bytes: ByteWriter;
  readonly state: FieldState;
}

export interface FieldIn {
  readonly bytes: ByteReader;
  readonly state: FieldState;
  readonly levels: PagingLevels;
}

/** A type of field; `field` is the number under which its last word is kept. */
export interface Codec<T> {
  write(out: FieldOut, value: T, field: number): void;
  read(input: FieldIn, field: number): T;
}

/** Writes a word as the difference to the last one of its field. */
export function writeWord({ bytes, state }: FieldOut, field: number, hi: number, lo: number): void {
  const low = (lo - state.lo[field]!) | 0;
  const borrow = lo >>> 0 < state.lo[field]! >>> 0 ? 1 : 0;
  const high = (hi - state.hi[field]! - borrow) | 0;
  state.hi[field] = hi;
  state.lo[field] = lo;
  const sign = high >> 31;
  bytes.word(((high << 1) | (low >>> 31)) ^ sign, (low << 1) ^ sign);
}

/** Reads a word into `state.hi[field]` and `state.lo[field]`. */
export function readWord({ bytes, state }: FieldIn, field: number): void {
  bytes.word();
  const sign = -(bytes.lo & 1);
  const low = ((bytes.lo >>> 1) | (bytes.hi << 31)) ^ sign;
  const high = (bytes.hi >>> 1) ^ sign;
  const sum = (state.lo[field]! >>> 0) + (low >>> 0);
  state.lo[field] = sum | 0;
  state.hi[field] = state.hi[field]! + high + (sum > 0xffffffff ? 1 : 0);
}

/** A whole number from `min` to `max`, below 2^53; `what` is for messages. */
export function numeric(what: string, min: number, max: number): Codec<number> {
  return {
    write: (out, value, field) => writeWord(out, field, Math.floor(value / 2 ** 32), value | 0),
    read: (input, field) => {
      readWord(input, field);
      return wholeNumber(input.state.hi[field]!, input.state.lo[field]!, what, min, max);
    },
  };
}

export const FRAME: Codec<number> = numeric('a frame number', 0, MAX_FRAMES - 1);

/** Any 64-bit word. */
export const WORD: Codec<Word64> = {
  write: (out, { hi, lo }, field) => writeWord(out, field, hi, lo),
  read: (input, field) => {
    readWord(input, field);
    return { hi: input.state.hi[field]! >>> 0, lo: input.state.lo[field]! >>> 0 };
  },
};

/** A canonical gVA. */
export const ADDRESS: Codec<Word64> = {
  write: WORD.write,
  read: (input, field) => {
    const va = WORD.read(input, field);
    if (isCanonical(va.hi, va.lo, input.levels)) return va;
    throw new ContentError('an address of an event is not canonical');
  },
};

/** A canonical gVA on a page border. */
export const PAGE_ADDRESS: Codec<Word64> = {
  write: WORD.write,
  read: (input, field) => {
    const va = ADDRESS.read(input, field);
    if ((va.lo & 4095) === 0) return va;
    throw new ContentError('a range of an event does not begin on a page border');
  },
};

/** A byte 0 for null, or a byte 1 and the value. */
export function optional<T>(codec: Codec<T>): Codec<T | null> {
  return {
    write: (out, value, field) => {
      out.bytes.byte(value === null ? 0 : 1);
      if (value !== null) codec.write(out, value, field);
    },
    read: (input, field) => (readChoice(input, 2) === 0 ? null : codec.read(input, field)),
  };
}

/** A byte: the place among `values`. */
export function oneOf<T>(...values: readonly T[]): Codec<T> {
  return {
    write: ({ bytes }, value) => bytes.byte(values.indexOf(value)),
    read: (input) => values[readChoice(input, values.length)]!,
  };
}

export const FLAG: Codec<boolean> = oneOf(false, true);

function readChoice({ bytes }: FieldIn, choices: number): number {
  const choice = bytes.byte();
  if (choice < choices) return choice;
  throw new ContentError(`a choice is ${choice}; expected 0 to ${choices - 1}`);
}

/** A byte: 1 for r, 2 for w, 4 for x, added up. */
export const RIGHTS: Codec<Perm> = {
  write: ({ bytes }, { read, write, exec }) => bytes.byte((read ? 1 : 0) + (write ? 2 : 0) + (exec ? 4 : 0)),
  read: (input) => {
    const bits = readChoice(input, 8);
    return { read: (bits & 1) !== 0, write: (bits & 2) !== 0, exec: (bits & 4) !== 0 };
  },
};

/** Its number among the block's texts; a new one has the next number, and follows. */
export const TEXT: Codec<string> = {
  write: ({ bytes, state }, text) => {
    const known = state.textNumbers.get(text);
    bytes.number(known ?? state.textNumbers.size);
    if (known !== undefined) return;
    state.textNumbers.set(text, state.textNumbers.size);
    bytes.text(text);
  },
  read: ({ bytes, state }) => {
    const number = bytes.number('the number of a text', state.texts.length);
    if (number === state.texts.length) state.texts.push(bytes.text('a text'));
    return state.texts[number]!;
  },
};

/** A text that is not empty. */
export const NAME: Codec<string> = {
  write: TEXT.write,
  read: (input, field) => {
    const text = TEXT.read(input, field);
    if (text !== '') return text;
    throw new ContentError('a name is empty');
  },
};
