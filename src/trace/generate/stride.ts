/** Stride: accesses at a fixed distance, modulo the footprint: one column of a matrix, or one field of records. */
import { footprint, count } from './common-params.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';

const MAX_STRIDE = 2 ** 40;

export const stride = {
  ...ONE_VCPU,
  name: 'stride',
  summary: 'accesses at a fixed distance, modulo the footprint',
  params: [
    {
      ...count('stride', 'bytes', [1, MAX_STRIDE], 4096, 'distance of one access from the last'),
      kind: 'size',
    },
    footprint(64 * 2 ** 20, 'addresses are taken modulo this'),
  ],
  refuse: (params) =>
    params.number('stride') < params.number('footprint') ? null : 'stride has to be less than footprint',
  *run(out, params) {
    const [base, bytes, step] = [params.number('base'), params.number('footprint'), params.number('stride')];
    for (let at = 0; ; at = (at + step) % bytes) {
      while (out.full) yield;
      out.touch(base + at);
    }
  },
} satisfies TraceGenerator;
