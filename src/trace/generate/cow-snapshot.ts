/**
 * Copy-on-write snapshot: an in-memory database that forks, as Redis does for a dump.
 *
 * The parent (vcpu 0) writes all pages once, then serves requests: pages by popularity. At each snapshot a
 * child is forked, which reads the whole footprint on vcpu 1 while the parent goes on; then it exits.
 */
import { count, footprint, noFork, skew, writes } from './common-params.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';
import { Permutation } from './permutation.js';
import { ZipfDraw } from './zipf-draw.js';

const PAGE = 4096;
const CHILD_VCPU = 1;

export const cowSnapshot = {
  ...ONE_VCPU,
  name: 'cow-snapshot',
  summary: 'a database that forks to dump itself while it serves requests',
  eventless: false,
  vcpus: () => 2,
  caution: (params) => noFork(params, params.number('pause')),
  params: [
    footprint(16 * 2 ** 20, 'data, all of it written before the first request'),
    count('pause', 'accesses', [0, 1e12], 100_000, 'accesses of the parent from one dump to the next'),
    count('reads', 'accesses', [1, 512], 8, 'accesses of the child to each page'),
    skew(0.99),
    writes(50, 'stores among the accesses of the parent'),
  ],
  *run(out, params, random) {
    const [base, pages] = [params.number('base'), params.number('footprint') / PAGE];
    const [ranks, scattered] = [new ZipfDraw(pages, params.number('skew')), new Permutation(pages, random)];
    const places = Math.floor(PAGE / out.size);
    const serve = (): void =>
      out.touch(base + scattered.at(ranks.next(random) - 1) * PAGE + random.below(places) * out.size);
    const reads = params.number('reads');
    out.mapLazily(base, pages * PAGE);
    for (let page = 0; page < pages; page++) {
      while (out.full) yield;
      out.write(base + page * PAGE);
    }
    for (let child = 1; ; child++) {
      for (let i = 0; i < params.number('pause'); i++) {
        while (out.full) yield;
        serve();
      }
      while (out.full) yield;
      out.event({ kind: 'fork', child: String(child) });
      out.event({ kind: 'switch', as: String(child), noflush: false }, CHILD_VCPU);
      for (let i = 0; i < pages * reads; i++) {
        while (out.full) yield;
        serve();
        while (out.full) yield;
        const offset = Math.floor(((i % reads) * PAGE) / reads / out.size) * out.size;
        out.read(base + Math.floor(i / reads) * PAGE + offset, out.size, CHILD_VCPU);
      }
      out.event({ kind: 'exit', as: null }, CHILD_VCPU);
    }
  },
} satisfies TraceGenerator;
