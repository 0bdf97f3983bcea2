/**
 * The lab: its TLB changes no number, phases are cut where the guest marks them, exits get their measured names.
 */
import { describe, expect, it } from 'vitest';
import { pageNumberOf } from '../../../src/arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_RW, TABLE_FLAGS } from '../../../src/arch/pte.js';
import { completeParams } from '../../../src/scenario/params.js';
import type { ScenarioHost } from '../../../src/scenario/scenario.js';
import { SUITES } from '../../../src/scenario/suites.js';
import { ExitLog } from '../../../src/validate/exits.js';
import { createLab, Lab } from '../../../src/validate/lab.js';
import { LAB_MODES, type LabSuite } from '../../../src/validate/modes.js';
import type { Phase } from '../../../src/validate/phase.js';

/** Runs a scenario on a fresh machine. */
function run(
  suiteName: LabSuite,
  scenario: string,
  given: Record<string, number | string>,
  mode: string,
  tlb: boolean,
): readonly Phase[] {
  const suite = SUITES.get(suiteName);
  const params = completeParams(suite.scenarios.get(scenario), given);
  const lab = createLab(suite, mode, params, tlb);
  const session = suite.boot(lab, params);
  lab.takePhases();
  session.run(scenario, params);
  return lab.takePhases();
}

describe('the TLB of the lab', () => {
  // Seeds, sizes and kinds that are in no data set.
  it.each([
    ['xen', 'fork_exit', { r: 2, pages: 48, cow: 5 }, 'shadow'],
    ['xen', 'mix', { seed: 77, steps: 150, spaces: 3 }, 'shadow'],
    ['xen', 'mix', { seed: 78, steps: 150, spaces: 3 }, 'shadow-nooos'],
    ['xen', 'demand_fault', { n: 40 }, 'hap'],
    ['kvm', 'fork-exit', { n: 600, m: 9, r: 2 }, 'shadow'],
    ['kvm', 'demand', { n: 300, cold: 1, m: 1, ptcold: 1 }, 'hap'],
    ['kvm', 'demand', { n: 300, cold: 1, m: 1, ptcold: 1 }, 'shadow'],
  ] as const)('changes no number: %s %s %o %s', { timeout: 60_000 }, (suite, scenario, params, mode) => {
    const phases = run(suite, scenario, params, mode, true);
    expect(phases).toEqual(run(suite, scenario, params, mode, false));
    // Not vacuous: something was counted.
    const seen = phases.reduce((sum, phase) => sum + phase.exits.total + phase.guestFaults, 0);
    expect(seen).toBeGreaterThan(0);
  });
});

const DIRECT_HI = 0xffff8800;
const ROOT = 0x100;
const LEAF = PTE_P | PTE_RW | PTE_A | PTE_D;
/** The first page that is mapped nowhere, and one that is. */
const [ABSENT, MAPPED] = [pageNumberOf(0x80, 0), pageNumberOf(0x80, 0x1000)];

const HOST: ScenarioHost = {
  ram: 0x4000,
  hugePages: false,
  populated: true,
  shadowLimit: 1000,
  directMapHi: DIRECT_HI,
  pcid: false,
  loaded: [],
};

/** A guest of four tables for slot 1 and a direct map of 2 MiB: gfn 0x100 + level. */
function smallLab(mode: string): Lab {
  const lab = new Lab({ suite: 'xen', mode: LAB_MODES.xen.get(mode), host: HOST, bootRoot: ROOT });
  const [l3, l2, l1, d3, d2, d1] = [1, 2, 3, 4, 5, 6].map((i) => ROOT + i) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  lab.setEntry(ROOT, 1, l3, TABLE_FLAGS);
  lab.setEntry(l3, 0, l2, TABLE_FLAGS);
  lab.setEntry(l2, 0, l1, TABLE_FLAGS);
  lab.setEntry(l1, 1, 0x181, LEAF);
  lab.setEntry(ROOT, 272, d3, TABLE_FLAGS);
  lab.setEntry(d3, 0, d2, TABLE_FLAGS);
  lab.setEntry(d2, 0, d1, TABLE_FLAGS);
  for (let i = 0; i < 512; i++) lab.setEntry(d1, i, i, LEAF);
  return lab;
}

