/** Uniform: every place of the footprint is as likely as any other. */
import { ONE_VCPU, type TraceGenerator } from './generator.js';

export const uniform = {
  ...ONE_VCPU,
  name: 'uniform',
  summary: 'random accesses, every place as likely as any other',
  params: [],
  *run(out, params, random) {
    const base = params.number('base');
    const places = Math.floor(params.number('footprint') / out.size);
    for (;;) {
      while (out.full) yield;
      out.touch(base + random.below(places) * out.size);
    }
  },
} satisfies TraceGenerator;
