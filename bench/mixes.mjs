/**
 * Address mixes: seeded generators of records, and what they are written as.
 *
 * `zipf`, `uniform` and `triad` are the mixes of the engine rows; `matmul` and `gups` stand in for programs of that
 * kind where no trace of them is at hand. Same name, length and seed: same bytes.
 */

/**
 * One access per index. `lo` holds bits 31..0 of the address, `hi` bits 43..32.
 *
 * @typedef {object} Records
 * @property {number} n
 * @property {Int32Array} hi
 * @property {Int32Array} lo
 * @property {Uint8Array} op 0 read, 1 write, 2 fetch, 3 modify
 * @property {Uint8Array} size
 */

const READ = 0;
const WRITE = 1;
const MODIFY = 3;

/** Pages of the data of a mix begin here: 64 GiB. */
const BASE_PAGE = 0x1000000;

/** @param {number} n @returns {Records} */
export function emptyRecords(n) {
  return {
    n,
    hi: new Int32Array(n),
    lo: new Int32Array(n),
    op: new Uint8Array(n),
    size: new Uint8Array(n).fill(8),
  };
}

/** A seeded source of int32 (xorshift, period 2^32 - 1). @param {number} seed */
export function random(seed) {
  let x = seed | 0 || 1;
  /** @returns {number} */
  const next = () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
  for (let i = 0; i < 16; i++) next();
  return next;
}

/** @param {Records} records @param {number} i @param {number} address offset in bytes from the base */
function place(records, i, address) {
  const page = BASE_PAGE + Math.floor(address / 4096);
  records.hi[i] = page >>> 20;
  records.lo[i] = (page << 12) | (address & 0xff8);
}

/** Zipf with exponent 0.99 over 2^20 pages in random order: two thirds of the accesses miss a TLB of 1,536 entries. */
/** @param {number} n @param {number} seed */
function zipf(n, seed) {
  const pages = 2 ** 20;
  const next = random(seed);
  const order = shuffled(pages, next);
  const below = new Float64Array(pages);
  let total = 0;
  for (let rank = 0; rank < pages; rank++) below[rank] = total += 1 / (rank + 1) ** 0.99;
  const records = emptyRecords(n);
  for (let i = 0; i < n; i++) {
    const wanted = (next() / 2 ** 32) * total;
    let low = 0;
    let high = pages - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (below[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    place(records, i, order[low] * 4096 + (next() & 0xff8));
    records.op[i] = next() >>> 30 === 0 ? WRITE : READ;
  }
  return records;
}

/** @param {number} n @param {() => number} next */
function shuffled(n, next) {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = next() % (i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

/** Every access to any of 2^22 pages (16 GiB) alike. */
/** @param {number} n @param {number} seed */
function uniform(n, seed) {
  const next = random(seed);
  const records = emptyRecords(n);
  for (let i = 0; i < n; i++) {
    place(records, i, (next() >>> 10) * 4096 + (next() & 0xff8));
    records.op[i] = next() >>> 30 === 0 ? WRITE : READ;
  }
  return records;
}

/** a[i] = b[i] + s * c[i] in steps of a cache line: three streams over 341 MiB each. */
/** @param {number} n */
function triad(n) {
  const stream = 1 << 30;
  const records = emptyRecords(n);
  for (let i = 0; i < n; i++) {
    const which = i % 3;
    place(records, i, which * stream + (Math.floor(i / 3) % (stream / 192)) * 64);
    records.op[i] = which === 2 ? WRITE : READ;
  }
  return records;
}

/** The naive product of two 520 x 520 matrices of doubles: b is walked by column, a page a step. */
/** @param {number} n */
function matmul(n) {
  const order = 520;
  const matrix = order * order * 8;
  const records = emptyRecords(n);
  let at = 0;
  /** @param {number} address @param {number} op */
  const access = (address, op) => {
    if (at === n) return;
    place(records, at, address);
    records.op[at++] = op;
  };
  for (let i = 0; at < n; i = (i + 1) % order) {
    for (let j = 0; j < order && at < n; j++) {
      for (let k = 0; k < order; k++) {
        access((i * order + k) * 8, READ);
        access(matrix + (k * order + j) * 8, READ);
      }
      access(2 * matrix + (i * order + j) * 8, WRITE);
    }
  }
  return records;
}

/** Random updates of 8 bytes over 256 MiB, each one read-modify-write. */
/** @param {number} n @param {number} seed */
function gups(n, seed) {
  const next = random(seed);
  const records = emptyRecords(n);
  for (let i = 0; i < n; i++) place(records, i, next() & 0xffffff8);
  records.op.fill(MODIFY);
  return records;
}

/** @type {Readonly<Record<string, (n: number, seed: number) => Records>>} */
export const MIXES = { zipf, uniform, triad, matmul, gups };

/** The first `n` records of the mix called `name`. @param {string} name @param {number} n @param {number} [seed] */
export function generate(name, n, seed = 1) {
  const mix = MIXES[name];
  if (mix === undefined) throw new Error(`no mix is called ${name}`);
  return mix(n, seed);
}

/** As the references read them (reference/reference.h): one page access each. @param {Records} records */
export function toBinary({ n, hi, lo, op, size }) {
  const words = new Int32Array(4 * n);
  let at = 0;
  for (let i = 0; i < n; i++) {
    const kind = op[i] << 28;
    const low = lo[i];
    const high = hi[i];
    words[at++] = low;
    words[at++] = high | kind;
    if ((low & 0xfff) + size[i] <= 4096) continue;
    const next = (low | 0xfff) + 1;
    words[at++] = next;
    words[at++] = ((next | 0) === 0 ? high + 1 : high) | kind;
  }
  return words.subarray(0, at);
}

const KINDS = [' L ', ' S ', 'I  ', ' M '];

/** As valgrind's lackey writes them, in pieces of text. @param {Records} records */
export function* toLackey({ n, hi, lo, op, size }) {
  for (let from = 0; from < n; from += 65536) {
    let text = '';
    for (let i = from; i < Math.min(n, from + 65536); i++) {
      const address = hi[i] * 2 ** 32 + (lo[i] >>> 0);
      text += `${KINDS[op[i]]}${address.toString(16).padStart(8, '0')},${size[i]}\n`;
    }
    yield text;
  }
}

const OPS = ['R', 'W', 'X', 'M'];

/** As p2msim CSV with the columns `op,va`. @param {Records} records */
export function* toCsv({ n, hi, lo, op }) {
  yield 'op,va\n';
  for (let from = 0; from < n; from += 65536) {
    let text = '';
    for (let i = from; i < Math.min(n, from + 65536); i++) {
      const address = hi[i] * 2 ** 32 + (lo[i] >>> 0);
      text += `${OPS[op[i]]},0x${address.toString(16)}\n`;
    }
    yield text;
  }
}
