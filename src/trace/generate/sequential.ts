/** Sequential: one access after the other over the footprint, from its beginning again at its end. */
import { ONE_VCPU, type TraceGenerator } from './generator.js';

export const sequential = {
  ...ONE_VCPU,
  name: 'sequential',
  summary: 'one access after the other, over the footprint again and again',
  params: [],
  *run(out, params) {
    const base = params.number('base');
    const places = Math.floor(params.number('footprint') / out.size);
    for (let i = 0; ; i = i + 1 === places ? 0 : i + 1) {
      while (out.full) yield;
      out.touch(base + i * out.size);
    }
  },
} satisfies TraceGenerator;
