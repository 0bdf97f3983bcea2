/**
 * GUPS: random updates of a table, the access pattern of HPC Challenge's RandomAccess.
 *
 * Each update is one instruction that loads and stores the same word. The benchmark's own generator of addresses (a
 * shift register over a power of two) is not reproduced: places are drawn evenly.
 */
import { ONE_VCPU, type TraceGenerator } from './generator.js';

export const gups = {
  ...ONE_VCPU,
  name: 'gups',
  summary: 'random updates of a table (RandomAccess): every access loads and stores',
  omits: ['writes'],
  params: [],
  *run(out, params, random) {
    const base = params.number('base');
    const words = Math.floor(params.number('footprint') / out.size);
    for (;;) {
      while (out.full) yield;
      out.modify(base + random.below(words) * out.size, out.size);
    }
  },
} satisfies TraceGenerator;
