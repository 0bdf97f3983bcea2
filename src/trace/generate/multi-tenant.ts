/**
 * Multi-tenant: processes that take turns on one or more vcpus, each with memory of its own at the same addresses.
 *
 * Tenant t runs on vcpu t modulo vcpus; on each the next one comes after a quantum of accesses. Vcpus take
 * turns access by access. A tenant's pages are chosen by popularity.
 */
import { count, footprint, skew, writes } from './common-params.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';
import { Permutation } from './permutation.js';
import { ZipfDraw } from './zipf-draw.js';

const PAGE = 4096;

export const multiTenant = {
  ...ONE_VCPU,
  name: 'multi-tenant',
  summary: 'processes that take turns on vcpus, each with pages by popularity',
  eventless: false,
  vcpus: (params) => params.number('vcpus'),
  params: [
    count('tenants', 'processes', [1, 10_000], 4, 'processes'),
    count(
      'quantum',
      'accesses',
      [1, 1e12],
      10_000,
      'accesses of a process from one context switch to the next',
    ),
    count('vcpus', 'vcpus', [1, 64], 1, 'virtual CPUs'),
    footprint(16 * 2 ** 20, 'memory of each process'),
    skew(0.8),
    writes(30),
  ],
  refuse: (params) =>
    params.number('vcpus') <= params.number('tenants') ? null : 'vcpus has to be no more than tenants',
  *run(out, params, random) {
    const [base, pages] = [params.number('base'), params.number('footprint') / PAGE];
    const [tenants, vcpus, quantum] = [
      params.number('tenants'),
      params.number('vcpus'),
      params.number('quantum'),
    ];
    const [ranks, scattered] = [new ZipfDraw(pages, params.number('skew')), new Permutation(pages, random)];
    const places = Math.floor(PAGE / out.size);
    for (let turn = 0; ; turn++) {
      for (let vcpu = 0; vcpu < vcpus; vcpu++) {
        const here = Math.ceil((tenants - vcpu) / vcpus);
        const tenant = vcpu + vcpus * (turn % here);
        // Every vcpu begins in address space 0, and a switch to where it is would be none.
        const stays = turn === 0 ? tenant === 0 : here === 1;
        if (!stays) out.event({ kind: 'switch', as: String(tenant), noflush: false }, vcpu);
      }
      for (let i = 0; i < quantum; i++) {
        for (let vcpu = 0; vcpu < vcpus; vcpu++) {
          while (out.full) yield;
          const page = scattered.at(ranks.next(random) - 1);
          out.touch(base + page * PAGE + random.below(places) * out.size, vcpu);
        }
      }
    }
  },
} satisfies TraceGenerator;
