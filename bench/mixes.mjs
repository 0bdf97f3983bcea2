/**
 * Accesses for the engine rows, seeded: files of 12-byte records (lo, hi, op | size << 8, little endian), which
 * reference.c, the naive replayer and p2msim all read.
 */
import { openTrace } from '../dist/index.js';

const READ = 0;
const WRITE = 1;
/** High half of the addresses: regions from 64 GiB on, as large programs have them. */
const HI = 0x10;

/** xorshift128: the same numbers everywhere. */
export class Random {
  #state = Int32Array.of(123456789, 362436069, 521288629, 88675123);

  /** 0 <= x < 1. */
  next() {
    const s = this.#state;
    const t = s[0] ^ (s[0] << 11);
    s.copyWithin(0, 1);
    s[3] = s[3] ^ (s[3] >>> 19) ^ t ^ (t >>> 8);
    return (s[3] >>> 0) / 2 ** 32;
  }
}

/** Ranks by Zipf's law with exponent 0.99 (Gray et al., SIGMOD 1994), scattered over `pages` (a power of two). */
function zipf(pages) {
  const theta = 0.99;
  let sum = 0;
  for (let i = 1; i <= pages; i++) sum += i ** -theta;
  const random = new Random();
  const alpha = 1 / (1 - theta);
  const eta = (1 - (2 / pages) ** (1 - theta)) / (1 - (1 + 0.5 ** theta) / sum);
  return () => {
    const u = random.next();
    const scaled = u * sum;
    const rank =
      scaled < 1 ? 0 : scaled < 1 + 0.5 ** theta ? 1 : Math.floor(pages * (eta * u - eta + 1) ** alpha);
    return Math.imul(rank, 0x9e3779b1) >>> (32 - Math.log2(pages));
  };
}

/** Page of access i, by mix. */
const PAGES = {
  /** Zipf over 1M pages: a third of the accesses hit a TLB. */
  zipf: () => zipf(2 ** 20),
  /** Uniform over 4M pages (16 GiB): nearly every access walks, and every table entry comes from memory. */
  uniform: () => {
    const random = new Random();
    return () => Math.floor(random.next() * 2 ** 22);
  },
  /** Three streams in turn, 64 bytes a step: what a vector triad does. */
  triad: () => (i) => ((i % 3) << 18) + (Math.floor(i / 3) >> 6),
  /** A row of one matrix against a column of another, 520 x 520 doubles: one page a step for the column. */
  matmul: () => (i) => {
    const step = i >> 1;
    const n = 520;
    const [row, column, k] = [Math.floor(step / (n * n)), Math.floor(step / n) % n, step % n];
    return i % 2 === 0 ? (8 * (row * n + k)) >> 12 : 4096 + ((8 * (k * n + column)) >> 12);
  },
};

export const MIXES = Object.keys(PAGES);

/** Records of a mix. */
export function mixRecords(name, n) {
  const pageOf = PAGES[name]();
  const records = new Uint32Array(3 * n);
  for (let i = 0; i < n; i++) {
    const page = pageOf(i);
    records[3 * i] = (page << 12) | ((i * 8) & 0xff8);
    records[3 * i + 1] = HI + (page >>> 20);
    records[3 * i + 2] = (i % 4 === 0 ? WRITE : READ) | (8 << 8);
  }
  return records;
}

/** Data records of a trace file, `n` of them, from the start again as often as it takes. */
export async function traceRecords(path, n) {
  const records = new Uint32Array(3 * n);
  for (let at = 0; at < n;) {
    const trace = await openTrace(path, { read: { onError: 'fail', maxErrors: 0 } });
    for await (const { accesses } of trace.chunks()) {
      for (let i = 0; i < accesses.n && at < n; i++) {
        if (accesses.op[i] === 2) continue; // fetches
        records[3 * at] = accesses.lo[i];
        records[3 * at + 1] = accesses.hi[i];
        records[3 * at + 2] = accesses.op[i] | (accesses.size[i] << 8);
        at += 1;
      }
      if (at >= n) break;
    }
  }
  return records;
}
