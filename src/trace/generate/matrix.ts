/**
 * Matrix: C += A x B of square matrices, stored row by row one after the other: plain, by rows, or by blocks.
 *
 * `ijk` walks down the columns of B, `ikj` along rows only, `blocked` is ijk in squares that fit a cache or a TLB.
 */
import { count } from './common-params.js';
import type { Emitter } from './emitter.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';
import type { GeneratorParams } from './params.js';

/** Rows of the largest matrices of which three fit the footprint. */
function rowsOf(params: GeneratorParams): number {
  return Math.floor(Math.sqrt(params.number('footprint') / 3 / params.number('size')));
}

/** One range of each index, [from, to). */
interface Ranges {
  readonly i: readonly [number, number];
  readonly j: readonly [number, number];
  readonly k: readonly [number, number];
}

export const matrix = {
  ...ONE_VCPU,
  name: 'matrix',
  summary: 'product of two square matrices: ijk, ikj or blocked',
  omits: ['writes'],
  params: [
    {
      name: 'order',
      kind: 'word',
      words: ['ijk', 'ikj', 'blocked'],
      fallback: 'ijk',
      meaning: 'order of the loops',
    },
    count('block', 'rows', [1, 65536], 32, 'rows and columns of a block, for order=blocked'),
  ],
  refuse: (params) => (rowsOf(params) > 0 ? null : 'three matrices of one row do not fit the footprint'),
  *run(out, params) {
    const n = rowsOf(params);
    const base = params.number('base');
    const order = params.word('order');
    const step = order === 'blocked' ? params.number('block') : n;
    for (;;) {
      for (let i = 0; i < n; i += step) {
        for (let j = 0; j < n; j += step) {
          for (let k = 0; k < n; k += step) {
            const range = (from: number): [number, number] => [from, Math.min(n, from + step)];
            yield* block(out, base, n, { i: range(i), j: range(j), k: range(k) }, order === 'ikj');
          }
        }
      }
    }
  },
} satisfies TraceGenerator;

function* block(
  out: Emitter,
  base: number,
  n: number,
  { i, j, k }: Ranges,
  alongRows: boolean,
): Generator<void, void> {
  const row = n * out.size;
  const [a, b, c] = [base, base + n * row, base + 2 * n * row];
  const [middle, inner] = alongRows ? [k, j] : [j, k];
  for (let x = i[0]; x < i[1]; x++) {
    for (let y = middle[0]; y < middle[1]; y++) {
      // What the inner loop does not move over stays in a register.
      while (out.full) yield;
      if (alongRows) out.read(a + x * row + y * out.size);
      else out.read(c + x * row + y * out.size);
      for (let z = inner[0]; z < inner[1]; z++) {
        while (out.full) yield;
        if (alongRows) out.read(b + y * row + z * out.size);
        else out.read(a + x * row + z * out.size);
        while (out.full) yield;
        if (alongRows) out.modify(c + x * row + z * out.size, out.size);
        else out.read(b + z * row + y * out.size);
      }
      while (out.full) yield;
      if (!alongRows) out.write(c + x * row + y * out.size);
    }
  }
}
