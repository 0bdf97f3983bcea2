/**
 * Mmap churn: an allocator that maps and unmaps: each step unmaps one of its areas, maps it anew and goes over it.
 *
 * Areas lie side by side in the footprint and are chosen at random.
 */
import { wordOf } from '../../arch/address.js';
import { count, footprint, writes } from './common-params.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';

const PAGE = 4096;

export const mmapChurn = {
  ...ONE_VCPU,
  name: 'mmap-churn',
  summary: 'areas that are unmapped, mapped anew and written, in random order',
  eventless: false,
  params: [
    footprint(16 * 2 ** 20, 'where the areas are'),
    writes(0, 'stores among the accesses of the second and later passes'),
    {
      ...count('area', 'bytes', [PAGE, 2 ** 40], 2 ** 18, 'bytes of an area'),
      kind: 'size',
      multiple: PAGE,
    },
    count(
      'passes',
      'times',
      [1, 1e6],
      2,
      'times that each page of a new area is accessed, the first time to write',
    ),
  ],
  refuse: (params) =>
    params.number('area') <= params.number('footprint') ? null : 'area has to be no more than footprint',
  *run(out, params, random) {
    const [base, area] = [params.number('base'), params.number('area')];
    const areas = Math.floor(params.number('footprint') / area);
    // Areas come into use in order: what is mapped is one number, however many there are.
    let used = 0;
    for (;;) {
      const fresh = used === 0 || (used < areas && random.below(2) === 0);
      const chosen = fresh ? used : random.below(used);
      const start = base + chosen * area;
      while (out.full) yield;
      if (fresh) used += 1;
      else out.event({ kind: 'unmap', va: wordOf(start), bytes: area });
      out.mapLazily(start, area);
      for (let pass = 0; pass < params.number('passes'); pass++) {
        for (let at = 0; at < area; at += PAGE) {
          while (out.full) yield;
          if (pass === 0) out.write(start + at);
          else out.touch(start + at);
        }
      }
    }
  },
} satisfies TraceGenerator;
