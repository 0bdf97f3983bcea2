import { describe, expect, it } from 'vitest';
import { estimateCost } from '../../../src/cost/model.js';
import { DEFAULT_COST_TABLE, loadCostTable } from '../../../src/cost/table.js';
import type { Cost } from '../../../src/cost/types.js';

function cycles(cost: Cost, term: string): number | undefined {
  return cost.terms.find((t) => t.term === term)?.cycles;
}

describe('estimateCost', () => {
  it('costs nothing when nothing happened, and still lists every term', () => {
    const cost = estimateCost({}, DEFAULT_COST_TABLE);
    expect(cost.cycles).toBe(0);
    expect(cost.byGroup).toEqual({ tlb: 0, walk: 0, exit: 0, hypervisor: 0 });
    expect(cost.terms.map((term) => term.term)).toEqual(DEFAULT_COST_TABLE.rows.map((row) => row.term));
  });

  it('charges walk references by the cache that served them', () => {
    // 1 x 4 + 2 x 14 + 3 x 54 + 4 x 200 + 5 x 30 = 4 + 28 + 162 + 800 + 150
    const cost = estimateCost(
      { 'pte.l1': 1, 'pte.l2': 2, 'pte.llc': 3, 'pte.mem': 4, 'pte.flat': 5 },
      DEFAULT_COST_TABLE,
    );
    expect(cost.byGroup.walk).toBe(1144);
    expect(cost.cycles).toBe(1144);
  });

  it('charges the guest kernel for its walks too', () => {
    const cost = estimateCost({ 'pte.mem': 2, 'kernel.pte.mem': 3 }, DEFAULT_COST_TABLE);
    expect(cycles(cost, 'walk.ref.mem')).toBe(5 * 200);
  });

  it('charges one cycle per hit of any level of a walk cache, in both dimensions', () => {
    const cost = estimateCost(
      {
        'pwc.guest.l2.hit': 10,
        'pwc.guest.l4.hit': 1,
        'pwc.nested.l3.hit': 5,
        'kernel.pwc.nested.l2.hit': 2,
        'ntlb.hit': 7,
        'pwc.guest.miss': 99,
      },
      DEFAULT_COST_TABLE,
    );
    expect(cycles(cost, 'walk.pwc')).toBe(11);
    expect(cycles(cost, 'walk.npwc')).toBe(7);
    expect(cycles(cost, 'walk.ntlb')).toBe(7);
    expect(cost.cycles).toBe(25);
  });

  it('charges an exit its transition and its handler', () => {
    // A demand fault as Xen's shadow code sees it the first time: reflected, unsync, fix-up.
    // 3 x 1200 + 800 + 2500 + 2000
    const cost = estimateCost(
      {
        'vmexit.total': 3,
        'vmexit.pf': 3,
        'vmexit.pf.guest': 1,
        'vmexit.pf.unsync': 1,
        'vmexit.pf.fixup': 1,
      },
      DEFAULT_COST_TABLE,
    );
    expect(cost.byGroup).toEqual({ tlb: 0, walk: 0, exit: 8900, hypervisor: 0 });
  });

  it('charges CPUID, port I/O and hypercalls the transition only', () => {
    const cost = estimateCost(
      { 'vmexit.total': 3, 'vmexit.cpuid': 1, 'vmexit.io': 1, 'vmexit.vmcall': 1 },
      DEFAULT_COST_TABLE,
    );
    expect(cost.cycles).toBe(3 * 1200);
  });

  it('gives a range: what nobody has published may be half or twice as much', () => {
    // 10 references from memory at a published 200 = 2000; 3 transitions at an assumed 1200 = 3600.
    const cost = estimateCost({ 'pte.mem': 10, 'vmexit.total': 3 }, DEFAULT_COST_TABLE);
    expect([cost.low, cost.cycles, cost.high]).toEqual([2000 + 1800, 2000 + 3600, 2000 + 7200]);
  });

  it('keeps work that grows with tables apart from exits', () => {
    // CR3 write with 2 resyncs: 1200 + 1500, then 2 x 1500; a search through 3 shadows: 3 x 512 x 2;
    // 31 prefetched entries: 31 x 40; 2 freed pages: 2 x 300.
    const cost = estimateCost(
      {
        'vmexit.total': 1,
        'vmexit.cr3_write': 1,
        'shadow.resync': 2,
        'shadow.bf_entries': 1536,
        'shadow.prefetch': 31,
        'shadow.free': 2,
      },
      DEFAULT_COST_TABLE,
    );
    expect(cost.byGroup.exit).toBe(2700);
    expect(cost.byGroup.hypervisor).toBe(3000 + 3072 + 1240 + 600);
  });

  it('charges emulated stores by path', () => {
    const cost = estimateCost({ 'shadow.emulate': 2, 'shadow.emulate_fast': 3 }, DEFAULT_COST_TABLE);
    expect(cost.byGroup.exit).toBe(2 * 3500 + 3 * 2500);
  });

  it('uses the cycles of a replaced table', () => {
    const table = loadCostTable({ schema: 'p2msim.cost/1', rows: { 'tlb.stlb': { cycles: 12 } } }, 'f');
    expect(estimateCost({ 'tlb.stlb.hit': 3, 'kernel.tlb.stlb.hit': 1 }, table).byGroup.tlb).toBe(48);
  });
});
