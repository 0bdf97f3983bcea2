/**
 * Pointer chase: a linked list through every node of the footprint in random order, followed round and round.
 *
 * The order is a permutation, so that every node is visited once before any is visited again.
 */
import { count } from './common-params.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';
import { Permutation } from './permutation.js';

export const pointerChase = {
  ...ONE_VCPU,
  name: 'pointer-chase',
  summary: 'a linked list through all nodes of the footprint in random order',
  params: [
    {
      ...count('node', 'bytes', [8, 2 ** 21], 64, 'bytes from one node to the next in memory'),
      kind: 'size',
    },
  ],
  *run(out, params, random) {
    const [base, node] = [params.number('base'), params.number('node')];
    const nodes = Math.max(1, Math.floor(params.number('footprint') / node));
    const order = new Permutation(nodes, random);
    for (let i = 0; ; i = i + 1 === nodes ? 0 : i + 1) {
      while (out.full) yield;
      out.touch(base + order.at(i) * node);
    }
  },
} satisfies TraceGenerator;
