/**
 * Buffer pool: look-ups and updates of a database whose B-tree fills a pool of 8 KiB pages.
 *
 * A transaction goes from the root to a leaf that is chosen by popularity; in each page it reads the header and
 * searches the keys, in the leaf it reads a row, or updates it: then the page's header is written, too, and a record
 * goes to the log, a ring behind the pool. Tree pages lie in random frames of the pool, as after some time of use.
 */
import { footprint, skew, writes } from './common-params.js';
import type { Emitter } from './emitter.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';
import { Permutation } from './permutation.js';
import { ZipfDraw } from './zipf-draw.js';
import type { Prng } from '../../util/prng.js';

const PAGE = 8192;
const HEADER = 24;
/** Keys of an inner page, and rows of a leaf. */
const FANOUT = 200;
const KEY = 16;
const ROWS = 64;
const ROW = 96;
const LOG_BYTES = 16 * 2 ** 20;
const LOG_RECORD = 128;

/** Pages of each level, root first, that fill `pages`. */
export function treeLevels(pages: number): number[] {
  let leaves = Math.max(1, Math.floor((pages * (FANOUT - 1)) / FANOUT) - 4);
  for (;;) {
    const levels = [leaves];
    while (levels[0]! > 1) levels.unshift(Math.ceil(levels[0]! / FANOUT));
    const all = levels.reduce((sum, n) => sum + n, 0);
    if (all <= pages || leaves === 1) return levels;
    leaves -= 1;
  }
}

export const bufferPool = {
  ...ONE_VCPU,
  name: 'buffer-pool',
  summary: 'look-ups and updates in a B-tree that fills a pool of 8 KiB pages, and a log',
  omits: ['size'],
  params: [footprint(256 * 2 ** 20, 'the pool'), skew(0.8), writes(20, 'transactions that update their row')],
  *run(out, params, random) {
    const base = params.number('base');
    const pages = Math.floor(params.number('footprint') / PAGE);
    const levels = treeLevels(pages);
    const leaves = levels[levels.length - 1]!;
    const frame = new Permutation(pages, random);
    const [ranks, leafOf] = [new ZipfDraw(leaves, params.number('skew')), new Permutation(leaves, random)];
    const updates = params.number('writes') / 100;
    const log = base + pages * PAGE;
    for (let logged = 0; ;) {
      const leaf = leafOf.at(ranks.next(random) - 1);
      for (let level = 0, before = 0; level < levels.length; before += levels[level++]!) {
        const below = FANOUT ** (levels.length - 1 - level);
        const page = base + frame.at(before + Math.floor(leaf / below)) * PAGE;
        yield* search(out, random, page, level === levels.length - 1 ? ROWS : FANOUT);
        if (level < levels.length - 1) continue;
        const row = page + HEADER + ROWS * KEY + random.below(ROWS) * ROW;
        while (out.full) yield;
        if (random.unit() >= updates) {
          out.read(row, ROW);
          continue;
        }
        out.write(row, ROW);
        while (out.full) yield;
        out.write(page, HEADER);
        while (out.full) yield;
        out.write(log + logged, LOG_RECORD);
        logged = (logged + LOG_RECORD) % LOG_BYTES;
      }
    }
  },
} satisfies TraceGenerator;

/** Header, then halving: about log2 of the keys. */
function* search(out: Emitter, random: Prng, page: number, keys: number): Generator<void, void> {
  while (out.full) yield;
  out.read(page, HEADER);
  let [low, high] = [0, keys];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    while (out.full) yield;
    out.read(page + HEADER + middle * KEY, KEY);
    if (random.below(2) === 0) low = middle;
    else high = middle;
  }
}
