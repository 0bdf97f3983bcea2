/** Authors of binary formats, after the definitions of their tools; with address spaces where they have any. */
import { champsimRecord, cloudsuiteRecord, drmemtraceEntry as entry } from '../foreign-writers.js';
import { type AuthoredFormat, type Draw, type Said, said, type Written } from './draw.js';

/** Which process is an address space of which name, and the context switches. */
export class Spaces {
  #first: number | null = null;
  readonly #known = new Set<number>();
  readonly #on = new Map<number, string>();

  name(process: number): string {
    this.#first ??= process;
    this.#known.add(process);
    return process === this.#first ? '0' : `p${process}`;
  }

  knows(process: number): boolean {
    return this.#known.has(process);
  }

  enter(process: number, vcpu: number, line: number): Said[] {
    const as = this.name(process);
    if ((this.#on.get(vcpu) ?? '0') === as) return [];
    this.#on.set(vcpu, as);
    return [{ kind: 'switch', vcpu, line, as, noflush: false }];
  }
}

/** Up to `most` addresses at places of their own; 0 is none. */
const some = (draw: Draw, most: number): bigint[] =>
  Array.from({ length: draw.below(most + 1) }, () => (draw.once(5) ? 0n : draw.address()));

/** Programs have nothing mapped below this: formats without a header are recognised by it. */
const mapped = (va: bigint): bigint => (va === 0n || va >= 4096n ? va : va + 4096n);

function instruction(draw: Draw, loads: number, stores: number) {
  return {
    ip: 0x40_0000n + draw.bits(20),
    loads: some(draw, loads).map(mapped),
    stores: some(draw, stores).map(mapped),
  };
}

const says = ({ ip, loads, stores }: ReturnType<typeof instruction>): Said[] => [
  said('X', ip, 1),
  ...loads.filter((va) => va !== 0n).map((va) => said('R', va, 1)),
  ...stores.filter((va) => va !== 0n).map((va) => said('W', va, 1)),
];

/** `record` with one byte set. */
function withByte(record: Uint8Array, at: number, value: number): Uint8Array {
  const copy = record.slice();
  copy[at] = value;
  return copy;
}

const PLAIN = { ip: 0x401000n, loads: [0x7f0000001000n], stores: [0x7f0000002000n] };
/** Bytes 6 of an address make it no canonical one; 8 and 9 are flags. */
const wrongBytes = (record: Uint8Array, addresses: readonly number[]): Uint8Array[] => [
  ...addresses.map((field) => withByte(record, field + 6, 1)),
  withByte(record, 8, 2),
  withByte(record, 9, 2),
];

export const champsimAuthor: AuthoredFormat = {
  author: () => (draw) => {
    const one = instruction(draw, 4, 2);
    return { bytes: champsimRecord(one), says: says(one) };
  },
  bad: wrongBytes(champsimRecord(PLAIN), [0, 16, 24, 32, 40, 48, 56]),
  blanks: null,
};

export const cloudsuiteAuthor: AuthoredFormat = {
  author: () => {
    const spaces = new Spaces();
    return (draw) => {
      const one = instruction(draw, 4, 4);
      const space = draw.once(3) ? draw.pick([1, 2, 0x102, 0xffff]) : 7;
      return {
        bytes: cloudsuiteRecord({ ...one, space }),
        says: [...spaces.enter(space, 0, 0), ...says(one)],
      };
    };
  },
  bad: wrongBytes(cloudsuiteRecord(PLAIN), [0, 24, 32, 40, 48, 56, 64, 72, 80]),
  blanks: null,
};

/** A request: time, object, size, next access. */
function request(time: number, object: bigint, size: number, next: bigint): Buffer {
  const record = Buffer.alloc(24);
  record.writeUInt32LE(time, 0);
  record.writeBigUInt64LE(object, 4);
  record.writeUInt32LE(size, 12);
  record.writeBigInt64LE(next, 16);
  return record;
}

export const oracleGeneralAuthor: AuthoredFormat = {
  author: () => {
    let time = 0;
    return (draw) => {
      time += draw.below(3);
      const object = draw.bits(draw.pick([3, 20, 21, 33, 35]));
      const size = draw.pick([4096, 512, 1, 4095, 0]);
      const bytes = request(time, object, size, -1n);
      return size === 0
        ? { bytes, passes: 'requests of size 0' }
        : { bytes, says: [said('R', object << 12n, size)] };
    };
  },
  bad: [request(0, 1n << 35n, 8, -1n), request(0, 1n, 4097, -1n), request(0, (1n << 64n) - 1n, 1, -1n)],
  blanks: null,
};

const FETCHES = [10, 11, 12, 13, 14, 15, 16, 31, 48, 49];
const PREFETCHES = [2, 5, 9, 27, 32, 46];
const SILENT = [22, 23, 28, 47];

/** An author of a thread of drmemtrace, who remembers the last instruction and where the next one would be. */
function thread(): (draw: Draw) => Written {
  const spaces = new Spaces();
  // The process of the head.
  spaces.enter(99, 0, 0);
  let [last, next]: [bigint | null, bigint] = [null, 0n];
  const fetch = (type: number, va: bigint, size: number): Written => {
    [last, next] = [va, va + BigInt(size)];
    return { bytes: entry(type, size, va), says: [said('X', va, size)] };
  };
  const bundle = (draw: Draw): Written => {
    const lengths = Array.from({ length: draw.below(9) }, () => 1 + draw.below(15));
    const value = lengths.reduceRight((word, length) => (word << 8n) | BigInt(length), 0n);
    const fetched = lengths.map((length) => {
      [last, next] = [next, next + BigInt(length)];
      return said('X', last, length);
    });
    return { bytes: entry(17, lengths.length, value), says: fetched };
  };
  return (draw) => {
    const kind = draw.below(last === null ? 6 : 9);
    const code = 0x40_0000n + draw.bits(24);
    const size = draw.pick([1, 4, 8, 64, 4096, 65_535]);
    const va = draw.address(size);
    if (kind === 0) return fetch(draw.pick(FETCHES), code, 1 + draw.below(15));
    if (kind === 1) return { bytes: entry(draw.pick(PREFETCHES), 64, va), passes: 'prefetches' };
    if (kind === 2) return { bytes: entry(draw.pick([18, 19, 20, 21]), 0, va), passes: 'cache flushes' };
    if (kind === 3) return { bytes: entry(draw.pick(SILENT), draw.below(20), draw.bits(64)) };
    if (kind === 4) {
      const process = draw.pick([99, 100, 2 ** 33 + 5]);
      return { bytes: entry(24, 0, BigInt(process)), says: spaces.enter(process, 0, 0) };
    }
    if (kind === 6) return bundle(draw);
    if (kind === 7) return { bytes: entry(29, 2, code), passes: 'repetitions of an instruction' };
    if (kind === 8) {
      if (draw.once(2)) return fetch(30, code, 3);
      return { bytes: entry(30, 3, last!), passes: 'repetitions of an instruction' };
    }
    const op = draw.below(2);
    return { bytes: entry(op, size, va), says: [said('RW'[op]!, va, size)] };
  };
}

export const drmemtraceAuthor: AuthoredFormat = {
  head: () =>
    [entry(25, 0, 7n), entry(28, 12, 7n), entry(28, 9, 0x40n), entry(22, 0, 99n), entry(24, 0, 99n)].map(
      (bytes) => ({ bytes }),
    ),
  tail: [{ bytes: entry(26, 0, 0n) }],
  author: thread,
  bad: [
    entry(0, 8, 1n << 47n),
    entry(1, 2, (1n << 47n) - 1n),
    entry(0, 0, 4096n),
    entry(10, 0, 4096n),
    entry(25, 0, 7n),
    entry(50, 8, 4096n),
    entry(17, 9, 0x0101010101010101n),
    entry(65_535, 8, 4096n),
  ],
  blanks: null,
};
