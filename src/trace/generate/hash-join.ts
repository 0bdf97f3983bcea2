/**
 * Hash join: the rows of one table go into a hash table, then the rows of a larger one look up their partners.
 *
 * Build: a row is read in order, its bucket is updated. Probe: a row is read in order, the bucket of its key is
 * read. A row's bucket is random but fixed. Rows and buckets have 16 bytes; there are two buckets a built row.
 */
import { count } from './common-params.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';
import type { GeneratorParams } from './params.js';
import { Permutation } from './permutation.js';

const ROW = 16;
const BUCKETS_PER_ROW = 2;

/** Rows of the smaller table: both tables and the buckets fill the footprint. */
function builtRows(params: GeneratorParams): number {
  return Math.floor(params.number('footprint') / ROW / (1 + BUCKETS_PER_ROW + params.number('ratio')));
}

export const hashJoin = {
  ...ONE_VCPU,
  name: 'hash-join',
  summary: 'build a hash table from one table, look up the rows of a larger one in it',
  omits: ['writes', 'size'],
  params: [count('ratio', 'rows', [1, 100], 4, 'rows that are looked up for each row that is built in')],
  *run(out, params, random) {
    const base = params.number('base');
    const rows = builtRows(params);
    const probes = rows * params.number('ratio');
    const buckets = base + rows * ROW;
    const probed = buckets + rows * BUCKETS_PER_ROW * ROW;
    const bucketOf = new Permutation(rows * BUCKETS_PER_ROW, random);
    for (;;) {
      for (let row = 0; row < rows; row++) {
        while (out.full) yield;
        out.read(base + row * ROW, ROW);
        while (out.full) yield;
        out.modify(buckets + bucketOf.at(row) * ROW, ROW);
      }
      for (let row = 0; row < probes; row++) {
        while (out.full) yield;
        out.read(probed + row * ROW, ROW);
        while (out.full) yield;
        out.read(buckets + bucketOf.at(random.below(rows)) * ROW, ROW);
      }
    }
  },
} satisfies TraceGenerator;