describe('a lab', () => {
  it('counts what lies between two marks, and discards what is before a null', () => {
    const lab = smallLab('shadow');
    lab.write(MAPPED);
    lab.mark(null);
    lab.write(MAPPED);
    lab.mark('again');
    lab.loadCr3(ROOT);
    lab.mark('reload');
    // The page has its shadow entry: no exit. A CR3 load is one.
    const phases = lab.takePhases();
    expect(phases.map(({ phase, seq, exits }) => [phase, seq, exits.total])).toEqual([
      ['again', 0, 0],
      ['reload', 1, 1],
    ]);
    expect(phases[1]?.exits.byReason).toEqual({ CR3_WRITE: 1 });
    expect(lab.takePhases()).toEqual([]);
  });

  it('lets the handler of the guest run, then repeats the access', () => {
    const lab = smallLab('shadow');
    const seen: unknown[] = [];
    lab.onPageFault((page, present, write) => {
      seen.push([page, present, write]);
      lab.storeEntry(ROOT + 3, 0, 0x180, LEAF);
    });
    lab.mark(null);
    lab.write(ABSENT);
    lab.mark('region');
    expect(seen).toEqual([[ABSENT, false, true]]);
    // The guest's own fault (region:NPW), the first use of the direct map by the handler's store
    // (dm:NPW), the access again (region:NPW). L1 of the region has no shadow yet, so the store is free.
    const [phase] = lab.takePhases();
    expect(phase?.exits).toEqual({
      total: 3,
      byReason: { EXCP_PF: 3 },
      byClass: { 'dm:NPW': 1, 'region:NPW': 2 },
    });
    expect(phase?.guestFaults).toBe(1);
    // L3, L2, L1 of the region and of the direct map; the root's shadow was there.
    expect(phase?.shadowPages).toBe(6);
    expect(phase?.counters['calls to shadow_fault']).toBe(3);
  });

  it('sees no exit under HAP but those of CPUID and CR4', () => {
    const lab = smallLab('hap');
    lab.mark(null);
    lab.write(MAPPED);
    lab.cpuid();
    lab.togglePge();
    lab.mark('region');
    const [phase] = lab.takePhases();
    expect(phase?.exits).toEqual({
      total: 4,
      byReason: { CPUID: 1, CR4_READ: 1, CR4_WRITE: 2 },
      byClass: {},
    });
  });

  it('reads entries back, and nothing from a frame that never held one', () => {
    const lab = smallLab('shadow');
    expect(lab.loadEntry(ROOT + 3, 1)).toEqual({ frame: 0x181, flags: LEAF });
    expect(lab.loadEntry(0x1f0, 1)).toEqual({ frame: 0, flags: 0 });
    lab.storeData(0x1f0, 1, 7, PTE_P);
    expect(lab.loadEntry(0x1f0, 1)).toEqual({ frame: 7, flags: PTE_P });
  });
});

describe('names of exits', () => {
  it('follow the error code and the address under KVM', () => {
    let exits = 0;
    const log = new ExitLog('kvm', () => (exits += 1));
    log.exit('pf', 0x80, 0, 2, 'guest'); // guest fault on a workload page
    log.exit('pf', 0x80, 0, 2, 'fixup'); // its fill
    log.exit('pf', 0, 0x1000000, 3, 'unsync'); // a table becomes writable
    log.exit('pf', 0, 0x1000000, 3, 'emulate'); // a store to an upper table
    log.exit('pf', 0, 0x3000000, 2, 'fixup'); // the window
    log.fetching = true;
    log.exit('pf', 0, 0x100000, 0, 'fixup'); // code
    expect(
      log.take({ 'vmexit.total': 8, 'vmexit.pf': 6, 'vmexit.cr3_write': 1, 'vmexit.invlpg': 1 }),
    ).toEqual({
      total: 8,
      byReason: { 'EXCP_PF.10': 1, 'EXCP_PF.2': 3, 'EXCP_PF.3': 2, INVLPG: 1, WRITE_CR3: 1 },
      byClass: {
        cr3Write: 1,
        guestFault: 1,
        invlpg: 1,
        ptWriteEmulated: 1,
        ptWriteUnprotected: 1,
        shadowFill: 1,
        windowFill: 2,
      },
    });
    expect(exits).toBe(6);
  });

  it('carry EXITINFO1 of a nested fault: final address or walk, write, fetch, present', () => {
    const log = new ExitLog('kvm', () => {});
    for (const error of [2, 0, 3, 8]) log.exit('npf', 0, 5, error, null);
    log.fetching = true;
    log.exit('npf', 0, 5, 0, null);
    expect(log.take({ 'vmexit.total': 5, 'vmexit.npf': 5 })).toEqual({
      total: 5,
      byReason: {
        'NPF.100000004': 1,
        'NPF.100000006': 1,
        'NPF.100000007': 1,
        'NPF.100000014': 1,
        'NPF.200000006': 1,
      },
      byClass: { npf: 5 },
    });
  });

  it('are refused if the backend reports another number than it counts', () => {
    const log = new ExitLog('xen', () => {});
    log.exit('pf', 0x80, 0, 0, 'fixup');
    expect(() => log.take({ 'vmexit.total': 2, 'vmexit.pf': 2 })).toThrow(
      'the backend counted 2 faults and reported 1',
    );
  });
});
