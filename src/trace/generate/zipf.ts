/** Zipf: pages by popularity, the popular ones scattered over the footprint or side by side. */
import { skew } from './common-params.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';
import { Permutation } from './permutation.js';
import { ZipfDraw } from './zipf-draw.js';

const PAGE = 4096;

export const zipf = {
  ...ONE_VCPU,
  name: 'zipf',
  summary: 'pages by popularity (Zipf), random places in them',
  params: [
    skew(0.99),
    {
      name: 'layout',
      kind: 'word',
      words: ['scattered', 'sorted'],
      fallback: 'scattered',
      meaning: 'popular pages anywhere in the footprint, or at its beginning',
    },
  ],
  *run(out, params, random) {
    const [base, pages] = [params.number('base'), params.number('footprint') / PAGE];
    const ranks = new ZipfDraw(pages, params.number('skew'));
    const places = Math.floor(PAGE / out.size);
    const scattered = params.word('layout') === 'scattered' ? new Permutation(pages, random) : null;
    for (;;) {
      while (out.full) yield;
      const rank = ranks.next(random) - 1;
      const page = scattered === null ? rank : scattered.at(rank);
      out.touch(base + page * PAGE + random.below(places) * out.size);
    }
  },
} satisfies TraceGenerator;
